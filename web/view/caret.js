// The place of the next words on the page: the browser's selection while the report has the focus; painted else.

import { byId, element } from './dom.js';
import { placeOf, rangeOf, sectionNode, select } from './places.js';

/** @typedef {import('../caret.js').Place} Place */

/** The sections' texts, in their order. @returns {HTMLElement[]} */
function texts() {
  return [...byId('report').querySelectorAll('[data-section]')].map((each) => /** @type {HTMLElement} */ (each));
}

/** Whether what is typed goes into the report's text. */
export function hasFocus() {
  const active = document.activeElement;
  return active === byId('report') || Boolean(active?.matches('#report [data-section]'));
}

/** The browser's selection, if it is one in the report. @returns {Place|null} */
export function readSelection() {
  const selection = getSelection();
  if (!selection?.anchorNode || !selection.focusNode || !hasFocus()) return null;
  const report = byId('report');
  if (!report.contains(selection.anchorNode) || !report.contains(selection.focusNode)) return null;
  if (selection.isCollapsed) {
    const at = placeOf(selection.focusNode, selection.focusOffset);
    return at && { start: pointOf(at), end: pointOf(at) };
  }
  const range = selection.getRangeAt(0);
  const parts = texts().flatMap((text) => partOf(text, range));
  const last = parts.at(-1);
  return last ? { start: parts[0].start, end: last.end } : null;
}

/** @param {{sectionId: string, offset: number}} place */
function pointOf({ sectionId, offset }) {
  return { section_id: sectionId, offset };
}

/** What a selection holds of one section's text. @param {HTMLElement} text @param {Range} range @returns {Place[]} */
function partOf(text, range) {
  const end = text.childNodes.length;
  if (range.comparePoint(text, 0) > 0 || range.comparePoint(text, end) < 0) {
    if (!text.contains(range.startContainer) && !text.contains(range.endContainer)) return [];
  }
  const first = text.contains(range.startContainer) ? placeOf(range.startContainer, range.startOffset) : placeOf(text, 0);
  const last = text.contains(range.endContainer) ? placeOf(range.endContainer, range.endOffset) : placeOf(text, end);
  return first && last && first.offset < last.offset ? [{ start: pointOf(first), end: pointOf(last) }] : [];
}

/** Give the report the focus at a place. @param {Place} place */
export function showSelection(place) {
  const section = sectionNode(place.start.section_id); // where browsers put the focus of a selection over several
  const range = rangeBetween(place);
  if (!section || !range) return;
  if (document.activeElement !== section) section.focus({ preventScroll: true });
  select(range);
}

/** Whether the browser's selection was made from its end to its start. */
export function isBackward() {
  const selection = getSelection();
  if (!selection || selection.isCollapsed) return false;
  const { startContainer, startOffset } = selection.getRangeAt(0);
  return selection.focusNode === startContainer && selection.focusOffset === startOffset;
}

/** Select again what is selected, in nodes that were drawn anew: no hand did it. @param {Place} place @param {boolean} [backward] */
export function keepSelection(place, backward = false) {
  const range = rangeBetween(place);
  if (!range) return;
  const { startContainer, startOffset, endContainer, endOffset } = range;
  if (backward) getSelection()?.setBaseAndExtent(endContainer, endOffset, startContainer, startOffset);
  else getSelection()?.setBaseAndExtent(startContainer, startOffset, endContainer, endOffset);
}

/** Take the selection off the report: the focus is elsewhere, and the nodes that it was in go. */
export function dropSelection() {
  const selection = getSelection();
  if (selection?.anchorNode && byId('report').contains(selection.anchorNode)) selection.removeAllRanges();
}

/** @param {Place} place */
function rangeBetween({ start, end }) {
  const first = rangeOf(start.section_id, start.offset, start.offset);
  const last = rangeOf(end.section_id, end.offset, end.offset);
  if (!first || !last) return null;
  const range = document.createRange();
  range.setStart(first.startContainer, first.startOffset);
  range.setEnd(last.endContainer, last.endOffset);
  return range;
}

/** A thin bar where the next words go, and a ground under what they replace. */
export class PaintedPlace {
  constructor() {
    this.bar = element('span', { class: 'voice-cursor', 'aria-hidden': 'true' });
    this._marks = typeof Highlight === 'function' ? new Highlight() : null;
    if (this._marks) CSS.highlights.set('selected', this._marks);
  }

  /** @param {Place|null} place  null where the page has other text than the server */
  show(place) {
    this._marks?.clear();
    const range = place && rangeBetween(place);
    const section = place && sectionNode(place.end.section_id);
    if (!range || !section) return;
    for (const { start, end } of range.collapsed ? [] : texts().flatMap((text) => partOf(text, range))) {
      const part = rangeOf(start.section_id, start.offset, end.offset);
      if (part) this._marks?.add(part);
    }
    const box = barBox(section, range);
    const parent = /** @type {HTMLElement} */ (section.parentElement);
    const from = parent.getBoundingClientRect();
    Object.assign(this.bar.style, {
      left: `${box.left - from.left}px`, top: `${box.top - from.top}px`, height: `${box.height}px`,
    });
    this.bar.classList.toggle('shown-by-browser', document.activeElement === section);
    if (this.bar.parentElement !== parent) parent.append(this.bar);
  }
}

/** Where a caret at the end of a range stands, on the screen. @param {HTMLElement} section @param {Range} range */
function barBox(section, range) {
  const end = range.cloneRange();
  end.collapse(false);
  const box = [...end.getClientRects()].at(-1);
  if (box && box.height > 0) return { left: box.left, top: box.top, height: box.height };
  const last = section.lastElementChild; // behind a new line at the end, or in an empty text
  const from = (last?.localName === 'br' ? last : section).getBoundingClientRect();
  const style = getComputedStyle(section);
  const inset = last?.localName === 'br' ? 0 : Number.parseFloat(style.paddingLeft);
  return { left: from.left + inset, top: from.top, height: Number.parseFloat(style.lineHeight) || from.height };
}
