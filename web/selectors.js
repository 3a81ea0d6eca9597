// What the views ask of the state. Pure.

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./state.js').Entry} Entry
 * @typedef {import('./state.js').Utterance} Utterance
 */

/** An utterance of this session. @param {State} state @param {string} itemId @returns {Utterance|undefined} */
export function findUtterance(state, itemId) {
  for (let i = state.entries.length - 1; i >= 0; i -= 1) {
    const entry = state.entries[i];
    if (entry.epoch !== state.epoch) return undefined;
    if (entry.kind === 'utterance' && entry.itemId === itemId) return entry;
  }
  return undefined;
}

/** The answer that runs, if one does. @param {State} state */
export function runningAnswer(state) {
  const last = state.answers.at(-1);
  return last?.status === 'in_progress' ? last : undefined;
}

/** The last utterance of this session the server has decided about. @param {State} state */
export function lastHeard(state) {
  for (let i = state.entries.length - 1; i >= 0; i -= 1) {
    const entry = state.entries[i];
    if (entry.epoch !== state.epoch) return undefined;
    if (entry.kind === 'utterance' && entry.intent && entry.text) return entry;
  }
  return undefined;
}

/** Whether an entry belongs in the dictation column. @param {Entry} entry */
export function isInDictation(entry) {
  if (entry.kind !== 'utterance') return true;
  return entry.intent !== 'question' && entry.intent !== 'echo' && (entry.intent !== null || entry.error !== '');
}

/** Whether anything was dictated in this session, so that there are subtitles. @param {State} state */
export function hasDictation(state) {
  return state.entries.some((entry) => entry.kind === 'utterance' && entry.epoch === state.epoch
    && entry.intent === 'dictation' && Boolean(entry.text.trim()));
}

/** The report as plain text, by the rule of assistant/dictation/plain_text.py. @param {State} state */
export function transcript(state) {
  return (state.document?.sections ?? [])
    .map(({ title, runs }) => ({
      title: printable(title).split(SPACE).filter(Boolean).join(' '),
      text: trimmed(printable(runs.map((run) => run.text).join(''))),
    }))
    .filter(({ text }) => text)
    .map(({ title, text }) => (title ? `${title}:\n${text}` : text))
    .join('\n\n');
}

const SPACE = /[^\S\ufeff]+/u; // as Python's, to which U+FEFF is a character
const LINE_END = /\r\n?|[\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/gu;
const UNPRINTABLE = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/gu;

/** In characters that every file can hold; none is dropped. @param {string} text */
function printable(text) {
  return text.replace(LINE_END, '\n').replaceAll('\u001f', ' ').replaceAll('\u00ad', '-')
    .replace(UNPRINTABLE, (found) => `[U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`);
}

/** @param {string} text */
function trimmed(text) {
  return text.replace(/^[^\S\ufeff]+|[^\S\ufeff]+$/gu, '');
}

export const NO_LOSS = 'no loss';

/** What was lost of the audio, as words. @param {import('./protocol.js').AudioStatus|null} audio */
export function lossInWords(audio) {
  if (!audio) return '';
  const unit = audio.transport === 'webrtc' ? 'packets' : 'frames';
  const parts = [];
  if (audio.lost > 0) {
    parts.push(`lost ${audio.lost} of ${audio.received + audio.lost} ${unit}, ${audio.recovered ?? 0} recovered`);
  }
  if (audio.dropped_ms > 0) parts.push(`${(audio.dropped_ms / 1000).toFixed(1)} s lost: server too slow`);
  return parts.join(' · ') || NO_LOSS;
}

/** @typedef {{short: string, sentence: string}} LevelWords   beside the meter, and at the top of the page */

/** @type {Record<string, LevelWords>} */
const LEVELS = {
  silent: {
    short: 'No sound',
    sentence: 'No sound comes from the microphone. Check whether it is muted, by a switch on it or on its cable, or choose another one at the bottom.',
  },
  quiet: {
    short: 'Very quiet',
    sentence: 'The microphone is very quiet, and words may be lost. Move closer to it, or turn its level up in the settings of this computer.',
  },
  clipping: {
    short: 'Too loud',
    sentence: 'The microphone is too loud: its sound is cut off, and words may be wrong. Move away from it, or turn its level down in the settings of this computer.',
  },
  narrow: {
    short: 'Telephone sound',
    sentence: 'The microphone sends telephone sound (8 kHz), as Bluetooth headsets do: words will be wrong. Choose another one at the bottom, or connect the headset by its cable.',
  },
};

/** What is wrong with how loud the microphone is, if anything. @param {State} state @returns {LevelWords|null} */
export function levelInWords(state) {
  return state.microphone.state === 'on' ? wordsOfLevel(state.audio?.level ?? 'fine') : null;
}

/** @param {string} level  as the server names it @returns {LevelWords|null} null where nothing is wrong */
export function wordsOfLevel(level) {
  return LEVELS[level] ?? null;
}
