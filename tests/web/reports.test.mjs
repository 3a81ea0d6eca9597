import assert from 'node:assert/strict';
import test from 'node:test';

import { audio, exported, findings } from '../../web/reports.js';

const key = { id: 'sess_1', token: 'secret' };

/** Answer the next requests with these. @param {any[]} answers @returns {any[]} what was asked */
function served(...answers) {
  /** @type {any[]} */
  const asked = [];
  globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ url, /** @type {any} */ options) => {
    asked.push({ url, token: options.headers['X-Session-Token'] });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return asked;
}

const json = (/** @type {any} */ body, status = 200) => new Response(JSON.stringify(body), { status });

test('an export has the name the server gave it, and the token is in a header only', async () => {
  const headers = { 'content-disposition': 'attachment; filename="report-20261124-0930.docx"' };
  const asked = served(new Response('bytes', { headers }));
  const { name, data } = await exported(key, 'docx');
  assert.equal(name, 'report-20261124-0930.docx');
  assert.equal(await data.text(), 'bytes');
  assert.deepEqual(asked, [{ url: '/v1/sessions/sess_1/export?format=docx', token: 'secret' }]);
});

test('what the server refuses is said in its words', async () => {
  served(json({ error: { code: 'audio_gone', message: 'This audio is not kept any more.' } }, 404), json(null, 500));
  await assert.rejects(audio(key, -150, 300), { message: 'This audio is not kept any more.' });
  await assert.rejects(findings(key), { message: 'The server refused it (500).' });
});

test('without a server or a session the reason is a sentence', async () => {
  served(new TypeError('Failed to fetch'));
  await assert.rejects(findings(key), /could not be reached/);
  await assert.rejects(findings({ id: '', token: '' }), /No connection/);
});

test('a word at the very start is asked for from zero', async () => {
  const asked = served(new Response('wav'));
  await audio(key, -150, 300);
  assert.match(asked[0].url, /start_ms=0&end_ms=300$/);
});
