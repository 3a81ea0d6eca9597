// What may come in place of what is selected: a field's pick list, what else was meant; by click or key.

import { byId, element, setText } from './dom.js';
import { isSame, placeIn } from '../caret.js';
import { placeOf, rangeOf, select } from './places.js';

/** @typedef {import('../caret.js').Place} Place */

const SAID_MS = 2000;

/**
 * @param {HTMLElement} report
 * @param {() => import('./report.js').Report} latest
 * @param {() => Place|null} placeNow   where the next words go
 * @param {import('../events.js').Send} send
 */
export function fieldMenu(report, latest, placeNow, send) {
  const menu = byId('field-menu');
  const said = element('span', { class: 'caret-said', 'aria-hidden': 'true', hidden: true });
  const scroll = byId('report-scroll');
  scroll.append(said); // beside the report, so that it is never read as its text
  let at = -1;
  /** @type {Place|null} */
  let numbered = null; // what the words in the menu were said for: its numbers are keys
  /** @type {number|undefined} */
  let timer;

  report.addEventListener('click', (event) => {
    const field = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest('.field'));
    if (field) enter(field);
  });
  menu.addEventListener('toggle', (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== 'closed') return;
    mark(-1);
    numbered = null;
  });

  /** Select a field: typing replaces it. @param {HTMLElement} field */
  function enter(field) {
    const range = document.createRange();
    range.selectNodeContents(field);
    select(range);
    const place = placeOf(field, 0);
    if (place) offer(choicesAt(place.sectionId, place.offset), { section_id: place.sectionId, offset: place.offset });
  }

  /**
   * @param {string[]} choices @param {{section_id: string, offset: number}} place
   */
  function offer(choices, place) {
    numbered = null;
    if (!choices.length) return hide();
    const range = rangeOf(place.section_id, place.offset, place.offset);
    const box = range?.getBoundingClientRect();
    if (!box) return hide();
    const { revision } = latest();
    menu.replaceChildren(...choices.map((text, i) => element('button', {
      type: 'button', class: 'quiet', id: `choice-${i + 1}`, onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
      onclick: () => {
        send({ type: 'assistant.document.command', command: 'choose', ...place, revision, text });
        hide();
      },
    }, element('span', { class: 'choice-number', 'aria-hidden': 'true' }, `${i + 1} `), text)));
    menu.showPopover();
    const below = (said.hidden ? box : said.getBoundingClientRect()).bottom + 4;
    const fits = below + menu.offsetHeight < innerHeight - 8;
    menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - 280))}px`;
    menu.style.top = `${fits ? below : Math.max(8, box.top - 4 - menu.offsetHeight)}px`;
    mark(-1);
    return undefined;
  }

  function hide() {
    if (menu.matches(':popover-open')) menu.hidePopover();
  }

  /** @param {number} number  of the choice that Enter takes; -1 is none */
  function mark(number) {
    at = number;
    [...menu.children].forEach((each, i) => each.classList.toggle('chosen', i === at));
    const text = document.activeElement;
    if (!(text instanceof HTMLElement) || !text.matches('#report [data-section]')) return;
    if (at >= 0) text.setAttribute('aria-activedescendant', `choice-${at + 1}`);
    else text.removeAttribute('aria-activedescendant');
  }

  // Before the keys of the page and of the text.
  document.addEventListener('keydown', (event) => {
    if (!menu.matches(':popover-open') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/** @type {Element} */ (event.target).matches('input, textarea, select')) return; // typed elsewhere
    const count = menu.children.length;
    const number = event.key === 'Enter' ? at : numbered && /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
    if (event.key === 'ArrowDown') mark((at + 1) % count);
    else if (event.key === 'ArrowUp') mark((at + count) % (count + (at < 0 ? 1 : 0)));
    else if (number >= 0 && number < count) /** @type {HTMLElement} */ (menu.children[number]).click();
    else {
      if (event.key.length === 1 || event.key === 'Escape') hide();
      if (event.key !== 'Escape') return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });

  report.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Tab' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!/** @type {Element} */ (event.target).matches('[data-section]')) return;
    const field = fieldFrom(event.shiftKey);
    if (!field) return hide(); // and on to what is behind the report
    event.preventDefault();
    const text = /** @type {HTMLElement} */ (field.closest('[data-section]'));
    if (document.activeElement !== text) text.focus({ preventScroll: true });
    enter(field);
    field.scrollIntoView({ block: 'nearest' });
    return undefined;
  });

  /** The next field behind the selection, or the last one before it. @param {boolean} back */
  function fieldFrom(back) {
    const here = getSelection()?.rangeCount ? getSelection()?.getRangeAt(0) : null;
    const fields = /** @type {HTMLElement[]} */ ([...report.querySelectorAll('.field')]);
    if (!here) return undefined;
    return back
      ? fields.findLast((field) => here.comparePoint(field, field.childNodes.length) < 0)
      : fields.find((field) => here.comparePoint(field, 0) > 0);
  }

  /** @param {string} sectionId @param {number} offset */
  function choicesAt(sectionId, offset) {
    let start = 0;
    for (const run of latest().sections.find((each) => each.id === sectionId)?.runs ?? []) {
      if (start === offset && run.field) return run.field.choices ?? [];
      start += [...run.text].length;
    }
    return [];
  }

  return {
    /** A command was carried out: what it said stands at the caret for a while.
     * @param {import('../protocol.js').CommandDone} done @param {HTMLElement} bar  where the caret is */
    told(done, bar) {
      const place = placeNow();
      if (!place || !bar.parentElement) return;
      if (done.message) {
        const [at, from] = [bar.getBoundingClientRect(), scroll.getBoundingClientRect()];
        said.style.left = `${at.left - from.left + scroll.scrollLeft}px`;
        said.style.top = `${at.bottom - from.top + scroll.scrollTop}px`;
        setText(said, done.message);
        said.hidden = false;
        clearTimeout(timer);
        timer = setTimeout(() => { said.hidden = true; }, SAID_MS);
      }
      const { choices = [], choices_for: chosen } = done;
      if (!chosen || !isSame(place, placeIn({ ...latest(), selected: chosen, also_selected: [] }))) return;
      offer(choices, place.start);
      numbered = place;
    },
    /** The report is drawn: what was offered for other words goes. */
    drawn() {
      if (numbered && !isSame(numbered, placeNow())) hide();
    },
  };
}
