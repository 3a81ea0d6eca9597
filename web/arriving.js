// Whether the sound of the microphone arrives at the server: it says once a second what it has. Pure but for its timer.

/** Between two reports of the server is a second. */
export const TOLD_AFTER_MS = 2_000;
const REPORTED_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 500;

/**
 * @typedef {'webrtc'|'websocket'|null} Transport
 * @typedef {{now: () => number, repeat: (look: () => void, everyMs: number) => () => void}} Clock   `repeat` gives what ends it
 */

/** @type {Clock} */
const clockOfThePage = {
  now: () => performance.now(),
  repeat: (look, everyMs) => {
    const timer = setInterval(look, everyMs);
    return () => clearInterval(timer);
  },
};

/** Tells in words when sound has not arrived for two seconds, and '' when it does again. */
export class Arrival {
  /** @param {(words: string) => void} tell @param {Clock} [clock] */
  constructor(tell, clock = clockOfThePage) {
    this._tell = tell;
    this._clock = clock;
    this._told = '';
    this._received = -1;
    this._since = 0;
    /** @type {Transport} */
    this._transport = null;
    /** @type {(() => void)|null} */
    this._end = null;
  }

  /** The microphone is on, and its sound goes this way. @param {Transport} transport */
  began(transport) {
    if (transport !== this._transport || !this._end) this._received = -1; // counted anew
    this._transport = transport;
    if (this._end) return;
    this._since = this._clock.now();
    this._end = this._clock.repeat(() => this.look(), LOOK_EVERY_MS);
  }

  ended() {
    this._end?.();
    this._end = null;
    this._say('');
  }

  /** The server has so many packets or frames. @param {number} received */
  reported(received) {
    if (received === this._received) return;
    this._received = received;
    this._since = this._clock.now();
    this._say('');
  }

  look() {
    const waited = this._clock.now() - this._since - REPORTED_EVERY_MS;
    if (waited >= TOLD_AFTER_MS) this._say(this._transport === 'webrtc' ? LOST : KEPT);
  }

  /** @param {string} words */
  _say(words) {
    if (words === this._told) return;
    this._told = words;
    this._tell(words);
  }
}

const LOST = 'Your sound does not reach the server: what you say now may be lost. Wait until this goes away, then say it again.';
const KEPT = 'Your sound does not reach the server. What you say is kept for 20 seconds and sent when the way is free. What comes after that is lost.';
