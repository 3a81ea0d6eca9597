// Sound that does not arrive at the server is told after two seconds, not at the end of what is kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Arrival } from '../../web/arriving.js';

/** An arrival that is looked at on a clock of its own. @param {'webrtc'|'websocket'} transport */
function begun(transport) {
  const told = /** @type {string[]} */ ([]);
  let now = 0;
  let looked = () => {};
  const arrival = new Arrival((words) => told.push(words), {
    now: () => now,
    repeat: (look) => {
      looked = look;
      return () => { looked = () => {}; };
    },
  });
  arrival.began(transport);
  return { arrival, told, wait: (/** @type {number} */ ms) => { for (let end = now + ms; now < end;) { now += 100; looked(); } } };
}

test('nothing is told while the server has more every second', () => {
  const { arrival, told, wait } = begun('webrtc');
  for (let n = 1; n < 20; n += 1) {
    wait(1000);
    arrival.reported(50 * n);
  }
  assert.deepEqual(told, []);
});

for (const [transport, words] of /** @type {const} */ ([['webrtc', /may be lost/], ['websocket', /is kept for 20 seconds/]])) {
  test(`over ${transport} it is told two seconds after a report is missing, once, and over when sound arrives`, () => {
    const { arrival, told, wait } = begun(transport);
    wait(1000);
    arrival.reported(50);
    wait(2900);
    assert.deepEqual(told, []);
    wait(200);
    assert.equal(told.length, 1);
    assert.match(told[0], words);
    wait(10_000);
    arrival.reported(50); // a report without more sound is no arrival
    wait(100);
    assert.equal(told.length, 1);
    arrival.reported(60);
    assert.deepEqual(told.slice(1), ['']);
  });
}

test('a microphone that was turned off tells nothing, and the next begins anew', () => {
  const { arrival, told, wait } = begun('websocket');
  wait(5000);
  arrival.ended();
  assert.equal(told.at(-1), '');
  wait(5000);
  arrival.began('websocket');
  wait(2000);
  assert.equal(told.length, 2);
});

test('when the way changes, what is counted begins anew', () => {
  const { arrival, told, wait } = begun('websocket');
  wait(1000);
  arrival.reported(50);
  arrival.began('webrtc');
  wait(2500);
  arrival.reported(50);
  wait(2500);
  assert.deepEqual(told, []);
});
