// Keys that work anywhere on the page.

/**
 * @param {{talkKey: () => string, talk: (pressed: boolean) => void, toggle: () => void, sleep: () => void,
 *   stopAnswer: () => void, help: () => void, typeQuestion: () => void}} actions
 */
export function listenForKeys(actions) {
  let held = '';
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
    } else if (event.key === 'm' || event.key === 'M') {
      actions.toggle();
    } else if (event.key === 's' || event.key === 'S') {
      actions.sleep();
    } else if (event.key === '?') {
      actions.help();
    } else if (event.key === '/') {
      event.preventDefault();
      actions.typeQuestion();
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

/** @param {EventTarget|null} target */
function takesText(target) {
  return target instanceof HTMLElement
    && (target.matches('textarea, select, input:not([type=radio], [type=checkbox], [type=range])') || target.isContentEditable);
}

/** @param {EventTarget|null} target */
function takesSpace(target) {
  return target instanceof HTMLElement && target.matches('button, a[href], summary, input:not([type=range])');
}
