// Orders: what is to be reported, by hand or from hospital systems. No DOM.

import { ask } from './worklist.js';

/**
 * @typedef {object} ListedOrder   as assistant/server/orders.py has it
 * @property {string} id
 * @property {('hand'|'fhir'|'dicom'|'hl7')[]} sources
 * @property {'open'|'taken'|'held'|'cancelled'|'done'} state
 * @property {import('./protocol.js').Patient} patient
 * @property {import('./protocol.js').Order} order
 * @property {string} modality
 * @property {string} note
 * @property {string} received_at
 * @property {string} changed_at
 * @property {''|'other_patient'|'patient_changed'} doubt
 * @property {boolean} changed   since its report was begun
 * @property {string} report_id
 * @property {boolean} by_hand
 *
 * @typedef {{source: string, works: boolean, at: string, message: string}} OrderSource
 */

const SOURCES = { hand: 'by hand', fhir: 'FHIR', dicom: 'worklist', hl7: 'HL7' };
const STATES = { open: 'To be reported', taken: 'You report it', held: 'On hold', cancelled: 'Cancelled', done: 'Done elsewhere' };
const DOUBTS = {
  '': '',
  other_patient: 'Two patients have this order number. Ask the sender to correct it; it cannot be opened.',
  patient_changed: 'A message named another patient for this order and was refused. Ask the sender; it cannot be opened.',
};

/** @param {Record<string, string>} query @returns {Promise<{orders: ListedOrder[], count: number, sources: OrderSource[]}>} */
export async function listedOrders(query) {
  return (await ask(`/v1/orders?${new URLSearchParams(query)}`, 'GET')).json();
}

/** An order by hand. @param {import('./protocol.js').Patient} patient @param {Partial<import('./protocol.js').Order>} order */
export async function writeOrder(patient, order) {
  await ask('/v1/orders', 'POST', { patient, order });
}

/** Begin its report, or go on with it. @param {string} id @returns {Promise<{id: string, token: string}>} */
export async function openOrder(id) {
  return (await ask(`/v1/orders/${encodeURIComponent(id)}/open`, 'POST')).json();
}

/** @param {string} id */
export async function removeOrder(id) {
  await ask(`/v1/orders/${encodeURIComponent(id)}`, 'DELETE');
}

/** Whether its report can be begun or gone on with. @param {ListedOrder} order */
export function mayOpen(order) {
  return order.state === 'taken' || (order.state === 'open' && !order.doubt);
}

/** Patient and examination in a line. @param {ListedOrder} order */
export function orderHeading({ patient, order }) {
  const born = patient.born ? `born ${patient.born}` : '';
  const who = [patient.name, patient.id, born].filter(Boolean).join(', ');
  return [who, [order.exam, order.accession].filter(Boolean).join(', ')].filter(Boolean).join(' · ');
}

/** Time, state and sources in a line. @param {ListedOrder} order */
export function orderLine(order) {
  const from = order.sources.map((source) => SOURCES[source]).join(' and ');
  const changed = order.changed ? 'Changed since its report was begun' : '';
  return [order.order.at?.replace('T', ' '), order.modality, STATES[order.state], from, changed].filter(Boolean).join(' · ');
}

/** The reason not to trust it, or ''. @param {ListedOrder} order */
export function orderDoubt(order) {
  return DOUBTS[order.doubt];
}

/** The state of the hospital systems in sentences. @param {OrderSource[]} sources */
export function sourcesInWords(sources) {
  return sources
    .map(({ source, works, message }) => {
      const name = SOURCES[/** @type {keyof typeof SOURCES} */ (source)] ?? source;
      return works ? [`${name}: connected.`, message].filter(Boolean).join(' ') : `${name}: ${message || 'not asked yet.'}`;
    })
    .join(' ');
}
