// What an answer gives beside its words: boxes on a picture, changes, a lab table, thoughts, what was sent.

import { labs, prompt, promptImage } from '../answers.js';
import { element, setText } from './dom.js';

/** @typedef {import('../state.js').Answer} Answer */
/** @typedef {import('../state.js').Attachment} Attachment */
/** @typedef {() => import('../reports.js').SessionKey} Key */

const ALL = 'all attached';

/**
 * A node under an answer; `node.update(answer, pictures, current)` shows the latest state.
 * @param {Key} key
 */
export function findingsNode(key) {
  const thoughts = foldedNode('What the model thought', 'thoughts');
  const boxes = element('div', {});
  const changes = element('div', {});
  const table = element('div', {});
  const record = element('div', {});
  const sent = sentNode(key);
  const node = element('div', { class: 'findings' }, thoughts, boxes, changes, table, record, sent);
  /** @type {Partial<Answer>} */
  let shown = {};
  const update = (/** @type {Answer} */ answer, /** @type {Attachment[]} */ pictures, /** @type {boolean} */ current) => {
    thoughts.hidden = !answer.thoughts;
    if (answer.thoughts !== shown.thoughts) setText(thoughts.body, answer.thoughts ?? '');
    if (answer.boxes !== shown.boxes) boxes.replaceChildren(...boxesNodes(answer, pictures));
    if (answer.changes !== shown.changes) changes.replaceChildren(...changesNodes(answer.changes));
    if (answer.labs !== shown.labs) table.replaceChildren(...labsNodes(answer, key));
    if (answer.record !== shown.record) record.replaceChildren(...recordNodes(answer.record));
    sent.update(answer, current);
    shown = answer;
  };
  return Object.assign(node, { update });
}

/** @param {string} title @param {string} name */
function foldedNode(title, name) {
  const body = element('div', { class: 'folded-text' });
  return Object.assign(
    element('details', { class: 'folded', 'data-testid': name }, element('summary', {}, title), body), { body });
}

/** @param {Answer} answer @param {Attachment[]} pictures */
function boxesNodes({ boxes: found, context }, pictures) {
  const picture = pictures.find((each) => each.id === found?.attachment_id);
  if (!found || !picture) return [];
  const percent = (/** @type {number} */ part, /** @type {number} */ whole) => `${(100 * part) / whole}%`;
  const marks = found.boxes.map((box) => {
    const mark = element('div', { class: 'box', 'data-testid': 'box' }, element('span', { class: 'box-label' }, box.label));
    mark.style.left = percent(box.x0, found.width_px);
    mark.style.top = percent(box.y0, found.height_px);
    mark.style.width = percent(box.x1 - box.x0, found.width_px);
    mark.style.height = percent(box.y1 - box.y0, found.height_px);
    return mark;
  });
  const which = context && context.images !== ALL ? `, ${context.images}` : '';
  const names = found.boxes.map((box) => box.label).join(', ');
  return [element('figure', { class: 'boxes' },
    element('div', { class: 'boxes-picture' },
      element('img', { src: `${picture.url}?size=large`, alt: `${picture.name}, with boxes around: ${names}` }), ...marks),
    element('figcaption', {}, `On ${picture.name}${which}: ${names}. Approximate places, by the model. `
      + 'Only anatomy on frontal chest X-rays was trained.'))];
}

/** @param {Answer['changes']} found */
function changesNodes(found) {
  if (!found) return [];
  const rows = found.changes.map((each) => element('tr', {}, element('th', { scope: 'row' }, each.finding), element('td', {}, each.change)));
  return [element('table', { class: 'found-table', 'data-testid': 'changes' },
    element('caption', {}, `Change since ${found.since}, as the model says`), element('tbody', {}, ...rows))];
}

/** @param {Answer['record']} found */
function recordNodes(found) {
  if (!found) return [];
  const items = found.named.map((each) => element('li', { title: each.reference },
    element('span', { class: 'source-number' }, `[${each.label}]`), ` ${each.text}`));
  const title = found.named.length > 0 ? 'Sources in the record' : 'This answer cites nothing in the record. Check the record itself.';
  return [element('div', { class: 'sources', 'data-testid': 'record' },
    element('h4', {}, title), element('ul', {}, ...items),
    element('p', { class: 'fine' }, `${found.read} resources were read for it.`))];
}

