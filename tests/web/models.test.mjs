import assert from 'node:assert/strict';
import { test } from 'node:test';

import { change, look, progress, size } from '../../web/models.js';

const key = { id: 'sess/1', token: 'secret' };

/** @param {(url: string, request: RequestInit) => unknown} answer */
function serve(answer) {
  const asked = [];
  globalThis.fetch = async (url, request) => {
    asked.push([url, request]);
    return answer(url, request);
  };
  return asked;
}

const json = (body, ok = true) => ({ ok, json: async () => body });

test('it asks for its own session with its token, and changes go as JSON', async () => {
  const asked = serve(() => json({ offers: [] }));
  assert.deepEqual(await look(key), { offers: [] });
  await change(key, 'use', { id: 'x' });
  assert.deepEqual(asked.map(([url, { method, body }]) => [url, method, body]), [
    ['/v1/sessions/sess%2F1/models', 'GET', undefined],
    ['/v1/sessions/sess%2F1/models/use', 'POST', '{"id":"x"}'],
  ]);
  for (const [, { headers }] of asked) assert.equal(headers['X-Session-Token'], 'secret');
});

test('a refusal is told in the words of the server, a failure in words of its own', async () => {
  serve(() => json({ error: { code: 'microphone_on', message: 'Stop the microphone first.' } }, false));
  await assert.rejects(change(key, 'use', {}), /Stop the microphone first/);
  serve(() => { throw new TypeError('network'); });
  await assert.rejects(look(key), /could not be reached/);
  serve(() => ({ ok: true, json: async () => { throw new SyntaxError('x'); } }));
  await assert.rejects(look(key), /could not be reached/);
});

test('sizes and progress are in words', () => {
  assert.equal(size(3_341_147_200), '3.3 GB');
  assert.equal(size(250_000_000), '250 MB');
  const download = { name: 'm', done: 1.2e9, total: 3.3e9, code: '', message: 'No token.' };
  assert.equal(progress({ ...download, phase: 'running' }), '1.2 GB of 3.3 GB');
  assert.equal(progress({ ...download, phase: 'running', done: 3.3e9 }), 'Checking the files …');
  assert.equal(progress({ ...download, phase: 'stopped' }), 'Stopped at 1.2 GB of 3.3 GB. What was downloaded is kept.');
  assert.equal(progress({ ...download, phase: 'failed' }), 'No token.');
  assert.equal(progress({ ...download, phase: 'done' }), 'Downloaded and checked.');
  assert.equal(progress({ ...download, phase: 'idle' }), '');
});
