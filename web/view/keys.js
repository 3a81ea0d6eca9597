// Keys that work anywhere on the page.

import { NAMES, parse, shortcutOf } from '../shortcuts.js';
import { byId } from './dom.js';

const KEY = 'assistant.shortcuts';

/**
 * @param {{talkKey: () => string, talk: (pressed: boolean) => void, toggle: () => void, sleep: () => void,
 *   stopAnswer: () => void, help: () => void, typeQuestion: () => void, typeInReport: (key: string) => void}} actions
 */
export function listenForKeys(actions) {
  let held = '';
  let shortcuts = parse(localStorage.getItem(KEY));
  settings(shortcuts, (changed) => {
    shortcuts = changed;
    localStorage.setItem(KEY, JSON.stringify(changed));
  });
  keepFocus();
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector('dialog:modal')) return;
    if (event.key === 'Escape') return actions.stopAnswer();
    const isTalkKey = event.code === actions.talkKey();
    // A function key is no text: it talks from anywhere. Space does not while something takes it.
    const types = event.code === 'Space' || event.key.length === 1;
    if (types && takesText(event.target)) return;
    if (isTalkKey) {
      if (event.code === 'Space' && takesSpace(event.target)) return;
      event.preventDefault();
      if (event.repeat || held) return;
      held = event.code;
      actions.talk(true);
    } else if (event.repeat) {
      return;
    } else if (isReportTool(event.target)) {
      if (types && event.code !== 'Space') actions.typeInReport(event.key);
    } else {
      const name = shortcutOf(shortcuts, event.key);
      if (!name) return;
      event.preventDefault();
      ({ mic: actions.toggle, sleep: actions.sleep, help: actions.help, ask: actions.typeQuestion })[name]();
    }
  });
  const release = () => {
    if (!held) return;
    held = '';
    actions.talk(false);
  };
  addEventListener('keyup', (event) => {
    if (event.code === held) release();
  });
  addEventListener('blur', release);
}

/** In the list of keys: each can be changed or taken away, and all turned off.
 * @param {import('../shortcuts.js').Shortcuts} shortcuts @param {(changed: import('../shortcuts.js').Shortcuts) => void} changed */
function settings(shortcuts, changed) {
  const on = byId('keys-on', 'input');
  on.checked = shortcuts.on;
  const tell = () => changed(parse(JSON.stringify({
    on: on.checked, keys: Object.fromEntries(NAMES.map((name) => [name, byId(`key-${name}`, 'input').value])),
  })));
  on.addEventListener('change', tell);
  for (const name of NAMES) {
    const input = byId(`key-${name}`, 'input');
    input.value = shortcuts.keys[name];
    input.addEventListener('input', tell);
    input.addEventListener('focus', () => input.select());
  }
}

/** A pointer on a button or after a list leaves the focus in the report: typing goes on there. */
function keepFocus() {
  const inReport = () => document.activeElement?.closest('#report [data-section]');
  document.addEventListener('mousedown', (event) => {
    const button = /** @type {Element} */ (event.target).closest?.('.report-head button, .bar button, .top button');
    if (button && inReport()) event.preventDefault();
  });
}

/** @param {EventTarget|null} target */
function isReportTool(target) {
  return target instanceof HTMLElement && target.matches('.report-head button');
}

/** @param {EventTarget|null} target */
function takesText(target) {
  return target instanceof HTMLElement
    && (target.matches('textarea, select, input:not([type=radio], [type=checkbox], [type=range])') || target.isContentEditable);
}

/** @param {EventTarget|null} target */
function takesSpace(target) {
  return target instanceof HTMLElement && target.matches('button, a[href], summary, input:not([type=range])');
}
