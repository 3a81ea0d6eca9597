import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SENTENCE, compared, isWhole, wrongOf } from '../../web/checking.js';

test('the sentence as it may be written is heard without a difference', () => {
  const written = [
    SENTENCE,
    SENTENCE.toUpperCase(),
    `${SENTENCE.slice(0, -1)} period.`,
    `${SENTENCE.slice(0, -1)} full stop`,
    'The patient was started on metoprolol 25 mg twice daily and atorvastatin 40mg at bedtime',
    'the patient was started on metoprolol twenty five milligrams twice daily, and atorvastatin forty milligrams at bedtime.',
  ];
  for (const heard of written) {
    assert.deepEqual(wrongOf(compared(heard)), [], heard);
    assert.ok(isWhole(compared(heard)));
  }
});

test('each word that is lost, added or changed is shown at its place, and no word is left out', () => {
  const said = compared('').map((part) => part.said);
  for (let i = 0; i < said.length; i += 1) {
    assert.deepEqual(wrongOf(compared(said.toSpliced(i, 1).join(' '))), [{ said: said[i], heard: '' }]);
    assert.deepEqual(wrongOf(compared(said.toSpliced(i, 1, 'zebra').join(' '))), [{ said: said[i], heard: 'zebra' }]);
    assert.deepEqual(wrongOf(compared(said.toSpliced(i, 0, 'zebra').join(' '))), [{ said: '', heard: 'zebra' }]);
  }
  const heard = 'patient stated on metoprolol fifteen milligrams daily twice and at bed time';
  const parts = compared(heard);
  assert.deepEqual(parts.map((part) => part.said).filter(Boolean), said);
  assert.equal(parts.map((part) => part.heard).filter(Boolean).join(' '), heard);
});

test('a number that was heard otherwise is a difference', () => {
  const wrong = wrongOf(compared('The patient was started on metoprolol 50 mg twice daily and atorvastatin 14 mg at bedtime.'));
  assert.deepEqual(wrong.map((part) => part.heard).filter(Boolean).sort(), ['14', '50']);
});

test('it is whole when its end was heard', () => {
  assert.ok(!isWhole(compared('')));
  assert.ok(!isWhole(compared('The patient was started on metoprolol 25 mg twice daily')));
  assert.ok(isWhole(compared('patients started metoprolol and a statin forty milligrams at bedtime')));
});
