// Whose report it is and what it was ordered for: a line over the report, and the fields behind it.

import { byId, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */

const PATIENT = /** @type {const} */ (['id', 'name', 'born', 'sex']);
const ORDER = /** @type {const} */ (['accession', 'exam', 'at']);

/** @param {{send: import('../events.js').Send}} actions */
export function aboutView({ send }) {
  const dialog = byId('about', 'dialog');
  const form = byId('about-form', 'form');
  const input = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (byId(`about-${name}`));
  /** @type {State['described']} */
  let described = null;

  byId('about-open').addEventListener('click', () => {
    for (const name of PATIENT) input(name).value = described?.patient[name] ?? '';
    for (const name of ORDER) input(name).value = described?.order[name] ?? '';
    dialog.showModal();
  });
  byId('about-close').addEventListener('click', () => dialog.close());
  form.addEventListener('submit', () => {
    const values = (/** @type {readonly string[]} */ names) =>
      Object.fromEntries(names.map((name) => [name, input(name).value.trim()]));
    send({
      type: 'assistant.report.describe',
      patient: /** @type {import('../protocol.js').Patient} */ (values(PATIENT)),
      order: /** @type {import('../protocol.js').Order} */ (orderNow(values(ORDER))),
    });
  });

  /** What the order's sender says of it goes with its number. @param {Record<string, string>} written */
  function orderNow(written) {
    return written.accession === (described?.order.accession ?? '') ? { ...described?.order, ...written } : written;
  }

  return (/** @type {State} */ state) => {
    if (state.described === described && byId('about-open').textContent) return;
    described = state.described;
    setText(byId('about-open'), aboutInWords(described));
  };
}

/** @param {State['described']} described */
export function aboutInWords(described) {
  const { patient, order } = described ?? {};
  const who = [patient?.name, patient?.id].filter(Boolean).join(', ');
  const what = [order?.exam, order?.accession].filter(Boolean).join(', ');
  return [who || 'No patient', what].filter(Boolean).join(' · ');
}
