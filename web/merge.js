// Two changes of one text, made at the same time, brought together. Pure. Offsets are UTF-16 units.

/** @typedef {{start: number, end: number, text: string}} Change  `[start, end)` becomes `text` */

/** The one place in which two texts differ. @param {string} before @param {string} after @returns {Change} */
export function difference(before, after) {
  const limit = Math.min(before.length, after.length);
  let start = 0;
  while (start < limit && before[start] === after[start]) start += 1;
  if (start > 0 && isHigh(before, start - 1)) start -= 1; // never half a character
  let tail = 0;
  while (tail < limit - start && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  if (tail > 0 && isLow(before, before.length - tail)) tail -= 1;
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}

/**
 * What `base` is after both changes. Where they touch the same place, theirs stands and the words of mine stand
 * behind it: nothing that was typed is lost.
 * @param {string} base @param {string} mine @param {string} theirs
 */
export function merge(base, mine, theirs) {
  if (mine === base || mine === theirs) return theirs;
  if (theirs === base) return mine;
  const own = difference(base, mine);
  const other = difference(base, theirs);
  const shift = other.text.length - (other.end - other.start);
  if (own.end <= other.start) return applied(theirs, own);
  if (own.start >= other.end) return applied(theirs, { ...own, start: own.start + shift, end: own.end + shift });
  if (other.text.includes(own.text)) return theirs;
  let behind = other.start + other.text.length;
  while (behind < theirs.length && /[^\s.,;:]/.test(theirs[behind])) behind += 1; // not in the middle of a word
  const space = behind > 0 && /\S/.test(theirs[behind - 1]) && /^\w/.test(own.text) ? ' ' : '';
  return applied(theirs, { start: behind, end: behind, text: space + own.text });
}

/** Where a caret of `before` stands in `after`. @param {number} caret @param {string} before @param {string} after */
export function movedCaret(caret, before, after) {
  const change = difference(before, after);
  if (caret <= change.start) return caret;
  if (caret < change.end) return change.start + change.text.length;
  return caret + after.length - before.length;
}

/** @param {string} text @param {Change} change */
export function applied(text, change) {
  return text.slice(0, change.start) + change.text + text.slice(change.end);
}

/** Code points before a UTF-16 offset: what the protocol counts. @param {string} text @param {number} units */
export function codePoints(text, units) {
  return [...text.slice(0, units)].length;
}

/** The UTF-16 offset behind so many code points. @param {string} text @param {number} points */
export function unitsOf(text, points) {
  return [...text].slice(0, points).join('').length;
}

/** @param {string} text @param {number} at */
function isHigh(text, at) {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}

/** @param {string} text @param {number} at */
function isLow(text, at) {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}
