import assert from 'node:assert/strict';
import { test } from 'node:test';

import { phrases } from '../../web/view/expected.js';

test('names stand one a line or between commas, each once, without the space around', () => {
  assert.deepEqual(phrases('vericiguat\n Dr. Okonkwo ,vericiguat;\n\n'), ['vericiguat', 'Dr. Okonkwo']);
  assert.deepEqual(phrases(' \n'), []);
});
