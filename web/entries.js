// What was heard, in the order in which it was: (state, …) → state. Part of the reducer. Pure.

import { findUtterance } from './selectors.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./state.js').Gap} Gap
 * @typedef {import('./state.js').Utterance} Utterance
 */

/** @param {number} epoch @param {string} itemId @returns {Utterance} */
export function blankUtterance(epoch, itemId) {
  return {
    kind: 'utterance', key: `${epoch}:${itemId}`, epoch, itemId, text: '', before: '', at: '',
    startMs: 0, endMs: 0, intent: null, confidence: null, reason: '', corrected: false, doubtful: false, nearly: null, edited: false,
    unfinished: false, done: '', error: '', alsoHeard: '', words: [],
  };
}

/** @param {State} state @param {string} itemId @param {(line: State['live'][0]) => State['live'][0]} change */
export function updateLive(state, itemId, change) {
  const at = state.live.findIndex((each) => each.itemId === itemId);
  if (at >= 0) return { ...state, live: state.live.with(at, change(state.live[at])) };
  if (findUtterance(state, itemId)) return state; // its final is already here
  // Its words go where the cursor is now, wherever that is put meanwhile.
  const place = state.document ? { sectionId: state.document.cursor.section_id } : {};
  return { ...state, live: [...state.live, change({ itemId, ...place, stable: '', tentative: '' })] };
}

/** @param {State} state @param {string} itemId @returns {State} */
export function dropLive(state, itemId) {
  return { ...state, live: state.live.filter((each) => each.itemId !== itemId) };
}

/** @param {State} state @param {string} itemId @param {Partial<Utterance>} change @returns {State} */
export function changeUtterance(state, itemId, change) {
  const found = findUtterance(state, itemId);
  if (!found) return state;
  return { ...state, entries: state.entries.with(state.entries.lastIndexOf(found), { ...found, ...change }) };
}

/** @param {State} state @param {string} itemId @param {Partial<Utterance>} change @returns {State} */
export function putUtterance(state, itemId, change) {
  if (findUtterance(state, itemId)) return changeUtterance(state, itemId, change);
  return { ...state, entries: [...state.entries, { ...blankUtterance(state.epoch, itemId), ...change }] };
}

/** @param {State} state @param {import('./protocol.js').IntentEvent} event @returns {State} */
export function taken(state, event) {
  const whole = event.part_of ? findUtterance(state, event.part_of) : undefined;
  const when = whole ? { at: whole.at, startMs: whole.startMs, endMs: whole.endMs } : {};
  return putUtterance(state, event.item_id, {
    ...when, intent: event.intent, confidence: event.confidence, reason: event.reason, text: event.text,
    corrected: Boolean(event.corrected), doubtful: Boolean(event.doubtful), nearly: event.nearly ?? null,
  });
}

/** @param {State} state @param {import('./protocol.js').TranscriptCompleted} event @returns {State} */
export function completed(state, event) {
  const next = dropLive(state, event.item_id);
  if (!event.transcript.trim()) return next;
  return putUtterance(next, event.item_id, {
    text: event.transcript, at: event.at ?? '', startMs: event.start_ms ?? 0, endMs: event.end_ms ?? 0,
    alsoHeard: otherWords(event.transcript, event.also_heard?.transcript ?? ''),
  });
}

/** The other text, unless it differs in marks and capitals only. @param {string} text @param {string} other */
function otherWords(text, other) {
  const words = (/** @type {string} */ each) => each.toLowerCase().match(/[\p{L}\p{N}]+/gu)?.join(' ') ?? '';
  return words(text) === words(other) ? '' : other;
}

/** @param {State} state @param {import('./protocol.js').ItemEdited} event @returns {State} */
export function edited(state, event) {
  const found = findUtterance(state, event.item_id);
  if (!found || found.text === event.text) return state;
  return changeUtterance(state, event.item_id, { text: event.text, before: found.text, edited: true });
}

/** What a command did stands with its words. @param {State} state @param {import('./protocol.js').CommandDone} event @returns {State} */
export function commandDone(state, event) {
  return event.item_id ? changeUtterance(state, event.item_id, { done: event.message }) : state;
}

/** @param {State} state @param {string} name @param {number} startMs @param {number} durationMs @param {string} reason @returns {State} */
export function addGap(state, name, startMs, durationMs, reason) {
  /** @type {Gap} */
  const gap = { kind: 'gap', key: `${state.epoch}:gap:${name}`, epoch: state.epoch, startMs, durationMs, reason };
  return { ...state, entries: [...state.entries, gap] };
}
