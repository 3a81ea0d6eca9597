import assert from 'node:assert/strict';
import test from 'node:test';

import { forReport, plainLines, withoutJson } from '../../web/answers.js';
import { initialState, reduce } from '../../web/state.js';

test('an answer goes into the report as plain lines, without its boxes', () => {
  const said = '## Findings\n\n- **No** pneumothorax.\n- `4 mm` nodule, see [1](x)\n\n\n\nFinal Answer:\n```json\n[]\n```\n';
  assert.equal(plainLines(said), 'Findings\n\nNo pneumothorax.\n4 mm nodule, see 1');
  assert.equal(plainLines('2 * 3 * 4, a_b_c'), '2 * 3 * 4, a_b_c');
});

test('what is drawn is not shown as JSON too', () => {
  assert.equal(withoutJson('Central.\n\n**Final Answer:**\n```json\n[1]\n```'), 'Central.');
  assert.equal(withoutJson('Final Answer: no'), 'Final Answer: no');
  assert.equal(withoutJson('Central.\n```json\n[1]\n```\nDone.'), 'Central.\n\nDone.');
  assert.equal(withoutJson('```\nkept\n```'), '```\nkept\n```');
});

test('thoughts, boxes, changes and labs stay with their answer', () => {
  const engine = { name: 'm', stand_in: false, sees_images: true, notice: '' };
  const events = [
    { type: 'response.created', response: { id: 'resp_1' }, question: '?', question_item_id: 'typed_1', engine },
    { type: 'assistant.answer.thought', response_id: 'resp_1', delta: 'Hm' },
    { type: 'assistant.answer.thought', response_id: 'resp_1', delta: '.' },
    { type: 'response.output_text.delta', response_id: 'resp_1', delta: 'Yes' },
    { type: 'assistant.answer.changes', response_id: 'resp_1', changes: [{ finding: 'edema', change: 'stable' }] },
    { type: 'assistant.answer.boxes', response_id: 'resp_9', boxes: [] },
  ];
  const { answers: [answer] } = events.reduce(reduce, initialState);
  assert.equal(answer.thoughts, 'Hm.');
  assert.equal(answer.text, 'Yes');
  assert.deepEqual(answer.changes?.changes, [{ finding: 'edema', change: 'stable' }]);
  assert.equal(answer.boxes, null);
});

test('an answer that was cut off says so in the report', () => {
  assert.equal(forReport({ text: 'No **edema**.', status: 'completed' }), 'No edema.');
  for (const status of ['cancelled', 'failed', 'incomplete', 'interrupted']) {
    assert.equal(forReport({ text: 'No **edema** in', status }), 'No edema in [answer cut off]');
  }
});
