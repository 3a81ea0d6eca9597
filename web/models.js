// The server's models over HTTP. No DOM.

/**
 * @typedef {{id: string, token: string}} SessionKey
 * @typedef {{name: string, phase: 'idle'|'running'|'stopped'|'failed'|'done', done: number, total: number, code: string,
 *   message: string}} Download
 * @typedef {{id: string, title: string, where: string, medgemma: boolean, in_use: boolean}} Offer
 * @typedef {{name: string, purpose: string, licence: string, home: string, size: number, here: boolean, begun: boolean,
 *   accepted: boolean, terms: {name: string, url: string, modified: string, points: string[]}|null}} Bundle
 * @typedef {object} Models
 * @property {boolean} may_change
 * @property {{name: string, where: string, licence: string}} hears
 * @property {{name: string, where: string, licence: string, declines: boolean, sees_images: boolean, why: string}} answers
 * @property {Offer[]} offers
 * @property {string[]} locked      servers that want a key
 * @property {string} none_because  why nothing is offered
 * @property {Bundle[]} bundles
 * @property {Download} download
 */

/** What is used, offered and downloaded. @param {SessionKey} key @returns {Promise<Models>} */
export function look(key) {
  return ask(key, '', { method: 'GET' });
}

/**
 * Change something; gives what is so afterwards.
 * @param {SessionKey} key
 * @param {'use'|'pull'|'stop'} what
 * @param {{id?: string, name?: string, accept_terms?: boolean}} fields
 * @returns {Promise<Models>}
 */
export function change(key, what, fields) {
  return ask(key, `/${what}`, { method: 'POST', body: JSON.stringify(fields) });
}

/** @param {SessionKey} key @param {string} what @param {RequestInit} request @returns {Promise<Models>} rejects with a sentence */
async function ask(key, what, request) {
  const headers = { 'X-Session-Token': key.token };
  const response = await fetch(`/v1/sessions/${encodeURIComponent(key.id)}/models${what}`, { ...request, headers }).catch(() => null);
  const body = await response?.json().catch(() => null);
  if (response?.ok && body) return body;
  throw new Error(body?.error?.message ?? 'The server could not be reached. Try again.');
}

/** "3.3 GB", "251 MB". @param {number} bytes */
export function size(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/** How far a download is, in words. @param {Download} download */
export function progress({ phase, done, total, message }) {
  const part = total ? `${size(done)} of ${size(total)}` : size(done);
  switch (phase) {
    case 'running': return done >= total && total ? 'Checking the files …' : part;
    case 'stopped': return `Stopped at ${part}. What was downloaded is kept.`;
    case 'failed': return message;
    case 'done': return 'Downloaded and checked.';
    default: return '';
  }
}
