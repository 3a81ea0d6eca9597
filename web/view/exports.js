// Copy, and the export dialog: what to look at first, then the formats. Export is possible whatever is found.

import { FORMATS, GROUPS, exported } from '../reports.js';
import { hasDictation, transcript } from '../selectors.js';
import { listFindings } from './checks.js';
import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../reports.js').SessionKey} SessionKey */

/** @param {{key: () => SessionKey, explain: (word: {section_id: string, start: number}) => void}} actions */
export function exportsView({ key, explain }) {
  const dialog = byId('export', 'dialog');
  const said = byId('export-said');
  const chosen = byId('export-session', 'select');
  /** @type {State|null} */
  let state = null;

  byId('export-formats').append(...GROUPS.map((group) => element('div', { role: 'group', 'aria-label': group, class: 'format-group' },
    element('h4', {}, group),
    element('div', { class: 'formats' }, ...FORMATS.filter((format) => format.group === group).map((format) => element('button', {
      type: 'button', class: 'format', 'data-format': format.name, onclick: () => void save(format.name),
    }, element('strong', {}, format.label), element('span', {}, format.hint)))))));
  byId('export-open').addEventListener('click', open);
  chosen.addEventListener('change', () => {
    offerSubtitles();
    void showFindings();
  });
  byId('copy').addEventListener('click', async () => {
    const done = await copy().then(() => true, () => false);
    setText(byId('copy-word'), done ? 'Copied' : 'Not allowed');
    setTimeout(() => setText(byId('copy-word'), 'Copy'), 2000);
  });

  function open() {
    if (dialog.open) return;
    setText(said, '');
    offerEarlier();
    offerSubtitles();
    dialog.showModal();
    void showFindings();
  }

  /** Reports from before the server was restarted, where it stored them. */
  function offerEarlier() {
    const earlier = state?.earlier ?? [];
    byId('export-which').hidden = earlier.length === 0;
    chosen.replaceChildren(
      element('option', { value: '' }, 'This one'),
      ...earlier.map((_, i) => element('option', { value: String(i) }, `Before the server’s restart ${earlier.length > 1 ? i + 1 : ''}`)),
    );
  }

  /** Subtitles only where something was dictated; of a stored report the server knows. */
  function offerSubtitles() {
    const said = Boolean(chosen.value) || Boolean(state && hasDictation(state));
    for (const button of dialog.querySelectorAll('[data-format="srt"], [data-format="vtt"]')) {
      /** @type {HTMLElement} */ (button).hidden = !said;
      /** @type {HTMLElement} */ (button.closest('.format-group')).hidden = !said;
    }
  }

  function chosenKey() {
    return (chosen.value && state?.earlier[Number(chosen.value)]) || key();
  }

  async function showFindings() {
    const list = byId('export-findings');
    const heading = byId('export-checks');
    if (chosen.value) {
      list.replaceChildren();
      return setText(heading, 'This report is exported as it was stored. It is not checked again.');
    }
    try {
      await listFindings({ dialog, heading, list, key: key(), explain });
    } catch (error) {
      setText(heading, `The report could not be checked. ${/** @type {Error} */ (error).message}`);
    }
  }

  /** @param {string} format */
  async function save(format) {
    setText(said, 'Writing the file…');
    try {
      const { name, data } = await exported(chosenKey(), format);
      const url = URL.createObjectURL(data);
      element('a', { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      setText(said, `${name} was saved.`);
    } catch (error) {
      setText(said, `Export failed. ${/** @type {Error} */ (error).message}`);
    }
  }

  /** As text with its paragraphs, and as HTML for what can paste that; what this page knows without the server. */
  async function copy() {
    const part = async (/** @type {string} */ format, /** @type {string} */ type) =>
      new Blob([(await (await exported(key(), format)).data.text()).replace(/\n$/, '')], { type });
    try {
      await navigator.clipboard.write([new ClipboardItem({ 'text/plain': part('txt', 'text/plain'), 'text/html': part('html', 'text/html') })]);
    } catch {
      await navigator.clipboard.writeText(state ? transcript(state) : '');
    }
  }

  /** The report as the HTML export has it, in the browser's print dialog. */
  async function print() {
    const page = await (await exported(key(), 'html')).data.text();
    const frame = /** @type {HTMLIFrameElement} */ (element('iframe', { title: 'The report, as it is printed', tabIndex: -1, srcdoc: page }));
    await new Promise((resolve) => {
      frame.addEventListener('load', resolve, { once: true });
      byId('printed').replaceChildren(frame);
    });
    frame.contentWindow?.print();
  }

  return {
    open, print,
    copy: (/** @type {string} */ text) => navigator.clipboard.writeText(text),
    view: (/** @type {State} */ latest) => {
      state = latest;
    },
  };
}
