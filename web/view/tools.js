// Over the report: template, macro, undo and redo. In the help: what can be said.

import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */

/** @param {{press: import('./report.js').Command, focusReport: () => void}} actions */
export function toolsView({ press, focusReport }) {
  const template = byId('template', 'select');
  const macro = byId('macro', 'select');
  byId('undo').addEventListener('click', () => press('undo'));
  byId('redo').addEventListener('click', () => press('redo'));
  byId('next-field').addEventListener('click', () => press('next_field'));
  template.addEventListener('change', async () => {
    const name = template.value === BLANK ? '' : template.value;
    if (shown) template.value = named(shown);
    const how = shown && isFilled(shown) ? await askWhatToDo(name, Boolean(shown.session?.keeping)) : 'replace';
    if (how === 'insert') press('insert_template', { name });
    else if (how === 'replace') press('new_report', name ? { name } : {});
    focusReport();
  });
  macro.addEventListener('change', () => {
    press('insert_macro', { name: macro.value });
    macro.value = '';
    focusReport();
  });
  /** @type {State|null} */
  let shown = null;

  return (/** @type {State} */ state) => {
    if (state.library !== shown?.library) {
      const { templates = [], macros = [], commands = [] } = state.library ?? {};
      template.replaceChildren(element('option', { value: '' }, 'New report…'), option(BLANK, 'Blank'), ...templates.map((name) => option(name)));
      byId('start-cards').replaceChildren(...templates.slice(0, MOST_CARDS).map((name) => element('button', {
        type: 'button', class: 'start-card', onclick: () => press('new_report', { name }),
      }, name)));
      byId('start-templates').hidden = templates.length === 0;
      macro.replaceChildren(element('option', { value: '' }, 'Insert…'), ...macros.map((name) => option(name)));
      byId('say').replaceChildren(...commands.map(({ say, does }) =>
        element('div', {}, element('dt', {}, `“${say}”`), element('dd', {}, does))));
    }
    if (state.document !== shown?.document || state.library !== shown?.library) {
      template.value = named(state);
      byId('undo', 'button').disabled = !state.document?.can_undo;
      byId('undo').title = state.document?.can_undo ? 'Undo' : NO_UNDO;
      byId('redo', 'button').disabled = !state.document?.can_redo;
      byId('next-field').hidden = !state.document?.sections.some((section) => section.runs.some((run) => run.field));
    }
    if (state.command && state.command !== shown?.command) {
      const { message, choices = [] } = state.command;
      setText(byId('command-said'), [message, ...choices.map((text, i) => `${i + 1}: ${text}`)].join('. '));
    }
    shown = state;
  };
}

const BLANK = '-';
const MOST_CARDS = 6;
const NO_UNDO = 'Nothing to undo. Steps are kept while the report is open, not when it is opened again later.';

/** Whether the report has words that are not its template's. @param {State} state */
export function isFilled(state) {
  return state.document?.sections.some(({ runs }) => runs.some((run) => run.origin !== 'template' && run.text.trim())) ?? false;
}

/**
 * What to do with a report that has text: nothing goes without a question.
 * @param {string} name  of the template; '' is a blank one
 * @param {boolean} isKept  the report stays in the list when another is begun
 * @returns {Promise<string>}
 */
function askWhatToDo(name, isKept) {
  const dialog = byId('replace', 'dialog');
  const another = isKept
    ? 'New report leaves this one in the list of reports and begins another, with no patient.'
    : 'This server keeps no reports: to begin another, copy or save this one and press “New”.';
  setText(byId('replace-how'), name ? `Insert adds the sections of “${name}” and keeps every word. ${another}` : another);
  byId('replace-insert').hidden = !name;
  byId('replace-new').hidden = !isKept;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
  });
}

/** @param {State} state */
function named(state) {
  return state.document?.template ?? '';
}

/** @param {string} value @param {string} [label] */
function option(value, label = value) {
  return element('option', { value }, label);
}
