// The page makes of patches what the server has.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { patched } from '../../web/patching.js';
import { initialState, reduce } from '../../web/state.js';

const rows = JSON.parse(readFileSync(new URL('../data/patches.json', import.meta.url), 'utf-8'));

test('the patches of a session lead to its report', () => {
  let report = null;
  for (const { event, report: wanted } of rows) {
    report = event.type === 'assistant.document.changed' ? event : patched(report, event);
    assert.deepEqual(report, wanted);
  }
});

test('a patch of another revision than the known one is not taken, and that is told', () => {
  const { event } = rows.find((row) => row.event.type === 'assistant.document.patched');
  assert.equal(patched(null, event), null);
  const state = reduce(initialState, event);
  assert.equal(state.document, null);
  assert.match(state.notices[0].id, /^report_out_of_step-/);
});

test('a warning that nothing is stored is not pushed out by other notices', () => {
  let state = initialState;
  for (const code of ['store_failed', 'a', 'b', 'c', 'd']) {
    state = reduce(state, { type: 'assistant.notice', level: 'warning', code, message: code });
  }
  assert.deepEqual(state.notices.map((each) => each.message), ['store_failed', 'b', 'c', 'd']);
  state = reduce(state, { type: 'assistant.notice', level: 'info', code: 'store_works', message: 'e' });
  assert.ok(!state.notices.some((each) => each.message === 'store_failed'));
});
