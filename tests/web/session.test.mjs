import assert from 'node:assert/strict';
import test from 'node:test';

import { Session } from '../../web/session.js';

class FakeSocket extends EventTarget {
  constructor(/** @type {string} */ url, /** @type {string[]} */ protocols) {
    super();
    this.url = url;
    this.protocols = protocols;
    this.readyState = 1;
    /** @type {any[]} */
    this.sent = [];
  }

  send(/** @type {any} */ data) { this.sent.push(data); }

  close() { this.readyState = 3; }

  says(/** @type {any} */ event) { this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(event) })); }

  breaks() { this.readyState = 3; this.dispatchEvent(new Event('close')); }
}

function setUp(/** @type {any} */ t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const kept = new Map();
  /** @type {FakeSocket[]} */
  const sockets = [];
  /** @type {any[]} */
  const events = [];
  const network = new EventTarget();
  const session = new Session((event) => events.push(event), {
    url: 'ws://x/v1/realtime', network,
    connect: (url, protocols) => /** @type {any} */ (sockets[sockets.push(new FakeSocket(url, protocols)) - 1]),
    storage: { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) },
  });
  session.open();
  return { session, sockets, events, network, kept, wait: (/** @type {number} */ ms) => t.mock.timers.tick(ms) };
}

const created = (token = 'tok', resumed = false) => ({ type: 'session.created', seq: 0, resumed, session: { id: 's', resume_token: token } });

test('a broken connection comes back with the token and the last number taken', (t) => {
  const { sockets, wait } = setUp(t);
  assert.equal(sockets[0].url, 'ws://x/v1/realtime');
  sockets[0].says(created());
  sockets[0].says({ type: 'x', seq: 7 });
  sockets[0].breaks();
  wait(500);
  assert.equal(sockets[1].url, 'ws://x/v1/realtime?after=7');
  assert.deepEqual(sockets.map((each) => each.protocols), [['assistant'], ['assistant', 'assistant.resume.tok']]);
});

test('a session that is gone counts from the start again', (t) => {
  const { sockets, wait } = setUp(t);
  sockets[0].says(created());
  sockets[0].says({ type: 'x', seq: 7 });
  sockets[0].breaks();
  wait(500);
  sockets[1].says(created('new', false));
  sockets[1].says({ type: 'x', seq: 1 });
  sockets[1].breaks();
  wait(500);
  assert.equal(sockets[2].url, 'ws://x/v1/realtime?after=1');
  assert.deepEqual(sockets[2].protocols, ['assistant', 'assistant.resume.new']);
});

test('tries grow apart up to ten seconds, and the network coming back is taken at once', (t) => {
  const { sockets, wait, network } = setUp(t);
  for (const ms of [500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
    const before = sockets.length;
    sockets.at(-1)?.breaks();
    wait(ms - 1);
    assert.equal(sockets.length, before);
    wait(1);
    assert.equal(sockets.length, before + 1);
  }
  sockets.at(-1)?.breaks();
  const before = sockets.length;
  network.dispatchEvent(new Event('online'));
  assert.equal(sockets.length, before + 1);
});

test('a server that says nothing is given up and tried again', (t) => {
  const { sockets, wait, events } = setUp(t);
  wait(8000);
  assert.equal(events.at(-1).phase, 'waiting');
  wait(500);
  assert.equal(sockets.length, 2);
});

test('closing for good is not retried', (t) => {
  const { sockets, events, wait } = setUp(t);
  sockets[0].says(created());
  sockets[0].says({ type: 'assistant.session.closing', reason: 'end', retry: false });
  sockets[0].breaks();
  wait(60_000);
  assert.equal(sockets.length, 1);
  assert.equal(events.at(-1).phase, 'closed');
});

test('nothing is sent before the session is there, and starting anew forgets the token', (t) => {
  const { session, sockets } = setUp(t);
  assert.equal(session.send({ type: 'a' }), false);
  sockets[0].says(created());
  assert.equal(session.send({ type: 'a' }), true);
  assert.deepEqual(sockets[0].sent, ['{"type":"a"}']);
  session.startAnew();
  assert.equal(sockets[1].url, 'ws://x/v1/realtime');
  sockets[0].says({ type: 'late', seq: 9 });
  sockets[1].says(created('two'));
  assert.equal(session.token, 'two');
});
