// Which way the microphone's sound takes, and in which order the server is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Microphone } from '../../web/microphone.js';

/** A microphone that sends over the socket; `piece` brings it 20 ms, and `sent` is what the server is told. */
function speaking() {
  const sent = [];
  const line = {
    send: (event) => { sent.push(event); }, sendAudio: () => { sent.push({ type: 'sound' }); return true; },
    iceServers: () => [], isOpen: () => true, lost: () => {},
  };
  const microphone = new Microphone(line, () => {}, () => ({}));
  const port = {};
  globalThis.AudioWorkletNode = class { port = port; disconnect() {} };
  microphone._context = { sampleRate: 16_000 };
  microphone._source = { connect() {}, disconnect() {} };
  microphone._stream = { getAudioTracks: () => [] };
  microphone._sendOverSocket();
  const piece = () => port.onmessage?.({ data: new ArrayBuffer(640) });
  const switchOver = (meanwhile = () => {}) => {
    const sender = { replaceTrack: async () => meanwhile() };
    microphone._peer = { connectionState: 'connected', getSenders: () => [sender], close() {} };
    return microphone._switchOver(sender, {});
  };
  return { microphone, piece, switchOver, sent };
}

test('the end of the sound over the socket is told behind its last piece, and nothing comes after it', async () => {
  const { piece, switchOver, sent } = speaking();
  piece();
  await switchOver(piece);
  piece();
  assert.deepEqual(sent.map((event) => event.type),
    ['session.update', 'assistant.audio.at', 'sound', 'sound', 'assistant.audio.end']);
});

test('what is said over WebRTC counts, so that a server that was started anew sees what it lacks', async (t) => {
  let now = 1_000;
  t.mock.method(performance, 'now', () => now);
  const { microphone, piece, switchOver, sent } = speaking();
  piece();
  await switchOver();
  now += 2_500;
  microphone.connectionLost();
  piece();
  microphone._sendOverSocket();
  assert.deepEqual(sent.findLast((event) => event.type === 'assistant.audio.at'),
    { type: 'assistant.audio.at', sample: 320 + 40_000, age_ms: 20 });
});
