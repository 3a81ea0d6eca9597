// Keys that work anywhere on the page.

const HOLD_TAIL_MS = 250; // the end of the last word, still on its way

/**
 * @param {{isOn: () => boolean, start: () => void, stop: () => void, toggle: () => void, stopAnswer: () => void,
 *   help: () => void, typeQuestion: () => void}} actions
 */
export function listenForKeys(actions) {
  let held = false;
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') return actions.stopAnswer();
    if (takesText(event.target)) return;
    if (event.code === 'Space') {
      if (takesSpace(event.target)) return;
      event.preventDefault();
      if (event.repeat || held || actions.isOn()) return;
      held = true;
      actions.start();
    } else if (event.repeat) {
      return;
    } else if (event.key === 'm' || event.key === 'M') {
      actions.toggle();
    } else if (event.key === '?') {
      actions.help();
    } else if (event.key === '/') {
      event.preventDefault();
      actions.typeQuestion();
    }
  });
  const release = () => {
    if (!held) return;
    held = false;
    setTimeout(actions.stop, HOLD_TAIL_MS);
  };
  addEventListener('keyup', (event) => {
    if (event.code === 'Space') release();
  });
  addEventListener('blur', release);
}

/** @param {EventTarget|null} target */
function takesText(target) {
  return target instanceof HTMLElement
    && (target.matches('textarea, select, input:not([type=radio], [type=checkbox])') || target.isContentEditable);
}

/** @param {EventTarget|null} target */
function takesSpace(target) {
  return target instanceof HTMLElement && target.matches('button, a[href], summary, input');
}
