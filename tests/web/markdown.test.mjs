import assert from 'node:assert/strict';
import test from 'node:test';

import { inline, parse } from '../../web/markdown.js';
import { spoken, wholeSentences } from '../../web/sentences.js';

/** @param {any} node @returns {string} */
const flat = (node) => (Array.isArray(node) ? node.map(flat).join('') : node.text ?? flat(node.children ?? node.blocks ?? node.items ?? []));

test('headings, lists, code and tables are told apart', () => {
  const tree = parse('# A\ntext\nmore\n\n- one\n  - in\n- two\n\n3. x\n4. y\n\n```\n<b>\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> q\n\n---');
  assert.deepEqual(tree.map((block) => block.type), ['heading', 'paragraph', 'list', 'list', 'code', 'table', 'quote', 'rule']);
  const [, , bullets, numbers] = /** @type {any[]} */ (tree);
  assert.equal(bullets.items.length, 2);
  assert.equal(bullets.items[0][1].type, 'list');
  assert.equal(numbers.start, 3);
});

test('bold, italic, code and links', () => {
  assert.deepEqual(inline('a **b** *c* `d` [e](https://x.y)').map((each) => each.type),
    ['text', 'strong', 'text', 'em', 'text', 'code', 'text', 'link']);
  assert.deepEqual(inline('snake_case_name 3 * 4 * 5'), [{ type: 'text', text: 'snake_case_name 3 * 4 * 5' }]);
});

test('only http and https become links; everything else stays text', () => {
  for (const href of ['javascript:alert(1)', 'data:text/html,x', '//x.y', 'JaVaScRiPt:x', 'vbscript:x', 'file:///x']) {
    assert.ok(inline(`[a](${href})`).every((each) => each.type === 'text'), href);
  }
});

test('HTML is text', () => {
  assert.equal(flat(parse('<img src=x onerror=alert(1)>')), '<img src=x onerror=alert(1)>');
});

test('any beginning of an answer parses, quickly, and no word is lost', () => {
  const answer = '**Yes.** See `a` and:\n\n1. one *two*\n   - three\n2. four\n\n| a | b |\n|--|--|\n| 1 | 2 |\n```\ncode\n```\nEnd [l](https://x.y).';
  for (let i = 0; i <= answer.length; i += 1) parse(answer.slice(0, i));
  const began = performance.now();
  parse('*'.repeat(4000) + 'a'.repeat(4000) + '['.repeat(4000) + '> '.repeat(2000));
  parse('- '.repeat(3000));
  assert.ok(performance.now() - began < 2000);
});

test('announcements are whole sentences, without marks', () => {
  assert.equal(wholeSentences('No sign. The lu'), 8);
  assert.equal(wholeSentences('It is 3.5 mm wide'), 0);
  assert.equal(wholeSentences('See Dr. Smith'), 0);
  assert.equal(wholeSentences('- one\n- two'), 6);
  assert.equal(spoken('### Signs\n- **no** [line](https://x.y) `seen`'), 'Signs no line seen');
});
