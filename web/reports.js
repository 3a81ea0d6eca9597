// The report from the server: as a file, its checks, its words' places and their audio. No DOM.

/**
 * @typedef {{id: string, token: string}} SessionKey
 * @typedef {{code: string, message: string, section_id: string, start: number, end: number}} Finding
 * @typedef {import('./protocol.js').WordPlace} WordPlace
 */

/** What can be chosen, as assistant/export/formats.py has it, under the names that people use. */
export const FORMATS = Object.freeze([
  { name: 'docx', group: 'Documents', label: 'Word', hint: '.docx' },
  { name: 'pdf', group: 'Documents', label: 'PDF', hint: '.pdf' },
  { name: 'txt', group: 'Documents', label: 'Plain text', hint: '.txt' },
  { name: 'html', group: 'Documents', label: 'Web page', hint: '.html' },
  { name: 'md', group: 'Documents', label: 'Markdown', hint: '.md' },
  { name: 'hl7', group: 'Records', label: 'Hospital system', hint: 'HL7 v2, ORU^R01' },
  { name: 'fhir', group: 'Records', label: 'Diagnostic report', hint: 'FHIR DiagnosticReport' },
  { name: 'fhir-document', group: 'Records', label: 'Note', hint: 'FHIR DocumentReference' },
  { name: 'json', group: 'Records', label: 'Words and times', hint: '.json' },
  { name: 'srt', group: 'Subtitles', label: 'For players', hint: '.srt' },
  { name: 'vtt', group: 'Subtitles', label: 'For the web', hint: '.vtt' },
]);
export const GROUPS = Object.freeze(['Documents', 'Records', 'Subtitles']);

/** The report as a file. @param {SessionKey} key @param {string} format @returns {Promise<{name: string, data: Blob}>} */
export async function exported(key, format) {
  const response = await get(key, `export?format=${encodeURIComponent(format)}`);
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  return { name: name ?? `report.${format}`, data: await response.blob() };
}

/** What to look at before it leaves. @param {SessionKey} key @returns {Promise<Finding[]>} */
export async function findings(key) {
  return (await (await get(key, 'checks')).json()).findings;
}

/** Where the spoken words stand. @param {SessionKey} key @returns {Promise<{revision: number, words: WordPlace[]}>} */
export async function words(key) {
  return (await get(key, 'words')).json();
}

/** What was said from one time to another, as WAV. @param {SessionKey} key @param {number} startMs @param {number} endMs */
export async function audio(key, startMs, endMs) {
  return (await get(key, `audio?start_ms=${Math.max(0, startMs)}&end_ms=${endMs}`)).blob();
}

/** @param {SessionKey} key @param {string} what @returns {Promise<Response>} rejects with a sentence for people */
export async function get(key, what) {
  if (!key.id) throw new Error('No connection to the server. Try again when it is back.');
  /** @type {Response} */
  let response;
  try {
    response = await fetch(`/v1/sessions/${encodeURIComponent(key.id)}/${what}`, {
      headers: { 'X-Session-Token': key.token }, cache: 'no-store',
    });
  } catch {
    throw new Error('The server could not be reached. Try again.');
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new Error(body?.error?.message ?? `The server refused it (${response.status}).`);
}
