import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { isInDictation, lastHeard, lossInWords, runningAnswer, transcript } from '../../web/selectors.js';
import { initialState, reduce } from '../../web/state.js';

const PREFIX = 'conversation.item.input_audio_transcription.';
const engine = { name: 'stand-in', stand_in: true, sees_images: true, notice: '' };

/** @param {any[]} events @param {any} [from] */
const after = (events, from = initialState) => events.reduce(reduce, from);

const created = (resumed = false) => ({
  type: 'session.created', seq: 0, resumed,
  session: { id: 's', resume_token: 't', mode: 'auto', recogniser: { name: 'r' }, engine, ice_servers: [] },
});

/** Number kept events as the server does. @param {any[]} events */
function numbered(events) {
  let seq = 0;
  return events.map((event) => ({ ...event, seq: (seq += 1) }));
}

const heard = (/** @type {number} */ n, /** @type {string} */ text, intent = 'dictation') => [
  { type: 'input_audio_buffer.speech_started', item_id: `utt_${n}`, audio_start_ms: 0 },
  { type: `${PREFIX}delta`, item_id: `utt_${n}`, delta: text.slice(0, 4) },
  { type: `${PREFIX}completed`, item_id: `utt_${n}`, transcript: text, start_ms: 0, end_ms: 900, at: '2026-01-01T10:00:00Z' },
  { type: 'assistant.intent', item_id: `utt_${n}`, intent, confidence: 0.9, reason: 'because', text, corrected: false },
];

const asked = (/** @type {number} */ turn, /** @type {string} */ itemId) => [
  { type: 'response.created', response: { id: `resp_${turn}`, status: 'in_progress' }, question: 'Why?',
    question_item_id: itemId, attachment_ids: ['a1'], engine },
  { type: 'response.output_text.delta', response_id: `resp_${turn}`, delta: 'Be' },
  { type: 'response.output_text.delta', response_id: `resp_${turn}`, delta: 'cause.' },
];

const answered = (/** @type {number} */ turn) => [
  { type: 'response.output_text.done', response_id: `resp_${turn}`, text: 'Because.' },
  { type: 'response.done', response: { id: `resp_${turn}`, status: 'completed' } },
];

const visit = numbered([
  { type: 'assistant.attachment.added', attachment: { id: 'a1', name: 'x.png', url: '/x', width_px: 1, height_px: 1 } },
  ...heard(1, 'The lungs are clear.'),
  { type: 'assistant.audio.gap', start_ms: 5, duration_ms: 420, reason: 'network' },
  ...heard(2, 'Why?', 'question'), ...asked(1, 'utt_2'), ...answered(1),
  { type: 'assistant.item.edited', item_id: 'utt_1', text: 'The lungs are clear' },
  ...heard(3, 'No effusion.'),
]);

test('a replay of every kept event after a reload gives the same state', () => {
  const partial = { type: 'assistant.transcript.partial', seq: 0, item_id: 'utt_1', stable: 'The', tentative: ' lun' };
  const live = after([created(), ...visit.flatMap((event) => (event.type === `${PREFIX}delta` && event.item_id === 'utt_1'
    ? [event, partial] : [event]))]);
  const reloaded = after([created(true), ...visit]);
  const { epoch, connection, ...rest } = live;
  assert.equal(JSON.stringify(rest).replaceAll(`"${epoch}:`, '"N:').replaceAll(/"epoch":\d+/g, '"epoch":N'),
    JSON.stringify((({ epoch: _e, connection: _c, ...other }) => other)(reloaded))
      .replaceAll(`"${reloaded.epoch}:`, '"N:').replaceAll(/"epoch":\d+/g, '"epoch":N'));
  assert.equal(connection.phase, 'open');
});

test('events that were already taken change nothing, wherever the replay begins', () => {
  const whole = after([created(), ...visit]);
  for (let from = 0; from <= visit.length; from += 1) {
    const cut = after([created(), ...visit.slice(0, from)]);
    assert.deepEqual(after([created(true), ...visit.slice(Math.max(0, from - 5))], cut), whole);
  }
  assert.equal(after(visit, whole), whole);
});

test('the transcript is the report, with its headings, without empty sections', () => {
  const sections = [
    { id: 'findings', title: 'Findings', runs: [{ text: 'Clear.' }, { text: ' No effusion.' }] },
    { id: 'impression', title: 'Impression', runs: [] },
  ];
  const changed = { type: 'assistant.document.changed', seq: 1, revision: 3, sections };
  assert.equal(transcript(after([created(), changed])), 'Findings:\nClear. No effusion.');
  assert.equal(transcript(initialState), '');
});

test('the transcript is the same text as the server\'s document and its export', () => {
  for (const { name, sections, text } of JSON.parse(readFileSync(new URL('../data/plain_text.json', import.meta.url), 'utf8'))) {
    const parts = sections.map((/** @type {[string, string]} */ [title, body], /** @type {number} */ i) =>
      ({ id: `s${i}`, title, runs: [{ text: body, origin: 'voice' }] }));
    const changed = { type: 'assistant.document.changed', seq: 1, revision: 3, sections: parts };
    assert.equal(transcript(after([created(), changed])), text, name);
  }
});

