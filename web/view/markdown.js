// A Markdown tree → DOM nodes. Text stays text; a block that did not change keeps its node.

import { parse } from '../markdown.js';
import { element } from './dom.js';

/** The blocks that each box shows, as JSON. @type {WeakMap<Element, string[]>} */
const shownIn = new WeakMap();

/** Show ``text`` in ``box``, leaving untouched the blocks that are already there. @param {Element} box @param {string} text */
export function showMarkdown(box, text) {
  const tree = parse(text);
  const shown = shownIn.get(box) ?? [];
  shownIn.set(box, shown);
  tree.forEach((block, i) => {
    const source = JSON.stringify(block);
    if (shown[i] === source) return;
    const node = blockNode(block);
    if (box.children[i]) box.children[i].replaceWith(node);
    else box.append(node);
    shown[i] = source;
  });
  while (box.children.length > tree.length) box.lastElementChild?.remove();
  shown.length = tree.length;
}

/** @param {import('../markdown.js').Block} block @returns {Node} */
function blockNode(block) {
  switch (block.type) {
    case 'heading': // under the question, which is level 3; deeper ones would leave gaps in the page's outline
      return element('h4', {}, ...block.children.map(inlineNode));
    case 'code':
      return element('pre', { tabIndex: 0 }, element('code', {}, block.text));
    case 'rule':
      return element('hr');
    case 'quote':
      return element('blockquote', {}, ...block.blocks.map(blockNode));
    case 'list':
      return listNode(block.items.map((item) => element('li', {}, ...itemNodes(item))), block.ordered ? block.start : null);
    case 'table':
      return element('div', { class: 'table', tabIndex: 0, role: 'group', 'aria-label': 'Table' }, element('table', {},
        element('thead', {}, element('tr', {}, ...block.head.map((cell) =>
          element('th', { scope: 'col' }, ...cell.map(inlineNode))))),
        element('tbody', {}, ...block.rows.map((row) => element('tr', {}, ...row.map((cell) =>
          element('td', {}, ...cell.map(inlineNode))))))));
    default:
      return element('p', {}, ...block.children.map(inlineNode));
  }
}

/** A tight item needs no paragraph. @param {import('../markdown.js').Block[]} item */
function itemNodes(item) {
  const [first, ...others] = item;
  if (first?.type !== 'paragraph') return item.map(blockNode);
  return [...first.children.map(inlineNode), ...others.map(blockNode)];
}

/** @param {import('../markdown.js').Inline} span @returns {Node} */
function inlineNode(span) {
  switch (span.type) {
    case 'text':
      return document.createTextNode(span.text);
    case 'code':
      return element('code', {}, span.text);
    case 'link':
      return element('a', { href: span.href, rel: 'noopener noreferrer', target: '_blank' },
        ...span.children.map(inlineNode));
    default:
      return element(span.type, {}, ...span.children.map(inlineNode));
  }
}

/** @param {HTMLLIElement[]} items @param {number|null} start  of a numbered list */
function listNode(items, start) {
  return start === null ? element('ul', {}, ...items) : element('ol', { start }, ...items);
}
