// Places in the report: the protocol counts code points in a section's text, the DOM counts UTF-16 units in nodes.

/** The element that shows a section's text. @param {string} sectionId @returns {HTMLElement|null} */
export function sectionNode(sectionId) {
  return document.querySelector(`#report [data-section="${CSS.escape(sectionId)}"]`);
}

/**
 * The DOM range of [start, end) of a section; null when the page shows other text there (yet).
 * @param {string} sectionId @param {number} start @param {number} end  in code points
 */
export function rangeOf(sectionId, start, end) {
  const section = sectionNode(sectionId);
  if (!section) return null;
  const text = section.textContent ?? '';
  const first = pointAt(section, unitsBefore(text, start));
  const last = pointAt(section, unitsBefore(text, end));
  if (!first || !last) return null;
  const range = document.createRange();
  range.setStart(first.node, first.offset);
  range.setEnd(last.node, last.offset);
  return range;
}

/**
 * Where a point of the page lies in the report.
 * @param {Node} node @param {number} offset  as of a DOM range
 * @returns {{sectionId: string, offset: number}|null} the offset in code points
 */
export function placeOf(node, offset) {
  const element = node instanceof Element ? node : node.parentElement;
  const section = /** @type {HTMLElement|null} */ (element?.closest('#report [data-section]'));
  if (!section) return null;
  const before = document.createRange();
  before.selectNodeContents(section);
  before.setEnd(node, offset);
  return { sectionId: section.dataset.section ?? '', offset: [...before.toString()].length };
}

/** Bring a place to the eye and select it. @param {string} sectionId @param {number} start @param {number} end */
export function goTo(sectionId, start, end) {
  const section = sectionNode(sectionId);
  const range = rangeOf(sectionId, start, end);
  if (!section || !range) return;
  if (!section.hasAttribute('tabindex') && !section.isContentEditable) section.tabIndex = -1;
  section.focus({ preventScroll: true });
  select(range);
  const box = range.getClientRects().length ? range.startContainer.parentElement : section;
  box?.scrollIntoView({ block: 'center' });
}

/** Select at once: the browser's own event comes late, when the focus may have gone on. @param {Range} range */
export function select(range) {
  const selection = getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
  document.dispatchEvent(new Event('selectionchange'));
}

/** @param {string} text @param {number} codePoints */
function unitsBefore(text, codePoints) {
  let units = 0;
  for (const character of text) {
    if (codePoints <= 0) break;
    codePoints -= 1;
    units += character.length;
  }
  return units;
}

/** @param {Node} root @param {number} units @returns {{node: Node, offset: number}|null} */
function pointAt(root, units) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  /** @type {Node|null} */
  let last = null;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node.nodeValue?.length ?? 0;
    if (units <= length) return { node, offset: units };
    units -= length;
    last = node;
  }
  return last ? { node: last, offset: last.nodeValue?.length ?? 0 } : { node: root, offset: 0 };
}
