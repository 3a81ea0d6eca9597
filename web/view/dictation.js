// What was heard, utterance by utterance, and how each was taken: to look it up, and to change it.

import { isInDictation } from '../selectors.js';
import { KeyedList, byId, clock, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../state.js').Utterance} Utterance */

const SHAPES = { dictation: '¶', question: '?', command: '▸', echo: '∅' };
const WORDS = { dictation: 'Dictation', question: 'Question', command: 'Command', echo: 'Echo' };

/** @param {{send: import('../events.js').Send}} actions */
export function dictationView({ send }) {
  const heard = byId('heard');
  /** @type {State|null} */
  let shown = null;
  let epoch = 0;
  const list = new KeyedList(heard, (/** @type {import('../state.js').Entry} */ entry) => entry.key, (entry) => {
    if (entry.kind === 'gap') return gapNode(entry);
    if (entry.kind === 'restart') return element('p', { class: 'mark' }, 'The server restarted. Everything said before remains here');
    return utteranceNode(entry, entry.epoch === epoch && !entry.unfinished, send);
  });

  return (/** @type {State} */ state) => {
    if (state.entries !== shown?.entries) {
      epoch = state.epoch;
      list.update(state.entries.filter(isInDictation));
      const gaps = state.entries.filter((entry) => entry.kind === 'gap').length;
      setText(byId('heard-summary'), `What was heard${gaps ? ` · audio was lost ${gaps === 1 ? 'once' : `${gaps} times`}` : ''}`);
      byId('heard-all').hidden = heard.childElementCount === 0;
    }
    shown = state;
  };
}

/** @param {import('../state.js').Gap} gap */
function gapNode(gap) {
  const seconds = Math.max(0.1, gap.durationMs / 1000).toFixed(1);
  return element('p', { class: 'mark mark-gap' }, `About ${seconds} s of audio was lost here`
    + ({ overload: ', because this server did not keep up', away: ', because there was no connection' }[gap.reason] ?? '') + '.');
}

/** @param {Utterance} entry @param {boolean} canChange @param {import('../events.js').Send} send */
function utteranceNode(entry, canChange, send) {
  const time = element('time', { class: 'time', dateTime: entry.at }, clock(entry.at));
  const row = element('div', { class: `item item-${entry.intent ?? 'failed'}`, 'data-item': entry.itemId }, time);
  if (entry.error) {
    row.append(element('p', { class: 'text failed' }, `This could not be recognised. ${entry.error}`));
    return row;
  }
  if (!entry.text) {
    row.append(element('p', { class: 'text removed' }, 'Removed'), element('div', { class: 'aside' },
      canChange && entry.before && element('button', {
        type: 'button', class: 'quiet small',
        onclick: () => send({ type: 'assistant.item.edit', item_id: entry.itemId, text: entry.before }),
      }, 'Put back')));
    return row;
  }
  const also = entry.alsoHeard !== entry.text && alsoNode(entry, canChange && entry.intent === 'dictation' && 'Use this',
    () => send({ type: 'assistant.item.edit', item_id: entry.itemId, text: entry.alsoHeard }));
  row.append(element('div', { class: 'said' }, element('p', { class: 'text' }, entry.text),
    entry.intent === 'command' && entry.done && element('p', { class: 'fine' }, entry.done), also), element('div', { class: 'aside' },
    element('div', { class: 'actions' },
      canChange && entry.intent !== 'command' && element('button', {
        type: 'button', class: entry.doubtful ? 'small offer' : 'quiet small',
        onclick: () => send({ type: 'assistant.intent.correct', item_id: entry.itemId, intent: 'question' }),
      }, entry.doubtful ? 'Ask this?' : 'Ask this'),
      canChange && entry.intent === 'command' && element('button', {
        type: 'button', class: 'quiet small',
        onclick: () => send({ type: 'assistant.intent.correct', item_id: entry.itemId, intent: 'dictation' }),
      }, 'That was dictation')),
    intentChip(entry)));
  return row;
}

/**
 * What the other recogniser heard, to pick; nothing where it heard the same.
 * @param {Utterance} entry @param {string|false} verb  what picking does, if it can be picked @param {() => void} pick
 */
export function alsoNode(entry, verb, pick) {
  if (!entry.alsoHeard) return false;
  return element('p', { class: 'also', 'data-testid': 'also-heard' }, `Also heard: “${entry.alsoHeard}” `,
    verb && element('button', { type: 'button', class: 'quiet small', onclick: pick }, verb));
}

/** How it was taken: a shape and a word; opened, how sure and why. @param {Utterance} entry */
function intentChip(entry) {
  const intent = entry.intent ?? 'dictation';
  const sure = entry.confidence === null ? '' : `${Math.round(entry.confidence * 100)} % sure`;
  const why = entry.unfinished ? 'Unfinished: the connection to the server was lost.'
    : [entry.corrected ? 'Changed by you' : sure, entry.corrected ? '' : entry.reason, entry.edited ? 'edited by hand' : '']
      .filter(Boolean).join(' · ');
  return element('details', { class: `chip chip-${intent}` },
    element('summary', { title: why },
      element('span', { class: 'chip-shape', 'aria-hidden': 'true' }, SHAPES[intent]), WORDS[intent]),
    element('p', {}, why));
}
