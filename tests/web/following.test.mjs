import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arrive, setHere } from '../../web/following.js';
import { lines, whose } from '../../web/own.js';

class Store extends Map {
  getItem(key) { return this.get(key) ?? null; }
  setItem(key, value) { this.set(key, value); }
  removeItem(key) { this.delete(key); }
}

test('what was set elsewhere comes whole; the microphone and tokens stay', () => {
  const store = new Store([['assistant.style', '{"dates":"long"}'], ['assistant.expected', 'x'], ['assistant.microphone', 'mine']]);
  assert.equal(arrive(store, { 'assistant.style': '{"dates":"day_first"}', 'assistant.microphone': 'other', 'assistant.handsfree': 5 }), true);
  assert.deepEqual(setHere(store), { 'assistant.style': '{"dates":"day_first"}' });
  assert.equal(store.getItem('assistant.microphone'), 'mine');
  assert.equal(arrive(store, setHere(store)), false);
});

test('a server that keeps nothing changes nothing', () => {
  const store = new Store([['assistant.style', 'x']]);
  assert.equal(arrive(store, {}), false);
  assert.deepEqual(setHere(store), { 'assistant.style': 'x' });
});

test('whose it is, and lines', () => {
  assert.deepEqual([whose(''), whose('shared'), whose('group:it')], ['', 'for everybody', 'of it']);
  assert.deepEqual(lines(' a \n\n b'), ['a', 'b']);
});
