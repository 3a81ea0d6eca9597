// What the checks of a report found, as a list in a dialog: each entry leads to its place.

import { findings } from '../reports.js';
import { element, setText } from './dom.js';
import { goTo } from './places.js';

/** @typedef {import('../reports.js').SessionKey} SessionKey */

const SHAPES = { side_mismatch: '⇄', field_unfilled: '▭', section_missing: '§', section_empty: '§', marker_unresolved: '{}', word_doubtful: '?', text_doubtful: '?', sound_lost: '…', answer_inserted: 'i', character_replaced: '□' };

/**
 * Check the report and list what was found. Throws what the server refuses.
 * @param {object} where
 * @param {HTMLDialogElement} where.dialog  closes when an entry is pressed
 * @param {HTMLElement} where.heading
 * @param {HTMLElement} where.list
 * @param {SessionKey} where.key
 * @param {(word: {section_id: string, start: number}) => void} where.explain  says what is known of a doubtful word
 * @returns {Promise<number>} how many places there are to look at
 */
export async function listFindings({ dialog, heading, list, key, explain }) {
  list.replaceChildren();
  setText(heading, 'Checking the report…');
  const found = await findings(key);
  setText(heading, found.length ? `${found.length === 1 ? '1 thing' : `${found.length} things`} to look at first` : 'The checks found nothing. Still read the whole report.');
  list.replaceChildren(...found.map((each) => element('li', {},
    element('button', {
      type: 'button', class: 'finding', 'data-code': each.code,
      onclick: () => {
        dialog.close();
        goTo(each.section_id, each.start, each.end);
        if (each.code === 'word_doubtful') explain(each);
      },
    },
    element('span', { class: 'finding-shape', 'aria-hidden': 'true' }, SHAPES[/** @type {keyof typeof SHAPES} */ (each.code)] ?? '!'),
    element('span', { class: 'finding-text' }, each.message), element('span', { class: 'finding-go' }, 'Show')))));
  return found.length;
}
