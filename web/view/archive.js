// Series of the hospital's archive: found by the study's number, attached by a click.

import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../uploads.js').Answer} Answer */
/** @typedef {import('../uploads.js').Series} Series */

/**
 * @param {{post: (path: string, body: Record<string, string>) => Promise<Answer>}} actions
 */
export function archiveView({ post }) {
  const dialog = byId('archive', 'dialog');
  const list = byId('archive-series');
  const say = (/** @type {string} */ words) => setText(byId('archive-said'), words);

  /** @param {Answer} answer */
  const trouble = (answer) => answer.body?.error?.message ?? answer.body?.problems?.[0]?.message
    ?? 'The server could not be reached. Try again.';

  /** @param {Series} series */
  const attach = async (series) => {
    say('Fetching…');
    const answer = await post('pacs/attach', { study: series.study, series: series.series });
    if (answer.status === 201) return dialog.close();
    return say(trouble(answer));
  };

  byId('archive-open').addEventListener('click', () => {
    list.replaceChildren();
    say('');
    dialog.showModal();
  });
  byId('archive-find', 'form').addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    list.replaceChildren();
    say('Looking…');
    const answer = await post('pacs/find', { number: byId('archive-number', 'input').value });
    if (answer.status !== 200) return say(trouble(answer));
    return show(answer.body?.series ?? []);
  });

  /** @param {Series[]} found */
  function show(found) {
    const theirs = found.filter((series) => series.whose !== 'other');
    if (found.length === 0) say('Nothing was found.');
    else if (theirs.length === 0) say('These pictures are of another patient than the report. None can be attached.');
    else say(`${theirs.length} series. Choose one to attach.`);
    list.replaceChildren(...found.map((series) => element('li', {},
      series.whose === 'other'
        ? element('p', { class: 'fine' }, words(series))
        : element('button', { type: 'button', class: 'quiet', onclick: () => attach(series) }, words(series)),
      series.warning ? element('p', { class: 'wrong' }, series.warning) : '')));
  }

  const draw = (/** @type {State} */ state) => {
    byId('archive-open').hidden = !state.session?.archive;
  };
  return Object.assign(draw, {
    /** Show the series that the archive has by the first of these numbers by which it has some. @param {string[]} numbers */
    async offer(numbers) {
      for (const number of numbers) {
        const answer = await post('pacs/find', { number });
        const found = answer.status === 200 ? answer.body?.series ?? [] : [];
        if (found.length === 0) continue;
        if (dialog.open) return;
        byId('archive-number', 'input').value = number;
        show(found);
        dialog.showModal();
        return;
      }
    },
  });
}

/** @param {Series} series */
function words(series) {
  const date = String(series.date).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  return [series.modality, series.description, date, `${series.count} image${series.count === 1 ? '' : 's'}`].filter(Boolean).join(' · ');
}
