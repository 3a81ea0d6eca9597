// The reports that the server keeps: listed, found, opened, deleted. No DOM.

/**
 * @typedef {object} Listed   as assistant/storage/store.py has it
 * @property {string} id
 * @property {'draft'|'final'|'amending'|'amended'} state
 * @property {string} title
 * @property {string} created_at
 * @property {string} changed_at
 * @property {string} author
 * @property {string} patient_id
 * @property {string} patient_name
 * @property {string} patient_born
 * @property {string} accession
 * @property {string} exam
 * @property {string} exam_at
 * @property {string} excerpt
 * @property {boolean} is_open   its session is alive
 */

/** @param {Record<string, string>} query  fields that are empty ask for nothing @returns {Promise<Listed[]>} */
export async function listed(query) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value.trim()));
  return (await (await ask(`/v1/reports?${asked}`, 'GET')).json()).reports;
}

/** A token with which a session goes on with the report. @param {string} id @returns {Promise<string>} */
export async function opened(id) {
  return (await (await ask(`/v1/reports/${encodeURIComponent(id)}/open`, 'POST')).json()).token;
}

/** A new report with the text of this one, for the same patient. @param {string} id @returns {Promise<string>} its token */
export async function copied(id) {
  return (await (await ask(`/v1/reports/${encodeURIComponent(id)}/copy`, 'POST')).json()).token;
}

/**
 * What changed since the patient's prior report.
 * @param {string} id
 * @returns {Promise<{title: string, pieces: {kind: 'same'|'removed'|'added', text: string}[]}[]>}
 */
export async function compared(id) {
  return (await (await ask(`/v1/reports/${encodeURIComponent(id)}/compare`, 'GET')).json()).sections;
}

/** @param {string} id */
export async function deleted(id) {
  await ask(`/v1/reports/${encodeURIComponent(id)}`, 'DELETE');
}

/**
 * @param {string} path @param {string} method @param {object} [body]  sent as JSON
 * @returns {Promise<Response>} rejects with a sentence for people
 */
export async function ask(path, method, body) {
  /** @type {Response} */
  let response;
  try {
    const sent = body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {};
    response = await fetch(path, { method, cache: 'no-store', ...sent });
  } catch {
    throw new Error('The server could not be reached. Try again.');
  }
  if (response.ok) return response;
  const refusal = await response.json().catch(() => null);
  throw new Error(refusal?.error?.message ?? `The server refused it (${response.status}).`);
}

/** Whose report it is and what for, in a line. @param {Listed} report */
export function heading(report) {
  const patient = [report.patient_name, report.patient_id].filter(Boolean).join(', ');
  const order = [report.exam, report.accession].filter(Boolean).join(', ');
  return [patient || 'No patient', order || report.title].filter(Boolean).join(' · ');
}

/**
 * Where reports are kept and for how long, in a sentence.
 * @param {import('./protocol.js').Keeping|null|undefined} keeping
 */
export function keptWhere(keeping) {
  if (!keeping) return 'This server keeps no reports: they go when the session ends.';
  const drafts = keeping.drafts_days ? `drafts for ${days(keeping.drafts_days)} after their last change` : 'drafts until you delete them';
  const finals = keeping.finals_days ? `signed reports for ${days(keeping.finals_days)}` : 'signed reports until you delete them';
  const encrypted = keeping.encrypted ? ', encrypted' : '';
  return `Reports are kept in ${keeping.where} on the server${encrypted}: ${drafts}, ${finals}.`;
}

/** @param {number} count */
function days(count) {
  return count === 1 ? 'a day' : `${count} days`;
}
