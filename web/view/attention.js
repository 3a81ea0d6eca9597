// Asleep or awake, and what was left out as an echo: plainly said, with a way back.

import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */

/** @param {{toggle: () => void}} actions */
export function attentionView({ toggle }) {
  const button = byId('attention');
  const banner = byId('asleep');
  button.addEventListener('click', toggle);
  banner.replaceChildren(
    element('span', { class: 'asleep-shape', 'aria-hidden': 'true' }, '☾'),
    element('p', {}, element('strong', {}, 'Asleep.'), ' Nothing that is said is kept. Say “wake up” or press ',
      element('kbd', {}, 'S'), '.'),
    element('button', { type: 'button', class: 'strong', 'data-testid': 'wake', onclick: toggle }, 'Wake'));
  /** @type {State|null} */
  let shown = null;
  return (/** @type {State} */ state) => {
    if (state.asleep !== shown?.asleep) {
      banner.hidden = !state.asleep;
      document.body.dataset.asleep = String(state.asleep);
      button.setAttribute('aria-pressed', String(state.asleep));
      setText(button, state.asleep ? 'Wake' : 'Sleep');
      if (shown) setText(byId('attention-said'), state.asleep ? 'Asleep. Nothing you say is kept.' : 'Awake.');
    }
    shown = state;
  };
}