test('the live line is stable text with a tentative end, and its final replaces it', () => {
  let state = after([created(), ...numbered(heard(1, 'Clear lungs.').slice(0, 2))]);
  assert.deepEqual(state.live, [{ itemId: 'utt_1', stable: 'Clea', tentative: '' }]);
  state = reduce(state, { type: 'assistant.transcript.partial', item_id: 'utt_1', stable: 'Clear', tentative: ' lung', written: '', written_tail: 'Clear lung' });
  assert.deepEqual(state.live, [{ itemId: 'utt_1', stable: 'Clear', tentative: ' lung', written: '', writtenTail: 'Clear lung' }]);
  state = reduce(state, { ...heard(1, 'Clear lungs.')[2], seq: 3 });
  assert.deepEqual(state.live, []);
  assert.equal(reduce(state, { type: 'assistant.transcript.partial', item_id: 'utt_1', stable: 'late', tentative: '' }), state);
});

test('an utterance waits for its intent before it stands in the dictation, and an empty final leaves nothing', () => {
  const state = after([created(), ...numbered(heard(1, 'Clear.').slice(0, 3))]);
  assert.equal(isInDictation(state.entries[0]), false);
  assert.equal(lastHeard(state), undefined);
  assert.deepEqual(after([created(), ...numbered(heard(1, ' ').slice(0, 3))]).entries, []);
});

test('a correction moves an utterance out of the dictation and back', () => {
  const correct = (/** @type {string} */ intent) => ({ type: 'assistant.intent', item_id: 'utt_1', intent, confidence: 1,
    reason: 'corrected by hand', text: 'Clear.', corrected: true });
  let state = after([created(), ...heard(1, 'Clear.'), correct('question')]);
  assert.equal(isInDictation(state.entries[0]), false);
  state = reduce(state, correct('dictation'));
  assert.equal(isInDictation(state.entries[0]), true);
  assert.equal(lastHeard(state)?.corrected, true);
});

test('a restarted server leaves what was said, marks the place, and its repeated names touch nothing old', () => {
  const before = after([created(), ...numbered([...heard(1, 'Old.'), ...asked(1, 'utt_1'), ...heard(2, 'Half said').slice(0, 2)])]);
  const state = after([created(false), ...numbered([...heard(1, 'New.'), ...asked(1, 'utt_1')])], before);
  assert.deepEqual(state.entries.map((entry) => entry.kind), ['utterance', 'utterance', 'restart', 'utterance']);
  assert.equal(state.document, null);
  assert.deepEqual(state.answers.map((each) => each.status), ['interrupted', 'in_progress']);
  assert.equal(state.answers[0].text, 'Because.');
  assert.equal(new Set([...state.entries, ...state.answers].map((each) => each.key)).size, 6);
  assert.equal(state.restarted, true);
  assert.match(state.notices[0].message, /restored into a new session\. Check it\.$/);
  assert.equal(reduce(reduce(state, { type: 'local.new_session' }), created(false)).restarted, false);
});

test('a lost session on a fresh page is said', () => {
  const state = after([{ type: 'local.connection', phase: 'connecting', resuming: true }, created(false)]);
  assert.match(state.notices[0].message, /no longer on the server/);
});

test('an answer streams, and ends as its done event says', () => {
  let state = after([created(), ...asked(1, 'typed_1')]);
  assert.equal(runningAnswer(state)?.text, 'Because.');
  state = reduce(state, { type: 'response.done', response: { id: 'resp_1', status: 'failed',
    status_details: { error: { message: 'The engine is away.' } } } });
  assert.equal(runningAnswer(state), undefined);
  assert.equal(state.answers[0].error, 'The engine is away.');
});

test('a question waits until it is told to be sent, also for a page that was reloaded meanwhile', () => {
  const [opened, ...rest] = asked(1, 'utt_1');
  const waiting = [created(), ...numbered([{ ...opened, wait_ms: 500 }])];
  assert.equal(after(waiting).answers[0].waits, true);
  const sent = numbered([{ ...opened, wait_ms: 500 }, { type: 'assistant.response.sent', response_id: 'resp_1' }, ...rest]);
  assert.equal(after([created(), ...sent]).answers[0].waits, false);
  assert.equal(after([created(true), ...sent], after(waiting)).answers[0].waits, false);
  assert.equal(after([created(), opened]).answers[0].waits, false);
});

test('a removed image stays known to the answers that saw it', () => {
  const state = after([created(), ...visit, { type: 'assistant.attachment.removed', attachment_id: 'a1' }]);
  assert.equal(state.attachments[0].removed, true);
  assert.equal(state.attachments[0].note, '');
  const checked = reduce(state, { type: 'assistant.attachment.checked', attachment_id: 'a1', note: 'Looks like: CT slice' });
  assert.equal(checked.attachments[0].note, 'Looks like: CT slice');
  assert.deepEqual(state.answers[0].attachmentKeys, [state.attachments[0].key]);
});