const FLAGS = {
  '': '', low: '↓ low', normal: 'normal', high: '↑ high', abnormal: '! abnormal',
  'critical low': '‼ ↓ critical low', 'critical high': '‼ ↑ critical high', critical: '‼ critical',
};

/** The flag, and the report's own where it says more or contradicts. @param {NonNullable<Answer['labs']>['rows'][number]} row */
function flagWords(row) {
  const own = row.printed && (row.note || !row.flag) ? `printed: ${row.printed}` : '';
  return [FLAGS[row.flag], own].filter(Boolean).join(', ');
}

/** @param {Answer} answer @param {Key} key */
function labsNodes(answer, key) {
  const found = answer.labs;
  if (!found) return [];
  const columns = ['Name', 'Result', 'Flag', 'Unit', 'Reference']; // a phone shows the first ones
  const rows = found.rows.map((row) => element('tr', { class: (row.flag && row.flag !== 'normal') || row.note || (row.printed && !row.flag) ? 'flagged' : '' },
    element('th', { scope: 'row' }, row.name), element('td', {}, row.result), element('td', {}, flagWords(row)),
    element('td', {}, row.unit), element('td', {}, row.reference)));
  const trouble = element('p', { class: 'failed', role: 'alert' });
  trouble.hidden = true;
  const file = (/** @type {'csv'|'fhir'} */ format, /** @type {string} */ label, /** @type {string} */ name) => element('button', {
    type: 'button', class: 'quiet small',
    onclick: async () => {
      trouble.hidden = true;
      try {
        save(await labs(key(), answer.responseId, format), name);
      } catch (error) {
        trouble.textContent = /** @type {Error} */ (error).message;
        trouble.hidden = false;
      }
    },
  }, label);
  return [
    element('div', { class: 'found-scroll', role: 'group', 'aria-label': 'Lab table', tabIndex: 0 },
      element('table', { class: 'found-table', 'data-testid': 'labs' },
        element('caption', {}, 'Read from the report by the model. Compare with the report before use'),
        element('thead', {}, element('tr', {}, ...columns.map((each) => element('th', { scope: 'col' }, each)))),
        element('tbody', {}, ...rows))),
    ...found.rows.filter((row) => row.note).map((row) => element('p', { class: 'fine lab-note' }, `⚠ ${row.name}: ${row.note}`)),
    found.rejected > 0 && element('p', { class: 'fine' }, `${found.rejected} more could not be read as rows: see the report itself.`),
    found.rejected_rows.length > 0 && element('ul', { class: 'fine', 'data-testid': 'labs-rejected' }, ...found.rejected_rows.map((each) => element('li', {}, each))),
    element('div', { class: 'found-tools' }, file('csv', 'Save as CSV', 'labs.csv'), file('fhir', 'Save as FHIR', 'labs.fhir.json')),
    trouble,
  ].filter((each) => each !== false);
}

/** @param {Blob} data @param {string} name */
function save(data, name) {
  const url = URL.createObjectURL(data);
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** What was sent to the model, fetched when it is opened. @param {Key} key */
function sentNode(key) {
  const node = foldedNode('What was sent to the model', 'sent');
  const box = node.body;
  /** @type {Answer|null} */
  let answer = null;
  node.addEventListener('toggle', async () => {
    if (!node.open || !answer) return;
    try {
      const id = answer.responseId;
      const parts = await prompt(key(), id);
      box.replaceChildren(...await Promise.all(parts.map(async (part) => {
        if (part.type === 'text') return element('pre', {}, part.text);
        const url = URL.createObjectURL(await promptImage(key(), id, part.image));
        const picture = element('img', { src: url, alt: part.source, class: 'sent-image' });
        picture.addEventListener('load', () => URL.revokeObjectURL(url));
        return element('figure', {}, picture, element('figcaption', { class: 'fine' }, part.source));
      })));
    } catch (error) {
      box.replaceChildren(element('p', { class: 'failed' }, /** @type {Error} */ (error).message));
    }
  });
  const update = (/** @type {Answer} */ now, /** @type {boolean} */ current) => {
    answer = now;
    node.hidden = !current || !now.answered || now.engine.declines || now.status === 'in_progress';
  };
  return Object.assign(node, { update });
}
