// The live line: what is being said, where it will go; stable words in ink, those that may change in grey.

import { isInDictation } from '../selectors.js';
import { element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */

export class LiveLine {
  constructor() {
    this._stable = element('span', { class: 'stable' });
    this._tentative = element('span', { class: 'tentative' });
    this.node = element('p', { id: 'live', class: 'live', 'data-testid': 'live', 'aria-live': 'off', hidden: true },
      this._stable, this._tentative);
  }

  get isEmpty() {
    return this.node.hidden;
  }

  /**
   * @param {State} state @param {HTMLElement} foot  of the section of the cursor, or what stands over it
   */
  show(state, foot) {
    if (this.node.parentElement !== foot) foot.append(this.node);
    const waiting = state.entries
      .filter((entry) => entry.kind === 'utterance' && !isInDictation(entry) && entry.intent === null)
      .map((entry) => /** @type {import('../state.js').Utterance} */ (entry).text);
    setText(this._stable, [...waiting, ...state.live.map((line) => (isWritten(line) ? line.written : line.stable))].filter(Boolean).join(' '));
    const last = state.live.at(-1);
    const rest = (last && isWritten(last) ? last.writtenTail : last?.tentative) ?? '';
    const apart = rest && this._stable.textContent && !/\s$/.test(this._stable.textContent) && !/^\s/.test(rest);
    setText(this._tentative, apart ? ` ${rest}` : rest);
    this.node.hidden = !this._stable.textContent && !this._tentative.textContent;
  }
}

/** @param {State['live'][0]} line */
function isWritten(line) {
  return Boolean(line.written || line.writtenTail);
}
