// A report that the server lost, as the commands that write it into a new session. Pure.

/**
 * @typedef {object} LostSection
 * @property {string} title
 * @property {string} text        as it stands on the page
 * @property {{text: string, origin: 'answer'|'gap'}[]} pieces   what answers of the assistant brought into it, and the marks
 *   of lost sound, in their order
 * @typedef {import('./protocol.js').DocumentCommand} DocumentCommand
 */

/**
 * The text goes back section by section. Speech that was under way goes where it would have gone, and the cursor
 * behind it.
 * @param {LostSection[]} sections
 * @param {LostSection|undefined} current   the one where the next words would have gone
 * @param {string} unfinished               speech that had no final yet
 * @returns {DocumentCommand[]}
 */
export function restoringCommands(sections, current, unfinished) {
  const parts = sections.map((section) => ({
    ...section, text: [section.text.trimEnd(), section === current ? unfinished : ''].filter(Boolean).join(' '),
  }));
  if (!current && unfinished) parts.push({ title: '', text: unfinished, pieces: [] });
  const written = parts
    .filter(({ title, text }) => title || text.trim())
    .flatMap(({ title, text, pieces }) => byOrigin(text, pieces).map((piece) => insert(title, piece.text, piece.origin)));
  return written.length > 1 && current ? [...written, insert(current.title, '', 'typed')] : written;
}

/** @param {string} name @param {string} text @param {'typed'|'answer'|'gap'} origin @returns {DocumentCommand} */
function insert(name, text, origin) {
  return { type: 'assistant.document.command', command: 'insert_text', origin, name, text };
}

/**
 * A section's text in pieces, so that text of an answer and marks of lost sound stay told apart from what a person
 * wrote.
 * @param {string} text @param {{text: string, origin: 'answer'|'gap'}[]} told
 */
function byOrigin(text, told) {
  /** @type {{text: string, origin: 'typed'|'answer'|'gap'}[]} */
  const pieces = [];
  let at = 0;
  for (const { text: part, origin } of told) {
    const start = text.indexOf(part, at);
    if (start < 0) continue; // a person has changed it
    if (start > at) pieces.push({ text: text.slice(at, start), origin: 'typed' });
    pieces.push({ text: part, origin });
    at = start + part.length;
  }
  if (at < text.length || pieces.length === 0) pieces.push({ text: text.slice(at), origin: 'typed' });
  return pieces;
}

/** Speech of an earlier session that had no final when the server lost it. @param {import('./state.js').State} state */
export function unfinishedSpeech(state) {
  return state.entries
    .flatMap((entry) => (entry.kind === 'utterance' && entry.epoch === state.epoch - 1 && entry.unfinished ? [entry.text] : []))
    .join(' ');
}
