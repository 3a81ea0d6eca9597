// Using the page without hands: what is read aloud and when, sleep, the talk key and the pedal. No DOM.

import { Pedals, hasPedals } from './pedals.js';
import { parse, wakePhrase } from './preferences.js';
import { Reader } from './reader.js';
import { transcript } from './selectors.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./preferences.js').Preferences} Preferences */

const KEY = 'assistant.handsfree';
const HOLD_TAIL_MS = 250; // the end of the last word, still on its way
const QUIET_MS = 900; // after somebody spoke

/**
 * @typedef {object} Line
 * @property {import('./events.js').Send} send
 * @property {{isWanted: boolean, start: () => unknown, stop: () => void}} microphone
 * @property {() => State} state
 * @property {() => void} stopAnswer
 */

export class HandsFree {
  /** @param {Line} line @param {Partial<import('./reader.js').Surroundings>} [surroundings] */
  constructor(line, surroundings = {}) {
    this._line = line;
    /** @type {Preferences} */
    this.preferences = parse(localStorage.getItem(KEY));
    this.reader = new Reader(() => this.preferences, (text) => this._told(text), surroundings);
    this._held = false; // the microphone is on as long as the key or the pedal is down
    this._speaking = false;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this._timer = undefined;
    /** @type {string|null} */
    this._answer = null; // the newest answer when the page began to look: it is not read
    /** @type {(names: string[]) => void} */
    this.onDevices = () => {};
    this.pedals = hasPedals() ? new Pedals({
      talk: (pressed) => this.talk(pressed), stop: () => this.stop(),
      readBack: () => this.readBack(), sleep: () => this.toggleSleep(),
    }, (names) => this.onDevices(names)) : null;
  }

  /** @param {Partial<Preferences>} change */
  prefer(change) {
    this.preferences = { ...this.preferences, ...change };
    localStorage.setItem(KEY, JSON.stringify(this.preferences));
    if ('wake' in change || 'phrase' in change) this._sendPhrase();
    if (change.readAloud === false) this.reader.stop();
  }

  /**
   * Server events, after the state has taken them.
   * @param {import('./events.js').PageEvent} event
   * @param {boolean} [again]  it is sent once more, after a lost connection
   */
  take(event, again = false) {
    const state = this._line.state();
    switch (event.type) {
      case 'session.created':
        if (wakePhrase(this.preferences) !== (event.session.wake_phrase ?? '')) this._sendPhrase();
        if (!event.resumed && this.preferences.mode !== (event.session.mode ?? 'auto')) {
          this._line.send({ type: 'assistant.mode.set', mode: this.preferences.mode });
        }
        if (this._speaking) this._quietSoon(); // that it ended was not heard
        break;
      case 'response.created':
        this._answer = `${state.epoch}:${event.response.id}`;
        break;
      case 'assistant.speech.stop':
        this.reader.stop();
        break;
      case 'assistant.command.done':
        if (event.command === 'read_back' && event.text && !again) this.reader.say(event.text);
        break;
      case 'assistant.transcript.partial':
        if ((event.stable + event.tentative).trim()) this._somebodySpeaks();
        break;
      case 'input_audio_buffer.speech_stopped':
      case 'input_audio_buffer.cleared':
        if (this._speaking) this._quietSoon();
        break;
      default:
    }
    this._readOn(state);
  }

  /** The talk key or the pedal. @param {boolean} pressed */
  talk(pressed) {
    const { microphone } = this._line;
    if (this.preferences.talk === 'toggle') {
      if (!pressed) return;
      if (microphone.isWanted) microphone.stop();
      else microphone.start();
    } else if (pressed) {
      if (microphone.isWanted) return;
      this._held = true;
      microphone.start();
    } else if (this._held) {
      this._held = false;
      setTimeout(() => microphone.stop(), HOLD_TAIL_MS);
    }
  }

  toggleSleep() {
    this._line.send({ type: 'assistant.attention.set', asleep: !this._line.state().asleep });
  }

  /** Stop what is read and what is answered. */
  stop() {
    this.reader.stop();
    this._line.stopAnswer();
  }

  /** The last paragraph of the report. */
  readBack() {
    const last = transcript(this._line.state()).trim().split(/\n+/).at(-1);
    if (last) this.reader.say(last);
  }

  /** @param {State} state */
  _readOn(state) {
    const answer = state.answers.at(-1);
    if (!answer || answer.key !== this._answer) return;
    if (answer.status === 'cancelled' || answer.status === 'failed') return this.reader.stop();
    if (this.preferences.readAloud) this.reader.follow(answer);
    return undefined;
  }

  _somebodySpeaks() {
    clearTimeout(this._timer);
    this._speaking = true;
    this.reader.hush();
  }

  _quietSoon() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      this._speaking = false;
      this.reader.resume();
    }, QUIET_MS);
  }

  /** @param {string|null} text */
  _told(text) {
    this._line.send({ type: 'assistant.speech.state', text });
  }

  _sendPhrase() {
    this._line.send({ type: 'session.update', session: { wake_phrase: wakePhrase(this.preferences) } });
  }
}
