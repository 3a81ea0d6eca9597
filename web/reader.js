// Reads text aloud with the browser's speech synthesis, a sentence at a time. No DOM.
//
// `end` is never relied on: browsers forget it. A sentence that takes much longer than its length says is over.

import { spoken, wholeSentences } from './sentences.js';

const SLOWEST_CHARS_PER_S = 8;
const MARGIN_MS = 3_000;
const LONGEST_CHARS = 300; // of one utterance: some browsers break off longer ones

/**
 * @typedef {ReturnType<typeof setTimeout>} Timer
 * @typedef {object} Surroundings
 * @property {SpeechSynthesis} synthesis
 * @property {(text: string) => SpeechSynthesisUtterance} utterance
 * @property {(call: () => void, ms: number) => Timer} setTimer
 * @property {(timer: Timer|undefined) => void} clearTimer
 */

export class Reader {
  /**
   * @param {() => {voice: string, rate: number}} preferences
   * @param {(text: string|null) => void} onReading  the sentence that begins; null when nothing is read any more
   * @param {Partial<Surroundings>} [surroundings]
   */
  constructor(preferences, onReading, surroundings = {}) {
    this._preferences = preferences;
    this._onReading = onReading;
    this._synthesis = surroundings.synthesis ?? globalThis.speechSynthesis;
    this._utterance = surroundings.utterance ?? ((text) => new SpeechSynthesisUtterance(text));
    this._setTimer = surroundings.setTimer ?? ((call, ms) => setTimeout(call, ms));
    this._clearTimer = surroundings.clearTimer ?? ((timer) => clearTimeout(timer));
    /** @type {string[]} */
    this._sentences = []; // still to be read; the first is the one being read
    this._source = ''; // the answer that is followed
    this._taken = 0; // how much of its text is in `_sentences` or read
    this._stopped = ''; // the answer that is not to be read on
    this._hushed = false;
    this._reading = false;
    this._run = 0; // rises with every utterance: late events of an old one are nothing
    /** @type {Timer|undefined} */
    this._timer = undefined;
  }

  get isReading() {
    return this._reading || this._sentences.length > 0;
  }

  /** The browser's voices; often none before `voiceschanged`. @returns {SpeechSynthesisVoice[]} */
  voices() {
    return this._synthesis?.getVoices() ?? [];
  }

  /** Read on what has come of an answer. @param {{key: string, text: string, status: string}} answer */
  follow(answer) {
    if (answer.key === this._stopped) return;
    if (answer.key !== this._source) {
      this._forget();
      this._source = answer.key;
    }
    const done = answer.status !== 'in_progress';
    const until = done ? answer.text.length : wholeSentences(answer.text);
    if (until <= this._taken) return;
    this._queue(answer.text.slice(this._taken, until));
    this._taken = until;
    this._next();
  }

  /** Read this now, and nothing else. @param {string} text */
  say(text) {
    this.stop();
    this._queue(text);
    this._next();
  }

  /** Read nothing more of what is being read. */
  stop() {
    this._stopped = this._source;
    this._forget();
  }

  /** Somebody speaks: be quiet until `resume`, which begins the sentence again. */
  hush() {
    if (this._hushed) return;
    this._hushed = true;
    this._quiet();
  }

  resume() {
    if (!this._hushed) return;
    this._hushed = false;
    this._next();
  }

  /** @param {string} text */
  _queue(text) {
    let rest = text;
    while (rest) {
      const end = wholeSentences(rest) > 0 ? firstSentence(rest) : rest.length;
      for (const part of parts(aloud(rest.slice(0, end)))) this._sentences.push(part);
      rest = rest.slice(end);
    }
  }

  _next() {
    if (this._reading || this._hushed || !this._synthesis) return;
    const text = this._sentences[0];
    if (text === undefined) return;
    const { voice, rate } = this._preferences();
    const run = (this._run += 1);
    const utterance = this._utterance(text);
    const chosen = this.voices().find((each) => each.name === voice);
    if (chosen) {
      utterance.voice = chosen;
      utterance.lang = chosen.lang;
    } else {
      utterance.lang = 'en';
    }
    utterance.rate = rate;
    utterance.onend = () => this._over(run);
    utterance.onerror = () => this._over(run);
    this._reading = true;
    this._onReading(text);
    this._synthesis.speak(utterance);
    this._timer = this._setTimer(() => this._late(run), (1000 * text.length) / (SLOWEST_CHARS_PER_S * rate) + MARGIN_MS);
  }

  /** Nobody said that it ended. @param {number} run */
  _late(run) {
    if (run !== this._run) return;
    this._synthesis.cancel();
    this._over(run);
  }

  /** @param {number} run */
  _over(run) {
    if (run !== this._run || !this._reading) return;
    this._run += 1;
    this._clearTimer(this._timer);
    this._reading = false;
    this._sentences.shift();
    this._next();
    if (!this._reading) this._onReading(null);
  }

  _quiet() {
    this._run += 1;
    this._clearTimer(this._timer);
    if (!this._reading) return;
    this._reading = false;
    this._synthesis.cancel();
    this._onReading(null);
  }

  _forget() {
    this._sentences = [];
    this._source = '';
    this._taken = 0;
    this._hushed = false;
    this._quiet();
  }
}

/** Where the first sentence ends. @param {string} text */
function firstSentence(text) {
  let end = text.length;
  for (let length = 1; length < text.length; length += 1) {
    const found = wholeSentences(text.slice(0, length + 1));
    if (found > 0) {
      end = found;
      break;
    }
  }
  return end;
}

/** As it is read: no Markdown, no numbers of sources. @param {string} text */
function aloud(text) {
  return spoken(text.replace(/\s*\[\d{1,2}(?:\s*[,;]\s*\d{1,2})*\]/g, ''));
}

/** Long sentences in parts, cut at a comma or a space. @param {string} text */
function* parts(text) {
  let rest = text;
  while (rest.length > LONGEST_CHARS) {
    const head = rest.slice(0, LONGEST_CHARS);
    const cut = Math.max(head.lastIndexOf(', ') + 1, 0) || head.lastIndexOf(' ') || LONGEST_CHARS;
    yield rest.slice(0, cut).trim();
    rest = rest.slice(cut);
  }
  if (rest.trim()) yield rest.trim();
}
