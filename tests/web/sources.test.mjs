import assert from 'node:assert/strict';
import test from 'node:test';

import { contextInWords } from '../../web/sources.js';

test('what went with a question is said in words', () => {
  assert.equal(contextInWords(null), '');
  assert.equal(contextInWords({ document_chars: 0, earlier: 0, images: '' }), '');
  assert.equal(contextInWords({ document_chars: 9, earlier: 1, images: 'image 2 of 3, named by number' }),
    'Asked with the report so far · 1 earlier question · image 2 of 3, named by number');
  assert.equal(contextInWords({ document_chars: 0, earlier: 2, images: 'all attached' }),
    'Asked with 2 earlier questions · all attached images');
});
