import assert from 'node:assert/strict';
import test from 'node:test';

import { Reader } from '../../web/reader.js';

/** A browser's synthesis as far as it can be trusted: it speaks; whether it says that it ended is up to the test. */
function surroundings() {
  const spoken = [];
  const timers = new Map();
  let timer = 0;
  const synthesis = {
    current: null,
    getVoices: () => [{ name: 'Samantha', lang: 'en-US' }],
    speak(utterance) {
      this.current = utterance;
      spoken.push(utterance.text);
    },
    cancel() {
      this.current = null;
    },
  };
  return {
    spoken, synthesis, timers,
    end: () => synthesis.current.onend(),
    late: () => [...timers.values()].at(-1)(),
    given: {
      synthesis, utterance: (text) => ({ text }),
      setTimer: (call) => (timers.set(timer += 1, call), timer),
      clearTimer: (id) => timers.delete(id),
    },
  };
}

function reader(preferences = { voice: '', rate: 1 }) {
  const around = surroundings();
  const told = [];
  return { ...around, told, reader: new Reader(() => preferences, (text) => told.push(text), around.given) };
}

const answer = (text, status = 'in_progress', key = 'a') => ({ key, text, status });

test('an answer is read sentence by sentence while it streams', () => {
  const { reader: it, spoken, end, told } = reader();
  it.follow(answer('No effu'));
  assert.deepEqual(spoken, []);
  it.follow(answer('No effusion. The **heart** is'));
  assert.deepEqual(spoken, ['No effusion.']);
  it.follow(answer('No effusion. The **heart** is normal [1, 2].', 'completed'));
  end();
  assert.deepEqual(spoken, ['No effusion.', 'The heart is normal.']);
  end();
  assert.deepEqual(told, ['No effusion.', 'The heart is normal.', null]);
  assert.equal(it.isReading, false);
});

test('an end that never comes holds nothing up', () => {
  const { reader: it, spoken, late, told } = reader();
  it.follow(answer('One. Two.', 'completed'));
  late();
  assert.deepEqual(spoken, ['One.', 'Two.']);
  late();
  assert.equal(told.at(-1), null);
});

test('while somebody speaks it is quiet, and then begins the sentence again', () => {
  const { reader: it, spoken, synthesis, told } = reader();
  it.follow(answer('One. Two.', 'completed'));
  it.hush();
  assert.equal(synthesis.current, null);
  assert.equal(told.at(-1), null);
  it.follow(answer('One. Two.', 'completed'));
  assert.deepEqual(spoken, ['One.']);
  it.resume();
  assert.deepEqual(spoken, ['One.', 'One.']);
});

test('stopped, the answer is not read on, and the next one is', () => {
  const { reader: it, spoken, synthesis } = reader();
  it.follow(answer('One. Two. '));
  it.stop();
  assert.equal(synthesis.current, null);
  it.follow(answer('One. Two. Three.', 'completed'));
  assert.deepEqual(spoken, ['One.']);
  it.follow(answer('Four.', 'completed', 'b'));
  assert.deepEqual(spoken, ['One.', 'Four.']);
});

test('a late end of what was stopped moves nothing', () => {
  const { reader: it, spoken, synthesis } = reader();
  it.follow(answer('One.', 'completed'));
  const old = synthesis.current;
  it.say('Read back this.');
  old.onend();
  assert.deepEqual(spoken, ['One.', 'Read back this.']);
  assert.equal(it.isReading, true);
});

test('the chosen voice and speed are used', () => {
  const { reader: it, synthesis } = reader({ voice: 'Samantha', rate: 1.5 });
  it.say('Hello.');
  assert.equal(synthesis.current.voice.name, 'Samantha');
  assert.equal(synthesis.current.rate, 1.5);
});

test('a long sentence is read in parts, and nothing of it is lost', () => {
  const { reader: it, spoken, end } = reader();
  const long = `${'one two three, '.repeat(60)}end.`;
  it.say(long);
  while (it.isReading) end();
  assert.ok(spoken.length > 1);
  assert.equal(spoken.join(' '), long);
});

test('a browser without speech reads nothing', () => {
  const it = new Reader(() => ({ voice: '', rate: 1 }), () => assert.fail(), { synthesis: undefined });
  it.say('Hello.');
  assert.deepEqual(it.voices(), []);
});
