// Files to the server, with progress. No DOM.

const PHOTO = /\.(?:png|jpe?g|webp)$/i;
/** More at once than this, or anything but photos, goes as one upload whose files may belong together. */
const MOST_SINGLE = 8;
const AT_ONCE = 4;
const MOST_TOLD = 4;

let count = 0;

/**
 * @typedef {{file: File, path: string}} Given  a file, and where it lay in what was dropped
 * @typedef {{id: string, token: string}} Session
 * @typedef {(event: import('./events.js').LocalEvent) => void} Dispatch  gets `local.upload…` and `local.notice`
 */

/**
 * Send files to be attached; the attachments themselves arrive as assistant.attachment.added.
 * @param {Given[]} given
 * @param {Session} session
 * @param {Dispatch} dispatch
 * @returns {Promise<void>}
 */
export async function uploadAll(given, session, dispatch) {
  if (given.length === 0) return;
  if (given.length <= MOST_SINGLE && given.every(({ path }) => PHOTO.test(path) && !path.includes('/'))) {
    for (const { file } of given) await single(file, session, dispatch); // images are numbered as they are given
  } else if (given.length === 1 && !given[0].path.includes('/')) {
    await single(given[0].file, session, dispatch);
  } else {
    await together(given, session, dispatch);
  }
}

/** @param {File} file @param {Session} session @param {Dispatch} dispatch */
async function single(file, session, dispatch) {
  const name = file.name || 'image';
  const shown = progressOf(name, dispatch);
  const query = new URLSearchParams({ name });
  const answer = await send('POST', `attachments?${query}`, session, file, {}, shown.sent);
  shown.end();
  if (answer.status !== 201) tell(dispatch, `“${name}” was not attached: ${reason(answer)}`);
}

/** @param {Given[]} given @param {Session} session @param {Dispatch} dispatch */
async function together(given, session, dispatch) {
  const name = named(given);
  const shown = progressOf(name, dispatch);
  const total = given.reduce((sum, { file }) => sum + file.size, 0) || 1;
  let sent = 0;
  let answer = await send('POST', 'uploads', session, null);
  if (answer.status === 201) {
    const id = answer.body?.id;
    const waiting = [...given];
    /** @type {Answer|null} */
    let failed = null;
    const sender = async () => {
      for (let next = waiting.shift(); next && !failed; next = waiting.shift()) {
        const before = next.file.size;
        const put = await send('PUT', `uploads/${id}`, session, next.file,
          { 'X-File-Name': encodeURIComponent(next.path) });
        if (![204, 400, 413].includes(put.status)) failed = put; // a file that is refused is told of at the end
        sent += before;
        shown.sent(sent / total);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
    answer = failed ?? await send('POST', `uploads/${id}/finish`, session, null);
  }
  shown.end();
  const problems = answer.body?.problems?.map((/** @type {{message: string}} */ each) => each.message);
  if (problems?.length) {
    const more = problems.length > MOST_TOLD ? ` And ${problems.length - MOST_TOLD} more.` : '';
    tell(dispatch, `${problems.slice(0, MOST_TOLD).join(' ')}${more}`);
  } else if (answer.status !== 201) {
    tell(dispatch, `“${name}” was not attached: ${reason(answer)}`);
  }
}

/** @param {Given[]} given */
function named(given) {
  const folders = new Set(given.map(({ path }) => (path.includes('/') ? path.split('/')[0] : '')));
  if (given.length === 1) return given[0].path;
  const [folder] = folders;
  return folders.size === 1 && folder ? folder : `${given.length} files`;
}

/** @param {string} name @param {Dispatch} dispatch */
function progressOf(name, dispatch) {
  count += 1;
  const id = count;
  const sent = (/** @type {number} */ progress) => dispatch({ type: 'local.upload', upload: { id, name, progress } });
  sent(0);
  return { sent, end: () => dispatch({ type: 'local.upload_ended', id }) };
}

/**
 * The server's JSON, of which a field may be missing in an error.
 * @typedef {{study: string, series: string, modality: string, description: string, date: string, count: number,
 *   whose: 'same'|'other'|'unknown', warning: string}} Series
 * @typedef {{error?: {message?: string}, problems?: {message: string}[], id?: string, series?: Series[]}} Body
 * @typedef {{status: number, body: Body|null}} Answer
 */

/**
 * Ask the server for something of this session.
 * @param {string} path
 * @param {Record<string, string>} body
 * @param {Session} session
 * @returns {Promise<Answer>}
 */
export function post(path, body, session) {
  return send('POST', path, session, JSON.stringify(body));
}

/**
 * @param {string} method
 * @param {string} path  below the session's address
 * @param {Session} session
 * @param {File|string|null} body
 * @param {Record<string, string>} [headers]
 * @param {(part: number) => void} [sent]
 * @returns {Promise<Answer>}
 */
function send(method, path, session, body, headers = {}, sent = undefined) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(); // fetch tells no progress of what is sent
    request.open(method, `/v1/sessions/${encodeURIComponent(session.id)}/${path}`);
    request.setRequestHeader('X-Session-Token', session.token);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) sent?.(event.loaded / event.total);
    });
    request.addEventListener('loadend', () => resolve({ status: request.status, body: parsed(request.responseText) }));
    request.send(body);
  });
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Why the server did not do what it was asked. @param {Answer} answer */
export function reason({ status, body }) {
  if (body?.error?.message) return body.error.message;
  if (body?.problems?.[0]) return body.problems[0].message;
  return status === 0 ? 'the server could not be reached. Try again.' : `the server refused it (${status}).`;
}

/** @param {Dispatch} dispatch @param {string} message */
function tell(dispatch, message) {
  dispatch({ type: 'local.notice', code: 'upload_failed', message });
}
