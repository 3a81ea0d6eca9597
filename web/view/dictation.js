// The dictation: finals as a log, the live line under them.

import { isInDictation } from '../state.js';
import { KeyedList, FollowEnd, byId, clock, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../state.js').Utterance} Utterance */

const SHAPES = { dictation: '¶', question: '?', command: '▸' };
const WORDS = { dictation: 'Dictation', question: 'Question', command: 'Command' };

/** @param {{send: (event: Record<string, unknown>) => boolean}} actions */
export function dictationView({ send }) {
  const report = byId('report');
  const live = byId('live');
  const stable = element('span', { class: 'stable' });
  const tentative = element('span', { class: 'tentative' });
  live.append(stable, tentative);
  const end = new FollowEnd(byId('report-scroll'));
  /** @type {State|null} */
  let shown = null;
  let epoch = 0;
  const list = new KeyedList(report, (/** @type {any} */ entry) => entry.key, (entry, old) => {
    if (entry.kind === 'gap') return gapNode(entry);
    if (entry.kind === 'restart') return element('p', { class: 'mark' }, 'The server was restarted; what was said before stays here');
    if (old?.isEdited?.()) return old;
    return utteranceNode(entry, entry.epoch === epoch && !entry.unfinished, send);
  });

  return (/** @type {State} */ state) => {
    if (state.entries !== shown?.entries) {
      epoch = state.epoch;
      list.update(state.entries.filter(isInDictation));
    }
    if (state.live !== shown?.live || state.entries !== shown?.entries) {
      const waiting = state.entries.filter((entry) => entry.kind === 'utterance' && !isInDictation(entry) && entry.intent === null);
      const lines = [...waiting.map((entry) => /** @type {Utterance} */ (entry).text), ...state.live.map((line) => line.stable)];
      setText(stable, joined(lines));
      const rest = state.live.at(-1)?.tentative ?? '';
      setText(tentative, rest && stable.textContent && !/\s$/.test(stable.textContent) && !/^\s/.test(rest) ? ` ${rest}` : rest);
      live.hidden = !stable.textContent && !tentative.textContent;
      byId('report-empty').hidden = report.childElementCount > 0 || !live.hidden;
      end.keep();
    }
    shown = state;
  };
}

/** @param {string[]} parts */
function joined(parts) {
  return parts.filter(Boolean).join(' ');
}

/** @param {import('../state.js').Gap} gap */
function gapNode(gap) {
  const seconds = Math.max(0.1, gap.durationMs / 1000).toFixed(1);
  return element('p', { class: 'mark mark-gap' }, `About ${seconds} s of audio was lost here`
    + (gap.reason === 'overload' ? ', because this server did not keep up' : '') + '.');
}

/** @param {Utterance} entry @param {boolean} canChange @param {(event: Record<string, unknown>) => boolean} send */
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
  const text = element('p', { class: 'text' }, ...textNodes(entry));
  const edit = () => editText(row, text, entry, send);
  if (canChange && entry.intent === 'dictation') text.addEventListener('dblclick', edit);
  row.append(text, element('div', { class: 'aside' },
    element('div', { class: 'actions' },
      canChange && entry.intent === 'dictation' && element('button', {
        type: 'button', class: 'quiet small', onclick: edit, 'aria-label': 'Edit this text',
      }, 'Edit'),
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

/** Words of low confidence carry a dotted underline. @param {Utterance} entry @returns {(Node|string)[]} */
function textNodes(entry) {
  const doubtful = entry.edited ? [] : entry.words.filter((word) => word.confidence != null && word.confidence < 0.5);
  /** @type {(Node|string)[]} */
  const nodes = [];
  let rest = entry.text;
  for (const word of doubtful) {
    const at = rest.indexOf(word.text);
    if (at < 0 || !word.text) continue;
    nodes.push(rest.slice(0, at), element('span', {
      class: 'doubtful', title: `Heard with ${Math.round((word.confidence ?? 0) * 100)} % confidence`,
    }, word.text));
    rest = rest.slice(at + word.text.length);
  }
  return [...nodes, rest];
}

/** How it was taken: a shape and a word; opened, how sure and why. @param {Utterance} entry */
export function intentChip(entry) {
  const intent = entry.intent ?? 'dictation';
  const sure = entry.confidence === null ? '' : `${Math.round(entry.confidence * 100)} % sure`;
  const why = entry.unfinished ? 'Not finished: the server went away.'
    : [entry.corrected ? 'Changed by you' : sure, entry.corrected ? '' : entry.reason, entry.edited ? 'edited by hand' : '']
      .filter(Boolean).join(' · ');
  return element('details', { class: `chip chip-${intent}` },
    element('summary', { title: why },
      element('span', { class: 'chip-shape', 'aria-hidden': 'true' }, SHAPES[intent]), WORDS[intent]),
    element('p', {}, why));
}

/** @param {any} row @param {HTMLElement} text @param {Utterance} entry @param {(event: Record<string, unknown>) => boolean} send */
function editText(row, text, entry, send) {
  if (row.isEdited?.()) return;
  let open = true;
  row.isEdited = () => open;
  const area = element('textarea', { class: 'text edit', value: entry.text, 'aria-label': 'The text, to correct', rows: 1 });
  const fit = () => {
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight + 2}px`;
  };
  const close = (/** @type {boolean} */ save) => {
    if (!open) return;
    open = false;
    const wanted = area.value.trim();
    if (save && wanted !== entry.text) {
      if (send({ type: 'assistant.item.edit', item_id: entry.itemId, text: wanted })) setText(text, wanted);
    }
    area.replaceWith(text);
  };
  area.addEventListener('input', fit);
  area.addEventListener('blur', () => close(true));
  area.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close(false);
    } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      close(true);
    } else return;
    row.querySelector('.actions button')?.focus();
  });
  text.replaceWith(area);
  fit();
  area.focus();
  area.setSelectionRange(area.value.length, area.value.length);
}
