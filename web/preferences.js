// What a person set for using the page hands-free; kept in this browser. Pure.

/**
 * @typedef {object} Preferences
 * @property {boolean} readAloud       answers are read aloud
 * @property {string} voice            its name; '' is the browser's choice
 * @property {number} rate             of speech, 0.5 to 2
 * @property {'off'|'assistant'|'own'} wake   with a word, only what begins with it is a question
 * @property {string} phrase           the own one
 * @property {string} talkKey          KeyboardEvent.code; '' is none
 * @property {'hold'|'toggle'} talk    how the key, and the pedal, turn the microphone on
 * @property {import('./state.js').Mode} mode   how speech is taken, in each new session too
 */

export const TALK_KEYS = { Space: 'Space', F8: 'F8', F9: 'F9', Insert: 'Insert', '': 'None' };
export const SLOWEST = 0.5;
export const FASTEST = 2;
const LONGEST_PHRASE = 60;

/** @type {Preferences} */
export const defaults = Object.freeze({
  readAloud: false, voice: '', rate: 1, wake: 'off', phrase: '', talkKey: 'Space', talk: 'hold', mode: 'auto',
});

/** What was stored, with the default wherever it makes no sense. @param {string|null} stored @returns {Preferences} */
export function parse(stored) {
  /** @type {{[name in keyof Preferences]?: unknown}} */
  let given = {};
  try {
    given = JSON.parse(stored ?? '{}') ?? {};
  } catch {
    // as if nothing was stored
  }
  return {
    readAloud: typeof given.readAloud === 'boolean' ? given.readAloud : defaults.readAloud,
    voice: typeof given.voice === 'string' ? given.voice : defaults.voice,
    rate: typeof given.rate === 'number' && Number.isFinite(given.rate) ? Math.min(FASTEST, Math.max(SLOWEST, given.rate)) : defaults.rate,
    wake: given.wake === 'assistant' || given.wake === 'own' ? given.wake : defaults.wake,
    phrase: typeof given.phrase === 'string' ? given.phrase.slice(0, LONGEST_PHRASE) : defaults.phrase,
    talkKey: typeof given.talkKey === 'string' && given.talkKey in TALK_KEYS ? /** @type {Preferences['talkKey']} */ (given.talkKey) : defaults.talkKey,
    mode: given.mode === 'dictation' || given.mode === 'question' ? given.mode : defaults.mode,
    talk: given.talk === 'hold' || given.talk === 'toggle' ? given.talk : defaults.talk,
  };
}

/** The phrase that the server is to wait for; '' is none. @param {Preferences} preferences */
export function wakePhrase({ wake, phrase }) {
  if (wake === 'assistant') return 'assistant';
  return wake === 'own' ? phrase.trim() : '';
}
