import assert from 'node:assert/strict';
import test from 'node:test';

const kept = new Map();
globalThis.localStorage = /** @type {any} */ ({
  getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
});
globalThis.navigator ??= /** @type {any} */ ({});
const { HandsFree } = await import('../../web/handsfree.js');
const { initialState, reduce } = await import('../../web/state.js');

/** A page with a server that answers to nothing. */
function page(preferences = { readAloud: true }) {
  kept.set('assistant.handsfree', JSON.stringify(preferences));
  let state = initialState;
  const sent = [];
  const spoken = [];
  const microphone = { isWanted: false, start() { this.isWanted = true; }, stop() { this.isWanted = false; } };
  const synthesis = { getVoices: () => [], speak: (/** @type {any} */ each) => spoken.push(each.text), cancel() {} };
  const handsFree = new HandsFree(
    { send: (event) => { sent.push(event); return true; }, microphone, state: () => state, stopAnswer: () => sent.push({ type: 'stop' }) },
    { synthesis: /** @type {any} */ (synthesis), utterance: (text) => /** @type {any} */ ({ text }), setTimer: () => 0, clearTimer: () => {} },
  );
  const take = (/** @type {any[]} */ ...events) => {
    for (const event of events) {
      state = reduce(state, event);
      handsFree.take(event);
    }
  };
  return { handsFree, sent, spoken, take, microphone };
}

const engine = { name: 'e', stand_in: true, sees_images: false, notice: '' };
const created = { type: 'response.created', response: { id: 'r', status: 'in_progress' }, question: 'q', question_item_id: 'i', engine };
const says = (/** @type {string} */ delta) => ({ type: 'response.output_text.delta', response_id: 'r', delta });

test('an answer is read as it comes, and the server is told each sentence', () => {
  const { sent, spoken, take } = page();
  take(created, says('No effusion. The heart'));
  assert.deepEqual(spoken, ['No effusion.']);
  assert.deepEqual(sent, [{ type: 'assistant.speech.state', text: 'No effusion.' }]);
});

test('off by default, nothing is read but what was asked to be read back', () => {
  const { spoken, take } = page({});
  take(created, says('No effusion. The heart'));
  assert.deepEqual(spoken, []);
  take({ type: 'assistant.command.done', command: 'read_back', text: 'The lungs are clear.', message: '' });
  assert.deepEqual(spoken, ['The lungs are clear.']);
});

test('what somebody says stops the reading, as does an answer that was stopped and a spoken stop', () => {
  for (const event of [
    { type: 'assistant.transcript.partial', item_id: 'u', stable: 'The left', tentative: '' },
    { type: 'response.done', response: { id: 'r', status: 'cancelled' } },
    { type: 'assistant.speech.stop' },
  ]) {
    const { sent, take } = page();
    take(created, says('No effusion. The heart'), event);
    assert.deepEqual(sent.at(-1), { type: 'assistant.speech.state', text: null }, event.type);
  }
});

test('an answer that was there before is not read', () => {
  const { handsFree, spoken, take } = page({});
  take(created, says('No effusion. The heart'), { type: 'response.done', response: { id: 'r', status: 'completed' } });
  const fresh = page();
  fresh.handsFree.take({ type: 'assistant.audio.status' });
  assert.deepEqual([spoken, fresh.spoken], [[], []]);
  assert.equal(handsFree.reader.isReading, false);
});

test('the wake phrase goes to a server that does not have it', () => {
  const { handsFree, sent, take } = page({ wake: 'assistant' });
  const session = { id: 's', resume_token: 't', mode: 'auto', engine, recogniser: { name: 'r' }, ice_servers: [] };
  take({ type: 'session.created', session, resumed: false });
  assert.deepEqual(sent.at(-1), { type: 'session.update', session: { wake_phrase: 'assistant' } });
  take({ type: 'session.created', session: { ...session, wake_phrase: 'assistant' }, resumed: true });
  assert.equal(sent.length, 1);
  handsFree.prefer({ wake: 'off' });
  assert.deepEqual(sent.at(-1), { type: 'session.update', session: { wake_phrase: '' } });
});

test('the talk key holds, or turns on and off', () => {
  const { handsFree, microphone } = page({ talk: 'toggle' });
  handsFree.talk(true);
  handsFree.talk(false);
  assert.equal(microphone.isWanted, true);
  handsFree.talk(true);
  assert.equal(microphone.isWanted, false);
});
