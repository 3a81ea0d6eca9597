// What a person keeps on the page: own words, templates, macros, what was corrected. No DOM.

/**
 * @typedef {{id: string, of: string, written: string, sounds_like: string[]}} Word
 * @typedef {{title: string, text: string}} Section
 * @typedef {{id: string, of: string, name: string, sections: Section[]}} Template
 * @typedef {{id: string, of: string, name: string, text: string, section?: string}} Macro
 * @typedef {{id: string, heard: string, written: string, at: number}} Correction
 * @typedef {{keep_corrections: boolean, page: Record<string, unknown>}} Settings
 * @typedef {'words'|'templates'|'macros'} Kind
 * @typedef {object} Kept   `of` is empty for one's own, `shared`, or `group:NAME`
 * @property {boolean} lasts   false: it goes when the server stops
 * @property {Word[]} words
 * @property {Template[]} templates
 * @property {Macro[]} macros
 * @property {Settings} [settings]
 * @property {Correction[]} [corrections]
 * @typedef {{text: string, doubts: {start: number, end: number, message: string, offer: string}[]}} Tried
 */

/** @param {string} path @param {string} [method] @param {unknown} [body] @returns {Promise<any>} rejects with a sentence for people */
export async function ask(path, method = 'GET', body = undefined) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      method, cache: 'no-store',
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
  } catch {
    throw new Error('The server could not be reached. Try again.');
  }
  const given = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Error(given?.error?.message ?? `The server refused it (${response.status}).`);
  return given;
}

/** What is kept at `/v1/own` or `/v1/shared`, the latter for all or a group. */
export class OwnThings {
  /** @param {'/v1/own'|'/v1/shared'} base @param {string} [group] */
  constructor(base, group = '') {
    this._base = base;
    this._query = group ? `?${new URLSearchParams({ group })}` : '';
  }

  /** @returns {Promise<Kept>} */
  all() {
    return ask(`${this._base}${this._query}`);
  }

  /** Add it, or change the one with this id. @param {Kind} kind @param {object} body @param {string} [id] */
  put(kind, body, id = '') {
    const path = `${this._base}/${kind}${id && `/${encodeURIComponent(id)}`}${this._query}`;
    return ask(path, id ? 'PUT' : 'POST', body);
  }

  /** @param {Kind|'corrections'} kind @param {string} id */
  drop(kind, id) {
    return ask(`${this._base}/${kind}/${encodeURIComponent(id)}${this._query}`, 'DELETE');
  }

  dropCorrections() {
    return ask(`${this._base}/corrections`, 'DELETE');
  }

  /** @param {string} heard @returns {Promise<Tried>} */
  tried(heard) {
    return ask(`${this._base}/try`, 'POST', { heard });
  }

  /** @param {Settings} settings */
  set(settings) {
    return ask(`${this._base}/settings`, 'PUT', settings);
  }
}

/** Whose it is, where it is not one's own. @param {string} of */
export function whose(of) {
  if (of === 'shared') return 'for everybody';
  return of.startsWith('group:') ? `of ${of.slice('group:'.length)}` : '';
}

/** Lines as they are typed into a box, without empty ones. @param {string} text */
export function lines(text) {
  return text.split('\n').map((each) => each.trim()).filter(Boolean);
}
