import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SectionEditing, Turns } from '../../web/editing.js';
import { applied, codePoints, difference, merge, movedCaret, unitsOf } from '../../web/merge.js';

test('a difference is one place and never half a character', () => {
  for (const [before, after] of [['', 'a'], ['abc', 'abc'], ['aXc', 'aYYc'], ['aaa', 'aa'], ['x😀y', 'x😁y']]) {
    assert.equal(applied(before, difference(before, after)), after);
  }
  assert.equal(difference('x😀y', 'x😁y').text, '😁');
});

test('two changes in two places are both there', () => {
  assert.equal(merge('The lungs are clean.', 'The lungs are clear.', 'The lungs are clean. No effusion.'),
    'The lungs are clear. No effusion.');
  assert.equal(merge('one two', 'zero one two', 'one two three'), 'zero one two three');
  assert.equal(merge('one two', 'one 2', 'uno two'), 'uno 2');
});

test('two changes in one place keep the words of both', () => {
  assert.equal(merge('a normal heart', 'a large heart', 'a small heart'), 'a small large heart');
  assert.equal(merge('same', 'same!', 'same!'), 'same!');
});

test('a caret stays with its words', () => {
  assert.equal(movedCaret(5, 'hello', 'oh hello'), 8);
  assert.equal(movedCaret(2, 'hello', 'hello there'), 2);
});

test('offsets on the wire are code points', () => {
  assert.equal(codePoints('x😀y', 3), 2);
  assert.equal(unitsOf('x😀y', 2), 3);
});

/** A server that applies edits to one section and says so. */
function server() {
  const it = {
    text: '', revision: 0, applied: [], inbox: [], open: true,
    send: (event) => it.open && Boolean(it.inbox.push(event)),
    take() {
      const event = it.inbox.shift();
      if (it.applied.includes(event.event_id)) return;
      const points = [...it.text];
      points.splice(event.start, event.end - event.start, ...event.text);
      Object.assign(it, { text: points.join(''), revision: it.revision + 1 });
      it.applied.push(event.event_id);
    },
    says: (editing) => editing.changed(it.text, it.revision, it.applied),
  };
  return it;
}

test('typing goes on while an edit is under way, and all of it arrives', () => {
  const remote = server();
  const editing = new SectionEditing('text', remote.send, new Turns());
  for (const text of ['N', 'No', 'No e', 'No edema']) editing.typed(text);
  assert.equal(remote.inbox.length, 1);
  remote.take();
  assert.equal(remote.says(editing), 'No edema');
  remote.take();
  assert.equal(remote.says(editing), 'No edema');
  assert.equal(remote.text, 'No edema');
  assert.ok(editing.isSettled);
});

test('what is dictated while a person types stands beside it', () => {
  const remote = server();
  const editing = new SectionEditing('text', remote.send, new Turns());
  Object.assign(remote, { text: 'The lungs are clean.', revision: 4 });
  remote.says(editing);
  editing.typed('The lungs are clear.');
  remote.text += ' No effusion.'; // the final comes first
  remote.revision += 1;
  assert.equal(remote.says(editing), 'The lungs are clear.');
  remote.take();
  assert.equal(remote.says(editing), 'The lungs are clear. No effusion.');
});

test('a refused edit is merged and sent again', () => {
  const remote = server();
  const editing = new SectionEditing('text', remote.send, new Turns());
  editing.typed('typed');
  const { event_id: id } = remote.inbox.shift();
  Object.assign(remote, { text: 'Dictated.', revision: 9 });
  remote.says(editing);
  assert.equal(editing.refused('another'), null);
  assert.equal(editing.refused(id), 'typedDictated.');
  assert.equal(remote.inbox[0].revision, 9);
});

test('what was typed without a connection is sent when it is back, and only once', () => {
  const remote = server();
  const editing = new SectionEditing('text', remote.send, new Turns());
  remote.open = false;
  editing.typed('kept');
  remote.open = true;
  editing.reconnected();
  remote.take();
  editing.reconnected(); // the answer was lost with the connection
  remote.take();
  assert.equal(remote.says(editing), 'kept');
  assert.equal(remote.text, 'kept');
});

/** A report's server: sections apart, edits in the order in which they came. */
function report(ids) {
  const inbox = [];
  const turns = new Turns();
  const remotes = new Map(ids.map((id) => [id, { ...server(), applied: [] }]));
  const it = {
    order: [], open: true, inbox, turns,
    sections: new Map(ids.map((id) => [id, new SectionEditing(id, (event) => it.open && Boolean(inbox.push(event)), turns)])),
    take() {
      const event = inbox.shift();
      const remote = remotes.get(event.section_id);
      it.order.push(event.section_id);
      const points = [...remote.text];
      points.splice(event.start, event.end - event.start, ...event.text);
      remote.text = points.join('');
      remote.applied.push(event.event_id);
      for (const [id, section] of it.sections) section.changed(remotes.get(id).text, it.order.length, remotes.get(id).applied);
    },
    text: (id) => remotes.get(id).text,
  };
  return it;
}

test('what is typed in one section is whole before what is typed in the next, whenever the server answers', () => {
  let seed = 1;
  const random = (below) => { seed = (seed * 48_271) % 2_147_483_647; return seed % below; };
  for (let run = 0; run < 200; run += 1) {
    const it = report(['a', 'b', 'c']);
    for (const id of ['a', 'b', 'c']) {
      for (let i = 1; i <= 6; i += 1) {
        it.sections.get(id).typed('123456'.slice(0, i));
        while (random(3) === 0 && it.inbox.length) it.take();
      }
    }
    while (it.inbox.length) it.take();
    assert.deepEqual([...it.sections.keys()].map((id) => it.text(id)), ['123456', '123456', '123456']);
    assert.ok([...it.sections.values()].every((section) => section.isSettled));
    assert.equal(it.order.join(''), it.order.toSorted().join(''), 'no section is gone back to');
  }
});

test('a section that is gone, or that could not send, does not keep the others from sending', () => {
  const it = report(['a', 'b']);
  it.sections.get('a').typed('x');
  it.sections.get('b').typed('y');
  it.turns.leave(it.sections.get('a')); // its section was removed
  assert.deepEqual(it.inbox.map((event) => event.section_id), ['a', 'b']);

  const cut = report(['a', 'b']);
  cut.open = false;
  cut.sections.get('a').typed('x');
  cut.sections.get('b').typed('y');
  cut.open = true;
  for (const section of cut.sections.values()) section.reconnected();
  while (cut.inbox.length) cut.take();
  assert.deepEqual([cut.text('a'), cut.text('b')], ['x', 'y']);
});
