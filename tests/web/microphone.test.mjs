// Which way the microphone's sound takes, and in which order the server is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Microphone } from '../../web/microphone.js';

test('the end of the sound over the socket is told behind its last piece, and nothing comes after it', async () => {
  const sent = [];
  const line = {
    send: (event) => { sent.push(event.type); }, sendAudio: () => { sent.push('sound'); return true; },
    iceServers: () => [], isOpen: () => true, lost: () => {},
  };
  const microphone = new Microphone(line, () => {}, () => ({}));
  const port = {};
  globalThis.AudioWorkletNode = class { port = port; disconnect() {} };
  microphone._context = { sampleRate: 16_000 };
  microphone._source = { connect() {}, disconnect() {} };
  microphone._sendOverSocket();
  const piece = (data) => port.onmessage?.({ data });
  piece(new ArrayBuffer(640));
  const sender = { replaceTrack: async () => { piece(new ArrayBuffer(640)); } };
  microphone._peer = { connectionState: 'connected', getSenders: () => [sender], close() {} };
  await microphone._switchOver(sender, {});
  piece(new ArrayBuffer(640));
  assert.deepEqual(sent, ['session.update', 'assistant.audio.at', 'sound', 'sound', 'assistant.audio.end']);
});
