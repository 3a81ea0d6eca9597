import assert from 'node:assert/strict';
import { test } from 'node:test';

import { defaults, parse, shortcutOf } from '../../web/shortcuts.js';

test('single keys act as they are set, in either case, and not at all when they are off', () => {
  assert.equal(shortcutOf(defaults, 'M'), 'mic');
  assert.equal(shortcutOf(defaults, '?'), 'help');
  assert.equal(shortcutOf(defaults, 'x'), undefined);
  assert.equal(shortcutOf({ ...defaults, on: false }, 'm'), undefined);
  const changed = parse('{"keys": {"mic": "X", "sleep": ""}}');
  assert.equal(shortcutOf(changed, 'x'), 'mic');
  assert.equal(shortcutOf(changed, 'm'), undefined);
  assert.equal(shortcutOf(changed, 's'), undefined);
});

test('what makes no sense is the default', () => {
  for (const stored of [null, '', 'x', 'null', '[]', '{"keys": 3}', '{"keys": {"mic": "mm", "sleep": 4, "ask": " "}}']) {
    assert.deepEqual(parse(stored), { on: true, keys: { ...defaults.keys } });
  }
  assert.equal(parse('{"on": false}').on, false);
});
