// The list of reports: drafts at first, and the archive by patient, order, author, day and words.

import { compared, copied, deleted, heading, keptWhere, listed, opened } from '../worklist.js';
import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../worklist.js').Listed} Listed */

const WORDS = { draft: 'Draft', final: 'Signed', amending: 'Being amended', amended: 'Amended' };

/**
 * @param {{open: (token: string) => void, startNew: () => boolean, current: () => string}} actions
 *   ``startNew``: false if the person would rather stay; ``current``: the id of the report on the page
 */
export function worklistView({ open, startNew, current }) {
  const dialog = byId('worklist', 'dialog');
  const form = byId('worklist-find', 'form');
  const list = byId('worklist-reports');
  const say = (/** @type {string} */ words) => setText(byId('worklist-said'), words);
  let asked = 0;

  /** Show what fits the fields. @returns {Promise<number>} how many there are */
  async function find() {
    const run = ++asked;
    const query = Object.fromEntries(/** @type {Iterable<[string, string]>} */ (new FormData(form)));
    try {
      const reports = await listed(query);
      if (run !== asked) return reports.length;
      list.replaceChildren(...reports.map(row));
      say(reports.length === 0 ? 'No report fits.' : `${reports.length} report${reports.length === 1 ? '' : 's'}`);
      return reports.length;
    } catch (error) {
      list.replaceChildren();
      say(/** @type {Error} */ (error).message);
      return 0;
    }
  }

  /** @param {Listed} report */
  function row(report) {
    const isHere = report.id === current();
    const name = heading(report);
    return element('li', { 'data-report': report.id },
      element('div', { class: 'worklist-what' },
        element('p', { class: 'worklist-name' }, name),
        element('p', { class: 'fine' }, [WORDS[report.state], at(report.changed_at), report.author].filter(Boolean).join(' · ')),
        element('p', { class: 'worklist-text' }, report.excerpt || 'No text yet')),
      isHere
        ? element('p', { class: 'fine' }, 'On this page')
        : element('button', { type: 'button', class: 'outlined', 'aria-label': `Open: ${name}`, onclick: () => void show(report) }, 'Open'),
      element('button', { type: 'button', class: 'quiet', 'aria-label': `Copy as new: ${name}`, onclick: () => void copy(report) }, 'Copy as new'),
      element('button', { type: 'button', class: 'quiet', 'aria-label': `Compare with the prior one: ${name}`, onclick: () => void contrast(report) }, 'Compare'),
      element('button', { type: 'button', class: 'quiet', 'aria-label': `Delete: ${name}`, onclick: () => void drop(report) }, 'Delete'));
  }

  /** @param {Listed} report */
  async function show(report) {
    if (report.is_open && !confirm('This report is open elsewhere. Go on with it here?')) return;
    try {
      open(await opened(report.id));
      dialog.close();
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {Listed} report */
  async function copy(report) {
    try {
      open(await copied(report.id));
      dialog.close();
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {Listed} report */
  async function contrast(report) {
    const place = byId('worklist-compared');
    try {
      const sections = await compared(report.id);
      place.replaceChildren(
        element('h3', {}, `Since the prior report: ${heading(report)}`),
        ...sections.flatMap(({ title, pieces }) => [
          title ? element('h4', {}, title) : '',
          element('p', { class: 'compared' }, ...pieces.map(({ kind, text }) =>
            (kind === 'same' ? element('span', {}, text) : element(kind === 'added' ? 'ins' : 'del', {}, text)))),
        ]),
      );
      place.hidden = false;
      place.focus();
    } catch (error) {
      place.hidden = true;
      say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {Listed} report */
  async function drop(report) {
    if (!confirm(`Delete this report for good? “${heading(report)}”`)) return;
    try {
      await deleted(report.id);
      await find();
      say('Deleted.');
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }

  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    void find();
  });
  form.addEventListener('change', () => void find());
  byId('worklist-open').addEventListener('click', () => {
    form.reset();
    dialog.showModal();
    void find();
  });
  byId('worklist-new').addEventListener('click', () => {
    if (startNew()) dialog.close();
  });

  /** @type {State['session']} */
  let session = null;
  let isFirst = true;
  const draw = (/** @type {State} */ state) => {
    if (state.session === session) return;
    session = state.session;
    byId('worklist-open').hidden = !session?.keeping;
    for (const place of ['worklist-kept', 'settings-kept']) setText(byId(place), session ? keptWhere(session.keeping) : '');
  };
  return Object.assign(draw, {
    /**
     * At the page's beginning, without a report of its own: show the drafts, if there are any.
     * @param {import('../protocol.js').SessionCreated} created
     */
    async greet({ session: { keeping }, resumed }) {
      const greets = isFirst && !resumed && Boolean(keeping);
      isFirst = false;
      if (!greets) return;
      byId('worklist-state', 'select').value = 'draft';
      if ((await find()) > 0 && !dialog.open) dialog.showModal();
    },
  });
}

/** @param {string} iso */
function at(iso) {
  return new Date(iso).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}
