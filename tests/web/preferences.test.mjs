import assert from 'node:assert/strict';
import test from 'node:test';

import { defaults, parse, wakePhrase } from '../../web/preferences.js';

test('what was stored is read, and what makes no sense is the default', () => {
  assert.deepEqual(parse(null), { ...defaults });
  assert.deepEqual(parse('not json'), { ...defaults });
  assert.deepEqual(parse('null'), { ...defaults });
  assert.deepEqual(parse('{"readAloud":1,"rate":"fast","wake":"all","talkKey":"KeyA","talk":"x","voice":3}'), { ...defaults });
  assert.equal(parse('{"rate":9}').rate, 2);
  const mine = { ...defaults, readAloud: true, voice: 'Samantha', rate: 1.4, wake: 'own', phrase: 'hey doctor', talkKey: '', talk: 'toggle' };
  assert.deepEqual(parse(JSON.stringify(mine)), mine);
});

test('the wake phrase is the word, the own words, or none', () => {
  assert.equal(wakePhrase(defaults), '');
  assert.equal(wakePhrase({ ...defaults, wake: 'assistant', phrase: 'x' }), 'assistant');
  assert.equal(wakePhrase({ ...defaults, wake: 'own', phrase: ' hey doctor ' }), 'hey doctor');
});