test('that a reload turned the microphone off is said until it is on again', () => {
  const off = reduce(initialState, { type: 'local.notice', level: 'warning', code: 'reloaded', message: 'a' });
  assert.equal(reduce(off, { type: 'local.microphone', microphone: { state: 'asking' } }).notices.length, 1);
  assert.deepEqual(reduce(off, { type: 'local.microphone', microphone: { state: 'on' } }).notices, []);
});

test('what the microphone does about WebRTC by itself is no news', () => {
  for (const code of ['webrtc_lost', 'webrtc_not_connected']) {
    assert.deepEqual(reduce(initialState, { type: 'assistant.notice', level: 'warning', code, message: 'a' }).notices, []);
  }
});

test('the same error twice is one notice, and at most three stand', () => {
  const error = (/** @type {string} */ message) => ({ type: 'error', error: { code: 'c', message } });
  const state = after([error('a'), error('a'), error('b'), error('c'), error('d')]);
  assert.deepEqual(state.notices.map((each) => each.message), ['b', 'c', 'd']);
});

test('loss is said in words', () => {
  assert.equal(lossInWords(null), '');
  assert.equal(lossInWords({ transport: 'webrtc', received: 500, lost: 0 }), 'no loss');
  assert.equal(lossInWords({ transport: 'webrtc', received: 497, lost: 3, recovered: 2 }), 'lost 3 of 500 packets, 2 recovered');
});

test('an event this page does not know changes nothing', () => {
  assert.equal(reduce(initialState, { type: 'assistant.something_new' }), initialState);
});

test('an answer knows the passages that went with it and which it cites', () => {
  const source = { number: 1, file: 'sepsis.pdf', place: 'page 2', text: 'Noradrenaline.', url: '/v1/guidelines/a' };
  const state = after(numbered([
    ...asked(1, 'typed_1'),
    { type: 'assistant.response.sources', response_id: 'resp_1', sources: [source], answered: true },
    { type: 'response.done', response: { id: 'resp_1', status: 'completed' }, cited: [1] },
  ]), after([created()]));
  assert.deepEqual(state.answers[0].sources, [source]);
  assert.deepEqual(state.answers[0].cited, [1]);
  assert.equal(state.answers[0].answered, true);
});

test('a stored session stays in reach when the server was restarted, one that was not does not', () => {
  const stored = { ...created(), session: { ...created().session, id: 's1', resume_token: 't1', stored: true } };
  const anew = { ...created(), session: { ...created().session, id: 's2', resume_token: 't2' } };
  const state = after([stored, ...numbered(heard(1, 'Lungs are clear.')), anew, { ...anew }]);
  assert.deepEqual(state.earlier, [{ id: 's1', token: 't1' }]);
  assert.deepEqual(reduce(state, { type: 'local.new_session' }).earlier, []);
});

test('a question split off an utterance is of the same time, and doubtful dictation is marked', () => {
  const state = after([
    created(),
    { type: `${PREFIX}completed`, seq: 1, item_id: 'utt_1', transcript: 'A mass. Assistant, what is it?', at: '2026-01-01T10:00:00Z', start_ms: 5, end_ms: 9 },
    { type: 'assistant.intent', seq: 2, item_id: 'utt_1', intent: 'dictation', confidence: 0.6, reason: '', text: 'A mass.', doubtful: true },
    { type: 'assistant.intent', seq: 3, item_id: 'utt_1_2', intent: 'question', confidence: 0.97, reason: '', text: 'What is it?', part_of: 'utt_1' },
  ]);
  const [told, asked] = /** @type {any[]} */ (state.entries);
  assert.deepEqual([told.text, told.doubtful, isInDictation(told)], ['A mass.', true, true]);
  assert.deepEqual([asked.text, asked.at, asked.doubtful, isInDictation(asked)], ['What is it?', told.at, false, false]);
});

test('sound that was lost while there was no connection is marked where it is missing', () => {
  const state = reduce(initialState, { type: 'local.gap', durationMs: 3400 });
  assert.deepEqual(state.entries.map(({ kind, durationMs, reason }) => [kind, durationMs, reason]), [['gap', 3400, 'away']]);
});

test('a warning goes when what it warned of is over', () => {
  const failed = reduce(initialState, { type: 'assistant.notice', level: 'error', code: 'store_failed', message: 'a' });
  const works = reduce(failed, { type: 'assistant.notice', level: 'info', code: 'store_works', message: 'b' });
  assert.deepEqual(works.notices.map((each) => each.message), ['b']);
  const unsent = reduce(initialState, { type: 'local.notice', level: 'warning', code: 'not_sent', message: 'c' });
  assert.deepEqual(reduce(unsent, created()).notices, []);
});

test('what the other recogniser heard is kept where it has other words', () => {
  const [start, delta, final, intent] = heard(1, 'Is their a mass?');
  const also = (/** @type {string} */ transcript) => after([created(), ...numbered([
    start, delta, { ...final, also_heard: { recogniser: 'other', transcript } }, intent])]).entries[0].alsoHeard;
  assert.equal(also('Is there a mass?'), 'Is there a mass?');
  assert.equal(also('is their a mass'), '');
});
