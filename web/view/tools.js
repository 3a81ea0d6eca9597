// Over the report: template, macro, undo and redo. In the help: what can be said.

import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */

/** @param {{send: import('../events.js').Send, step: (name: 'undo'|'redo') => void}} actions */
export function toolsView({ send, step }) {
  const template = byId('template', 'select');
  const macro = byId('macro', 'select');
  /**
   * @param {import('../protocol.js').DocumentCommand['command']} command
   * @param {{name?: string}} [rest]
   */
  const press = (command, rest) => send({ type: 'assistant.document.command', command, ...rest });
  byId('undo').addEventListener('click', () => step('undo'));
  byId('redo').addEventListener('click', () => step('redo'));
  byId('next-field').addEventListener('click', () => press('next_field'));
  template.addEventListener('change', () => {
    press('new_report', template.value === BLANK ? {} : { name: template.value });
    if (shown) template.value = named(shown);
  });
  macro.addEventListener('change', () => {
    press('insert_macro', { name: macro.value });
    macro.value = '';
  });
  /** @type {State|null} */
  let shown = null;

  return (/** @type {State} */ state) => {
    if (state.library !== shown?.library) {
      const { templates = [], macros = [], commands = [] } = state.library ?? {};
      template.replaceChildren(element('option', { value: '' }, 'New report…'), option(BLANK, 'Blank'), ...templates.map((name) => option(name)));
      macro.replaceChildren(element('option', { value: '' }, 'Insert…'), ...macros.map((name) => option(name)));
      byId('say').replaceChildren(...commands.map(({ say, does }) =>
        element('div', {}, element('dt', {}, `“${say}”`), element('dd', {}, does))));
    }
    if (state.document !== shown?.document || state.library !== shown?.library) {
      template.value = named(state);
      byId('undo', 'button').disabled = !state.document?.can_undo;
      byId('redo', 'button').disabled = !state.document?.can_redo;
      byId('next-field').hidden = !state.document?.sections.some((section) => section.runs.some((run) => run.field));
    }
    if (state.command && state.command !== shown?.command) {
      setText(byId('command-said'), state.command.message);
    }
    shown = state;
  };
}

const BLANK = '-';

/** @param {State} state */
function named(state) {
  return state.document?.template ?? '';
}

/** @param {string} value @param {string} [label] */
function option(value, label = value) {
  return element('option', { value }, label);
}
