import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Caret, isSame, placeIn } from '../../web/caret.js';

const at = (offset, section_id = 'text') => ({ section_id, offset });
const place = (start, end = start) => ({ start: at(start), end: at(end) });
const report = (cursor, { selected = null, also_selected = [], applied = [], revision = 1 } = {}) =>
  ({ revision, sections: [], cursor: at(cursor), selected, also_selected, applied, can_undo: false, can_redo: false, doubtful: [] });

/** A browser and a connection. */
function page(start = 0) {
  const it = { selection: place(start), settled: true, open: true, sent: [] };
  it.caret = new Caret({
    read: () => it.selection, isSettled: () => it.settled,
    send: (event) => it.open && Boolean(it.sent.push(event)),
  });
  it.select = (where) => {
    it.selection = where;
    it.caret.selectionChanged();
  };
  it.caret.changed(report(start));
  return it;
}

test('a place is the cursor, or what is selected, over several sections too', () => {
  assert.deepEqual(placeIn(report(4)), place(4));
  const selected = { section_id: 'text', start: 1, end: 4 };
  assert.deepEqual(placeIn(report(4, { selected })), place(1, 4));
  const also_selected = [{ section_id: 'b', start: 0, end: 9 }, { section_id: 'c', start: 0, end: 2 }];
  assert.deepEqual(placeIn(report(4, { selected, also_selected })), { start: at(1), end: at(2, 'c') });
  assert.ok(!isSame(place(1), place(1, 2)) && isSame(place(1), place(1)) && !isSame(place(1), null));
});

test('a selection is told at once, the next when the first is answered, and only the newest', () => {
  const it = page();
  it.select(place(1, 3));
  it.select(place(1, 5));
  it.select(place(1, 8));
  assert.deepEqual(it.sent.map(({ offset, end }) => [offset, end]), [[1, 3]]);
  const answer = report(3, { selected: { section_id: 'text', start: 1, end: 3 }, applied: [it.sent[0].event_id] });
  assert.equal(it.caret.changed(answer), false, 'the browser is not to go back');
  assert.deepEqual(it.sent.map(({ offset, end }) => [offset, end]), [[1, 3], [1, 8]]);
  const last = report(8, { selected: { section_id: 'text', start: 1, end: 8 }, applied: [it.sent[1].event_id] });
  assert.equal(it.caret.changed(last), true);
  assert.equal(it.sent.length, 2);
});

test('the browser follows the server, unless a hand has moved the selection since', () => {
  const it = page();
  assert.equal(it.caret.changed(report(20)), true);
  it.selection = place(20);
  it.caret.selectionChanged(); // the page moved it
  assert.equal(it.sent.length, 0);
  it.select(place(5));
  assert.equal(it.caret.changed(report(30, { revision: 2 })), false);
  assert.equal(it.sent.length, 1);
});

test('a field that the server selects as a whole is followed', () => {
  const it = page();
  it.select(place(4));
  const selected = { section_id: 'text', start: 2, end: 9 };
  assert.equal(it.caret.changed(report(9, { selected, applied: [it.sent[0].event_id] })), true);
});

test('while typed text is under way the place waits, and what typing implies is not told', () => {
  const it = page();
  it.settled = false;
  it.select(place(1));
  assert.equal(it.sent.length, 0);
  it.settled = true;
  assert.equal(it.caret.changed(report(1)), true);
  assert.equal(it.sent.length, 0);
  it.settled = false;
  it.select(place(9));
  it.settled = true;
  it.caret.changed(report(2, { revision: 3 }));
  assert.deepEqual(it.sent.map(({ offset, revision }) => [offset, revision]), [[9, 3]]);
});

test('a place is told though the focus went elsewhere first, and where the text was drawn anew meanwhile', () => {
  const it = page();
  it.settled = false;
  it.select(place(2, 6));
  it.select(null);
  it.caret.redrawn(place(4, 8));
  assert.deepEqual(it.caret.coming, place(4, 8));
  it.settled = true;
  assert.equal(it.caret.changed(report(1, { revision: 3 })), false);
  assert.deepEqual(it.sent.map(({ offset, end, revision }) => [offset, end, revision]), [[4, 8, 3]]);
});

test('a caret that goes back to where the server’s was before what was typed is not the server’s', () => {
  const it = page(4);
  it.settled = false;
  it.select(place(8));
  it.select(place(4));
  it.settled = true;
  assert.equal(it.caret.changed(report(8, { revision: 2 })), false);
  assert.deepEqual(it.sent.map(({ offset }) => offset), [4]);
});

test('without a connection the place is kept, and goes when there is one', () => {
  const it = page();
  it.open = false;
  it.select(place(7));
  it.open = true;
  it.caret.reconnected();
  assert.equal(it.sent.at(-1).offset, 7);
  it.caret.reconnected(); // its answer was lost
  assert.equal(it.sent.length, 2);
});

test('a place that is refused gives way to the server’s', () => {
  const it = page();
  it.select(place(7));
  assert.equal(it.caret.refused('edit-1'), false);
  assert.equal(it.caret.refused(it.sent[0].event_id), true);
  assert.equal(it.caret.changed(report(3)), true);
});

test('what is selected outside the report is not the place', () => {
  const it = page(6);
  it.select(null);
  assert.equal(it.sent.length, 0);
  assert.deepEqual(it.caret.place, place(6));
});
