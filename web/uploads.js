// Images to the server, with progress. No DOM.

let count = 0;

/**
 * @param {File} file
 * @param {{id: string, token: string}} session
 * @param {(event: {type: string, [field: string]: any}) => void} dispatch  gets `local.upload…` and `local.notice`
 * @returns {Promise<boolean>} whether the server took it; the picture itself arrives as assistant.attachment.added
 */
export function upload(file, session, dispatch) {
  count += 1;
  const id = count;
  const name = file.name || 'image';
  const failed = (/** @type {string} */ message) => dispatch({ type: 'local.notice', code: 'upload_failed', message });
  if (!session.id) {
    failed(`“${name}” was not attached: there is no connection to the server. Try again once it is back.`);
    return Promise.resolve(false);
  }
  dispatch({ type: 'local.upload', upload: { id, name, progress: 0 } });
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(); // fetch tells no progress of what is sent
    const query = new URLSearchParams({ session: session.id, name });
    request.open('POST', `/v1/attachments?${query}`);
    request.setRequestHeader('X-Session-Token', session.token);
    if (file.type) request.setRequestHeader('Content-Type', file.type);
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) {
        dispatch({ type: 'local.upload', upload: { id, name, progress: event.loaded / event.total } });
      }
    });
    request.addEventListener('loadend', () => {
      dispatch({ type: 'local.upload_ended', id });
      if (request.status === 201) return resolve(true);
      failed(`“${name}” was not attached: ${reason(request)}`);
      return resolve(false);
    });
    request.send(file);
  });
}

/** @param {XMLHttpRequest} request */
function reason(request) {
  try {
    const message = JSON.parse(request.responseText).error?.message;
    if (message) return message;
  } catch { /* not JSON: say it below */ }
  return request.status === 0 ? 'the server could not be reached. Try again.' : `the server refused it (${request.status}).`;
}
