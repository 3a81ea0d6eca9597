// What a clinician has to look at in a section: each text in doubt, why, and what to do about it.

import { element } from './dom.js';
import { goTo } from './places.js';

/** @typedef {import('../protocol.js').SectionPart} SectionPart */
/** @typedef {{start: number, end: number, text: string, doubt: {message: string, offer?: string}, isGap: boolean, isAnswer: boolean}} Doubt */

/** Of what an answer of the assistant brought in, until a person accepts it. @type {Doubt['doubt']} */
const FROM_MODEL = { message: 'This is from an answer of the assistant. Nobody has accepted it yet.' };

/**
 * The texts in doubt, with their places in code points.
 * @param {SectionPart} part
 * @returns {Doubt[]}
 */
function doubtsOf(part) {
  /** @type {Doubt[]} */
  const found = [];
  let at = 0;
  for (const run of part.runs) {
    const end = at + [...run.text].length;
    if (run.origin === 'answer' && !run.doubt) {
      const before = found.at(-1);
      if (before?.isAnswer && before.end === at) Object.assign(before, { end, text: before.text + run.text });
      else found.push({ start: at, end, text: run.text, doubt: FROM_MODEL, isGap: false, isAnswer: true });
    }
    if (run.doubt) found.push({ start: at, end, text: run.text, doubt: run.doubt, isGap: run.origin === 'gap', isAnswer: false });
    at = end;
  }
  return found;
}

/** @param {string} text */
function shortened(text) {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** The list under a section: buttons, so that keys reach what a pointer reaches. */
export class DoubtList {
  /** @param {import('../events.js').Send} send */
  constructor(send) {
    this._send = send;
    this._shown = '';
    this.node = element('ul', { class: 'doubts', hidden: true, 'aria-label': 'To check' });
  }

  /** @param {SectionPart} part @param {number} revision */
  show(part, revision) {
    this._revision = revision;
    const found = doubtsOf(part);
    const shown = JSON.stringify(found);
    if (shown === this._shown) return; // the focus stays where it is
    this._shown = shown;
    this.node.hidden = found.length === 0;
    this.node.replaceChildren(...found.map((each) => this._item(part.id, each)));
  }

  /** @param {string} sectionId @param {ReturnType<typeof doubtsOf>[number]} each */
  _item(sectionId, { start, end, text, doubt, isGap, isAnswer }) {
    const settle = (/** @type {Record<string, string>} */ more) => this._send({
      type: 'assistant.document.command', command: 'confirm', section_id: sectionId, offset: start, revision: this._revision, ...more,
    });
    return element('li', {},
      element('button', { type: 'button', class: 'doubt-go', onclick: () => goTo(sectionId, start, end) },
        element('strong', {}, isGap ? text : `Check “${shortened(text)}”`), ` ${doubt.message}`),
      doubt.offer
        ? element('button', { type: 'button', class: 'small', onclick: () => settle({ text: doubt.offer ?? '' }) }, `Write “${doubt.offer}”`)
        : '',
      element('button', { type: 'button', class: 'quiet small', onclick: () => settle({}) }, isGap ? 'Accept the gap' : isAnswer ? 'Accept this text' : 'It is right'));
  }
}
