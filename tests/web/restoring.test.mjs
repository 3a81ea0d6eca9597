import assert from 'node:assert/strict';
import test from 'node:test';

import { restoringCommands, unfinishedSpeech } from '../../web/restoring.js';
import { initialState } from '../../web/state.js';

const section = (title, text, answers = []) => ({ title, text, pieces: answers.map((each) => ({ text: each, origin: 'answer' })) });
const written = (commands) => commands.map(({ name, text, origin }) => [name, text, origin]);

test('a lost report goes back section by section, and the cursor to where it was', () => {
  const findings = section('Findings', 'Clear lungs.\n');
  const commands = restoringCommands([findings, section('Impression', 'Normal.')], findings, '');
  assert.deepEqual(written(commands), [
    ['Findings', 'Clear lungs.', 'typed'], ['Impression', 'Normal.', 'typed'], ['Findings', '', 'typed'],
  ]);
  assert.ok(commands.every((each) => each.type === 'assistant.document.command' && each.command === 'insert_text'));
});

test('unfinished speech goes where it would have gone', () => {
  const impression = section('Impression', 'No');
  const commands = restoringCommands([section('Findings', 'Clear.'), impression], impression, 'pneumothorax');
  assert.deepEqual(written(commands).slice(0, 2), [['Findings', 'Clear.', 'typed'], ['Impression', 'No pneumothorax', 'typed']]);
  assert.deepEqual(written(restoringCommands([], undefined, 'no mass')), [['', 'no mass', 'typed']]);
});

test('text of an answer stays told apart from what a person wrote', () => {
  const text = 'Seen: a nodule of 4 mm. Follow up.';
  const commands = restoringCommands([section('', text, ['a nodule of 4 mm.', 'changed since'])], undefined, '');
  assert.deepEqual(written(commands), [
    ['', 'Seen: ', 'typed'], ['', 'a nodule of 4 mm.', 'answer'], ['', ' Follow up.', 'typed'],
  ]);
  assert.equal(commands.map((each) => each.text).join(''), text);
});

test('the mark of lost sound goes back as one', () => {
  const lost = { title: '', text: '8.1 cm [2.0 s not heard] of the liver', pieces: [{ text: '[2.0 s not heard]', origin: 'gap' }] };
  assert.deepEqual(written(restoringCommands([lost], undefined, '')), [
    ['', '8.1 cm ', 'typed'], ['', '[2.0 s not heard]', 'gap'], ['', ' of the liver', 'typed'],
  ]);
});

test('an empty report needs nothing; an empty section keeps its title', () => {
  assert.deepEqual(restoringCommands([section('', '  ')], undefined, ''), []);
  assert.deepEqual(written(restoringCommands([section('Impression', '')], undefined, '')), [['Impression', '', 'typed']]);
});

test('only speech of the session before is unfinished', () => {
  const entry = (epoch, text, unfinished) => ({ kind: 'utterance', epoch, text, unfinished });
  const entries = [entry(0, 'older', true), entry(1, 'no', true), entry(1, 'final', false), entry(1, 'mass', true)];
  assert.equal(unfinishedSpeech({ ...initialState, epoch: 2, entries }), 'no mass');
});
