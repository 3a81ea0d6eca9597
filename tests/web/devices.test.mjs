// What is remembered of each microphone.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { known, learned, named, parse, wrongByName } from '../../web/devices.js';

const USUAL = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, trouble: '' };

test('each device has its own settings and its own trouble', () => {
  let devices = parse(null);
  devices = learned(devices, { noiseSuppression: false });
  devices = learned({ ...devices, deviceId: 'usb' }, { trouble: 'quiet' });
  assert.deepEqual(known(devices), { ...USUAL, trouble: 'quiet' });
  assert.deepEqual(known(devices, ''), { ...USUAL, noiseSuppression: false });
  assert.deepEqual(known(devices, 'never seen'), USUAL);
  assert.deepEqual(parse(JSON.stringify(devices)), devices);
});

test('what an older version stored counts for the device that was chosen', () => {
  const devices = parse(JSON.stringify({ echoCancellation: false, noiseSuppression: true, autoGainControl: false, deviceId: 'usb' }));
  assert.deepEqual([devices.deviceId, known(devices)], ['usb', { ...USUAL, echoCancellation: false, autoGainControl: false }]);
});

test('what makes no sense is as if nothing was stored', () => {
  for (const stored of ['', '{', 'null', '[]', '3', '{"devices": 3}', '{"deviceId": 7, "devices": {"a": null}}']) {
    assert.deepEqual(known(parse(stored)), USUAL);
    assert.equal(parse(stored).deviceId, '');
  }
});

test('what records the computer is no microphone', () => {
  for (const label of ['Monitor of Built-in Audio', 'Stereo Mix (Realtek)', 'BlackHole 2ch', 'CABLE Output (VB-Audio Virtual Cable)']) {
    assert.match(wrongByName(label), /not what you say/);
  }
  for (const label of ['', 'Default', 'SpeechMike III', 'Fake Audio 1', 'MacBook Pro Microphone', 'Jabra Evolve2']) assert.equal(wrongByName(label), '');
});

test('a device in the list says what was wrong with it', () => {
  assert.equal(named('USB', 'narrow'), 'USB (had telephone sound last time)');
  assert.equal(named('USB', ''), 'USB');
  assert.equal(named('USB', 'unheard of'), 'USB');
});
