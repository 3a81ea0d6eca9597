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

/** The report as plain text, as the server has it; a section without text is left out. @param {State} state */
export function transcript(state) {
  return (state.document?.sections ?? [])
    .map(({ title, runs }) => ({ title, text: runs.map((run) => run.text).join('').replace(/^\n+|\n+$/g, '') }))
    .filter(({ text }) => text.trim())
    .map(({ title, text }) => (title ? `${title}:\n${text}` : text))
    .join('\n\n');
}

/** What was lost of the audio, as words. @param {Record<string, any>|null} audio */
export function lossInWords(audio) {
  if (!audio) return '';
  const unit = audio.transport === 'webrtc' ? 'packets' : 'frames';
  const parts = [];
  if (audio.lost > 0) {
    parts.push(`lost ${audio.lost} of ${audio.received + audio.lost} ${unit}, ${audio.recovered ?? 0} recovered`);
  }
  if (audio.dropped_ms > 0) parts.push(`${(audio.dropped_ms / 1000).toFixed(1)} s not kept up with`);
  return parts.join(' · ') || 'no loss';
}
