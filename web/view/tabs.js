// Two columns on a wide page, two tabs on a narrow one.

import { byId, setText } from './dom.js';

const NAMES = { report: 'Dictation', assistant: 'Assistant' };

export function tabsView() {
  const columns = byId('columns');
  const narrow = matchMedia('(max-width: 52rem)');
  const tabs = /** @type {HTMLElement[]} */ ([byId('tab-report'), byId('tab-assistant')]);
  let seenAnswers = 0;
  let answers = 0;

  const choose = (/** @type {string} */ name, focus = false) => {
    columns.dataset.tab = name;
    for (const tab of tabs) {
      const chosen = tab.id === `tab-${name}`;
      tab.setAttribute('aria-selected', String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen && focus) tab.focus();
    }
    if (name === 'assistant') seenAnswers = answers;
    mark();
  };
  const mark = () => {
    const isNew = columns.dataset.tab !== 'assistant' && answers > seenAnswers;
    setText(tabs[1], isNew ? `${NAMES.assistant} ● new` : NAMES.assistant);
  };
  const roles = () => {
    for (const name of ['report', 'assistant']) {
      const panel = byId(`panel-${name}`);
      if (narrow.matches) panel.setAttribute('role', 'tabpanel');
      else panel.removeAttribute('role');
      panel.setAttribute('aria-labelledby', narrow.matches ? `tab-${name}` : `heading-${name}`);
    }
  };
  tabs.forEach((tab) => tab.addEventListener('click', () => choose(tab.id.slice(4))));
  byId('tabs').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
    choose(columns.dataset.tab === 'report' ? 'assistant' : 'report', true);
  });
  narrow.addEventListener('change', roles);
  roles();

  return (/** @type {import('../state.js').State} */ state) => {
    answers = state.answers.length;
    if (columns.dataset.tab === 'assistant') seenAnswers = answers;
    mark();
  };
}
