// What the page says of a microphone that is silent, too quiet or too loud.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { levelInWords } from '../../web/selectors.js';

/** @param {string} microphone @param {string|undefined} level */
function told(microphone, level) {
  return levelInWords(/** @type {any} */ ({ microphone: { state: microphone }, audio: level ? { level } : null }));
}

test('each trouble has words beside the meter and a sentence with what to do', () => {
  assert.match(told('on', 'silent')?.sentence ?? '', /muted/);
  assert.match(told('on', 'quiet')?.sentence ?? '', /Move closer/);
  assert.match(told('on', 'clipping')?.sentence ?? '', /Move away/);
  assert.match(told('on', 'narrow')?.sentence ?? '', /by its cable/);
  assert.deepEqual(['silent', 'quiet', 'clipping', 'narrow'].map((level) => told('on', level)?.short),
    ['No sound', 'Very quiet', 'Too loud', 'Telephone sound']);
});

test('nothing is said of a microphone that is fine, that is off or of which nothing has come', () => {
  assert.equal(told('on', 'fine'), null);
  assert.equal(told('on', undefined), null);
  assert.equal(told('off', 'silent'), null);
});
