// What an answer rests on: guideline passages with their numbers, each opening at its place.

import { contextInWords } from '../sources.js';
import { element } from './dom.js';

/** @typedef {import('../state.js').Answer} Answer */
/** @typedef {import('../state.js').Source} Source */

/** A node under an answer; `node.update(answer)` shows the latest state. */
export function sourcesNode() {
  const node = element('div', { class: 'sources', 'data-testid': 'sources' });
  let shown = '';
  const update = (/** @type {Answer} */ answer) => {
    const key = JSON.stringify([answer.sources, answer.cited, answer.answered, answer.status, answer.context]);
    if (key === shown) return;
    shown = key;
    const parts = [...passageNodes(answer), contextNode(answer)].filter((part) => part !== null);
    node.replaceChildren(...parts);
    node.hidden = parts.length === 0;
  };
  return Object.assign(node, { update });
}

/** @param {Answer} answer */
function passageNodes(answer) {
  if (answer.sources === null) return [];
  if (!answer.answered) return [];
  if (answer.sources.length === 0) {
    return [element('p', { class: 'sources-none' }, 'Your guidelines contain nothing about this. The answer is not based on them.')];
  }
  if (answer.status === 'in_progress') return [];
  const cited = answer.sources.filter((each) => answer.cited.includes(each.number));
  const others = answer.sources.filter((each) => !answer.cited.includes(each.number));
  const nodes = [];
  if (cited.length > 0) nodes.push(element('h4', {}, 'Rests on'), list(cited));
  if (others.length > 0) {
    const count = `${others.length} ${others.length === 1 ? 'passage' : 'passages'}`;
    const what = answer.engine.declines ? 'Found in your guidelines, read by no model' : 'Given to the model but not cited';
    nodes.push(element('details', { open: answer.engine.declines }, element('summary', {}, `${what}: ${count}`), list(others)));
  }
  return nodes;
}

/** @param {Source[]} sources */
function list(sources) {
  return element('ul', {}, ...sources.map((source) => element('li', {},
    element('span', { class: 'source-number' }, `[${source.number}]`),
    element('a', { href: `${source.url}#passage`, target: '_blank', rel: 'noopener', title: source.text },
      element('strong', {}, source.file), source.place ? `, ${source.place}` : ''))));
}

/** @param {Answer} answer */
function contextNode(answer) {
  const words = contextInWords(answer.context);
  return words && answer.answered && !answer.engine.declines ? element('p', { class: 'fine' }, words) : null;
}

/** Make the numbers of ``sources`` in a shown answer open their passage. @param {Element} box @param {Source[]|null} sources */
export function linkCitations(box, sources) {
  if (!sources?.length) return;
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const texts = [];
  while (walker.nextNode()) {
    const text = /** @type {Text} */ (walker.currentNode);
    if (/\[\d/.test(text.data) && !text.parentElement?.closest('a, code, pre')) texts.push(text);
  }
  for (const text of texts) {
    const parts = text.data.split(/(\[\d{1,2}(?:\s*[,;]\s*\d{1,2})*\])/);
    text.replaceWith(...parts.flatMap((part, i) => (i % 2 ? citation(part, sources) : [part])));
  }
}

/** ``[1, 2]`` with a link for each number that is one of ``sources``. @param {string} part @param {Source[]} sources */
function citation(part, sources) {
  return part.split(/(\d+)/).filter(Boolean).map((piece) => {
    const source = sources.find((each) => String(each.number) === piece);
    if (!source) return piece;
    return element('a', { class: 'citation', href: `${source.url}#passage`, target: '_blank', rel: 'noopener',
      'aria-label': `Source ${piece}: ${source.file}, ${source.place}`, title: source.text }, piece);
  });
}
