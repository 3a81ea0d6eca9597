// The fields of a report: a click selects one, and offers its pick list.

import { codePoints } from '../merge.js';
import { byId, element } from './dom.js';

/**
 * @param {HTMLElement} report
 * @param {() => import('./report.js').Report} latest
 * @param {import('../events.js').Send} send
 */
export function fieldMenu(report, latest, send) {
  const menu = byId('field-menu');
  report.addEventListener('click', (event) => {
    const field = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest('.field'));
    if (field) open(field);
  });

  /** @param {HTMLElement} field */
  function open(field) {
    getSelection()?.selectAllChildren(field); // typing replaces it
    const section = /** @type {HTMLElement|null} */ (field.closest('[data-section]'));
    const before = document.createRange();
    if (!section) return;
    before.selectNodeContents(section);
    before.setEndBefore(field);
    const text = section.textContent ?? '';
    const place = { section_id: section.dataset.section, offset: codePoints(text, before.toString().length), revision: latest().revision };
    const choices = choicesAt(place.section_id ?? '', place.offset);
    if (!choices.length) return;
    menu.replaceChildren(...choices.map((choice) => element('button', {
      type: 'button', class: 'quiet',
      onclick: () => {
        send({ type: 'assistant.document.command', command: 'choose', ...place, text: choice });
        menu.hidePopover();
      },
    }, choice)));
    const box = field.getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - 280))}px`;
    menu.style.top = `${box.bottom + 4}px`;
    menu.showPopover();
  }

  /** @param {string} sectionId @param {number} offset */
  function choicesAt(sectionId, offset) {
    let at = 0;
    for (const run of latest().sections.find((each) => each.id === sectionId)?.runs ?? []) {
      if (at === offset && run.field) return run.field.choices ?? [];
      at += [...run.text].length;
    }
    return [];
  }
}
