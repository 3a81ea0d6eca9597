// What the page knows: (state, event) → state over server events and local actions. Pure.
//
// Server events are those of assistant/events/; local actions have a type that begins with `local.`.
// Kept events carry a `seq`; one that was already taken is ignored, so a replay changes nothing.

import {
  addGap, blankUtterance, changeUtterance, commandDone, completed, dropLive, edited, putUtterance, taken, updateLive,
} from './entries.js';
import { patched } from './patching.js';

/**
 * @typedef {'auto'|'dictation'|'question'} Mode
 * @typedef {{name: string, stand_in: boolean, sees_images: boolean, notice: string, revision?: string,
 *   declines?: boolean, why?: string}} Engine
 *
 * @typedef {object} Utterance
 * @property {'utterance'} kind
 * @property {string} key        unique on this page, over restarts of the server
 * @property {number} epoch      which of this page's sessions it belongs to
 * @property {string} itemId     the server's name for it; repeats in another epoch
 * @property {string} text
 * @property {string} before     the text before the last edit by hand
 * @property {string} at         ISO 8601
 * @property {number} startMs
 * @property {number} endMs
 * @property {'dictation'|'question'|'command'|'echo'|null} intent   null until the server has said
 * @property {number|null} confidence
 * @property {string} reason
 * @property {boolean} corrected
 * @property {string|null} nearly   the command it came close to
 * @property {boolean} doubtful     dictation that may have been asked
 * @property {boolean} edited
 * @property {boolean} unfinished   the server went away in the middle of it
 * @property {string} done         what the command that it was did
 * @property {string} error
 * @property {string} alsoHeard    what another recogniser made of it, if that has other words
 * @property {Array<{text: string, start_ms: number, end_ms: number, confidence?: number|null}>} words
 *
 * @typedef {{kind: 'gap', key: string, epoch: number, startMs: number, durationMs: number, reason: string}} Gap
 * @typedef {{kind: 'restart', key: string, epoch: number}} Restart
 * @typedef {Utterance|Gap|Restart} Entry
 *
 * @typedef {object} Answer
 * @property {string} key
 * @property {number} epoch
 * @property {string} responseId
 * @property {string} questionItemId
 * @property {string} question
 * @property {string[]} attachmentKeys
 * @property {string} text
 * @property {'in_progress'|'completed'|'cancelled'|'failed'|'incomplete'|'interrupted'} status
 * @property {string} error
 * @property {Engine} engine
 * @property {Source[]|null} sources    guideline passages that went with it; null without a guideline folder
 * @property {number[]} cited           those of them that it cites
 * @property {boolean} answered         false: nothing was found, and its text says so
 * @property {import('./sources.js').Context|null} context
 * @property {boolean} waits            not sent yet: it can be kept back
 * @property {boolean} takenBack        the model is not given it again: it was edited and asked again
 * @property {string} thoughts          what the model thought first: no part of the answer
 * @property {import('./protocol.js').AnswerBoxes|null} boxes
 * @property {import('./protocol.js').AnswerChanges|null} changes
 * @property {{read: number, named: import('./protocol.js').RecordPart[]}|null} record
 * @property {import('./protocol.js').AnswerLabs|null} labs
 *
 * @typedef {{number: number, file: string, place: string, text: string, url: string}} Source
 * @typedef {{key: string, epoch: number, id: string, name: string, url: string, width_px: number,
 *   height_px: number, kind: string, count: number, windows: string[], worked_out: number[], notes: string[], removed: boolean,
 *   note: string, doubt: string, stacks?: import('./protocol.js').SeriesStacks|null}} Attachment
 *   `note`: what an image matcher says of it; `doubt`: why it may be of another patient
 * @typedef {{id: number, name: string, progress: number}} Upload
 * @typedef {{id: string, level: 'info'|'warning'|'error', message: string}} Notice
 * @typedef {{state: 'off'|'asking'|'on'|'waiting', transport: 'webrtc'|'websocket'|null,
 *   fellBack: boolean, problem: string, warning: string, late: string}} Microphone   `warning`: of the device, while it is
 *   on; `late`: its sound does not arrive
 *
 * @typedef {object} State
 * @property {{phase: 'connecting'|'open'|'waiting'|'closed', reason: string, resuming: boolean}} connection
 * @property {import('./protocol.js').SessionState|null} session
 * @property {number} epoch
 * @property {boolean} restarted   the session is new because the server lost the one before
 * @property {string} left   id of the report that was left for this new one, as long as going back is offered
 * @property {Array<{id: string, token: string}>} earlier   stored sessions from before the server was restarted
 * @property {number} lastSeq
 * @property {Mode} mode
 * @property {boolean} asleep    nothing that is said is kept
 * @property {Entry[]} entries
 * @property {Array<{itemId: string, sectionId?: string, stable: string, tentative: string, written?: string, writtenTail?: string}>} live
 * @property {Answer[]} answers
 * @property {Attachment[]} attachments
 * @property {Upload[]} uploads
 * @property {Notice[]} notices
 * @property {number} noticeCount
 * @property {Microphone} microphone
 * @property {import('./protocol.js').DocumentChanged|null} document   the report as it is now
 * @property {import('./protocol.js').ReportDescribed|null} described   whose report it is, and the order
 * @property {import('./protocol.js').ReportSigned[]} signed   the signatures, the first one first
 * @property {import('./protocol.js').ReportReopened|null} reopened   why a signed report is open again
 * @property {import('./protocol.js').LibraryRead|null} library   what can be said and inserted
 * @property {import('./protocol.js').CommandDone|null} command   the last one, and what it did
 * @property {import('./protocol.js').AudioStatus|null} audio    the last assistant.audio.status
 */

const NOTHING_TO_END = new Set(['response_cancel_not_active', 'input_audio_buffer_commit_empty']);

export const initialState = Object.freeze(/** @type {State} */ ({
  connection: { phase: 'connecting', reason: '', resuming: false },
  session: null,
  epoch: 0,
  restarted: false,
  earlier: [],
  left: '',
  lastSeq: 0,
  mode: 'auto',
  asleep: false,
  entries: [],
  live: [],
  answers: [],
  attachments: [],
  uploads: [],
  notices: [],
  noticeCount: 0,
  microphone: { state: 'off', transport: null, fellBack: false, problem: '', warning: '', late: '' },
  document: null,
  described: null,
  signed: [],
  reopened: null,
  library: null,
  command: null,
  audio: null,
}));

/**
 * @param {State} state
 * @param {import('./events.js').PageEvent} event
 * @returns {State} the same object when nothing changed
 */
export function reduce(state, event) {
  const seq = 'seq' in event ? event.seq ?? 0 : 0;
  if (seq > 0) {
    if (seq <= state.lastSeq) return state;
    state = { ...state, lastSeq: seq };
  }
  switch (event.type) {
    case 'session.created':
      return sessionCreated(state, event);
    case 'session.updated':
      return {
        ...state, session: { ...event.session, resume_token: state.session?.resume_token ?? '' },
        mode: event.session.mode ?? state.mode, asleep: event.session.asleep ?? state.asleep,
      };
    case 'assistant.attention.changed':
      return { ...state, asleep: event.asleep };
    case 'assistant.echo.left_out':
      return putUtterance(state, event.item_id, { intent: 'echo', text: event.text });
    case 'error':
      if (NOTHING_TO_END.has(event.error.code)) return state; // it ended by itself a moment before
      return addNotice(state, 'error', event.error.code, event.error.message);
    case 'assistant.notice':
      if (event.code === 'webrtc_lost' || event.code === 'webrtc_not_connected') return state; // microphone.js sees it itself, and goes on
      return addNotice(event.code === 'store_works' ? without(state, 'store_failed') : state, event.level, event.code, event.message);

    case 'input_audio_buffer.speech_started':
      return updateLive(state, event.item_id, (line) => line);
    case 'input_audio_buffer.cleared':
      return event.item_id ? dropLive(state, event.item_id) : { ...state, live: [] };
    case 'conversation.item.input_audio_transcription.delta':
      return updateLive(state, event.item_id, (line) => ({ ...line, stable: line.stable + event.delta }));
    case 'assistant.transcript.partial':
      return updateLive(state, event.item_id, (line) => ({
        ...line, stable: event.stable, tentative: event.tentative,
        written: event.written, writtenTail: event.written_tail,
      }));
    case 'conversation.item.input_audio_transcription.completed':
      return completed(state, event);
    case 'conversation.item.input_audio_transcription.failed':
      return putUtterance(dropLive(state, event.item_id), event.item_id, { error: event.error.message });
    case 'assistant.transcript.words':
      return changeUtterance(state, event.item_id, { words: event.words });
    case 'assistant.intent':
      return taken(state, event);
    case 'assistant.document.changed':
      return { ...state, document: event };
    case 'assistant.document.patched': {
      const document = patched(state.document, event);
      return document ? { ...state, document } : addNotice(state, 'error', 'report_out_of_step',
        'This page does not show the newest report. Reload the page.');
    }
    case 'assistant.report.described':
      return { ...state, described: event };
    case 'assistant.report.signed':
      return { ...without(state, 'report_signed'), signed: [...state.signed, event], reopened: null };
    case 'assistant.report.reopened':
      return { ...without(state, 'report_signed'), reopened: event };
    case 'assistant.library':
      return { ...state, library: event };
    case 'assistant.command.done':
      return { ...commandDone(state, event), command: event };
    case 'assistant.item.edited':
      return edited(state, event);
    case 'conversation.item.deleted': { // the model is not given this question again, nor its answer
      const isOfIt = (/** @type {Answer} */ each) => each.epoch === state.epoch
        && (each.questionItemId === event.item_id || each.responseId.replace('resp_', 'answer_') === event.item_id);
      return { ...state, answers: state.answers.map((each) => (isOfIt(each) ? { ...each, takenBack: true } : each)) };
    }
    case 'assistant.audio.gap':
      return addGap(state, `${event.start_ms}`, event.start_ms, event.duration_ms, event.reason);
    case 'assistant.audio.status':
      return { ...state, audio: event };

    case 'assistant.attachment.added':
      return attachmentAdded(state, event.attachment);
    case 'assistant.attachment.doubted':
      return {
        ...state,
        attachments: state.attachments.map((each) =>
          each.epoch === state.epoch && each.id === event.attachment_id ? { ...each, doubt: event.message } : each),
      };
    case 'assistant.attachment.checked':
      return {
        ...state,
        attachments: state.attachments.map((each) =>
          each.epoch === state.epoch && each.id === event.attachment_id ? { ...each, note: event.note } : each),
      };
    case 'assistant.attachment.removed':
      return {
        ...state,
        attachments: state.attachments.map((each) =>
          each.epoch === state.epoch && each.id === event.attachment_id ? { ...each, removed: true } : each),
      };

    case 'response.created':
      return responseCreated(state, event);
    case 'assistant.response.sent':
      return changeAnswer(state, event.response_id, () => ({ waits: false }));
    case 'assistant.response.sources':
      return changeAnswer(state, event.response_id, () => ({ sources: event.sources, answered: event.answered }));
    case 'assistant.answer.thought':
      return changeAnswer(state, event.response_id, (answer) => ({ thoughts: answer.thoughts + event.delta }));
    case 'assistant.answer.boxes':
      return changeAnswer(state, event.response_id, () => ({ boxes: event }));
    case 'assistant.response.record':
      return changeAnswer(state, event.response_id, () => ({ record: { read: event.read, named: event.named } }));
    case 'assistant.answer.changes':
      return changeAnswer(state, event.response_id, () => ({ changes: event }));
    case 'assistant.answer.labs':
      return changeAnswer(state, event.response_id, () => ({ labs: event }));
    case 'response.output_text.delta':
      return changeAnswer(state, event.response_id, (answer) => ({ text: answer.text + event.delta }));
    case 'response.output_text.done':
      return changeAnswer(state, event.response_id, () => ({ text: event.text }));
    case 'response.done':
      return changeAnswer(state, event.response.id, () => ({
        status: event.response.status,
        error: whyOf(event),
        cited: event.cited ?? [],
      }));

    case 'assistant.session.closing':
      return { ...state, connection: { ...state.connection, reason: event.reason } };

    case 'local.connection':
      return {
        ...state,
        connection: {
          phase: event.phase,
          reason: event.reason ?? (event.phase === 'open' ? '' : state.connection.reason),
          resuming: event.resuming ?? state.connection.resuming,
        },
      };
    case 'local.microphone':
      return {
        ...(event.microphone.state === 'on' ? without(state, 'reloaded') : state),
        microphone: { ...state.microphone, ...event.microphone },
        audio: event.microphone.state === 'off' ? null : state.audio,
      };
    case 'local.command_told':
      return state.command ? { ...state, command: { ...state.command, message: event.message } } : state;
    case 'local.gap':
      return addGap(state, `away-${state.entries.length}`, 0, event.durationMs, 'away');
    case 'local.mode':
      return { ...state, mode: event.mode };
    case 'local.notice':
      return addNotice(state, event.level ?? 'error', event.code, event.message);
    case 'local.notice_dismissed':
      return { ...state, notices: state.notices.filter((each) => each.id !== event.id) };
    case 'local.upload':
      return {
        ...state,
        uploads: state.uploads.some((each) => each.id === event.upload.id)
          ? state.uploads.map((each) => (each.id === event.upload.id ? event.upload : each))
          : [...state.uploads, event.upload],
      };
    case 'local.upload_ended':
      return { ...state, uploads: state.uploads.filter((each) => each.id !== event.id) };
    case 'local.new_session':
      return { ...initialState, epoch: state.epoch, connection: state.connection, microphone: state.microphone, left: event.left ?? '' };
    case 'local.left_forgotten':
      return { ...state, left: '' };
    case 'input_audio_buffer.speech_stopped':
    case 'input_audio_buffer.committed':
    case 'conversation.item.added':
    case 'conversation.item.done':
    case 'conversation.item.retrieved':
    case 'response.output_item.added':
    case 'response.output_item.done':
    case 'response.content_part.added':
    case 'response.content_part.done':
    case 'assistant.webrtc.answer':    // the microphone takes it
    case 'assistant.audio.received':   // and this
    case 'assistant.speech.stop':      // the reader takes it
    case 'assistant.labels.scored':    // the viewer takes them
    case 'assistant.similar.found':
    case 'assistant.word.offered':     // the offer above the report takes it
      return state;
    default:
      return newer(state, event);
  }
}

/** A newer server may send events that this page does not know. A known one without a case fails the type check.
 * @param {State} state @param {never} _event */
function newer(state, _event) {
  return state;
}

/** @param {State} state @param {import('./protocol.js').SessionCreated} event @returns {State} */
function sessionCreated(state, event) {
  state = without(without(state, 'not_sent'), 'upload_waits');
  const connection = { phase: /** @type {const} */ ('open'), reason: '', resuming: false };
  const next = { ...state, connection, session: event.session, mode: event.session.mode ?? state.mode,
    asleep: event.session.asleep ?? false };
  if (event.resumed) return next;
  const epoch = state.epoch + 1;
  const left = state.session;
  const earlier = left?.stored ? [...state.earlier, { id: left.id, token: left.resume_token }] : state.earlier;
  const anew = { ...next, epoch, earlier, restarted: left !== null, lastSeq: 0, live: [], audio: null, document: null, described: null, signed: [], reopened: null, command: null };
  const nothingYet = state.entries.length === 0 && state.answers.length === 0 && state.live.length === 0;
  if (nothingYet) {
    const fresh = { ...anew, attachments: [] };
    if (left && state.document) return putBack(fresh, state);
    if (!state.connection.resuming) return fresh;
    return addNotice(fresh, 'warning', 'session_gone',
      'The previous session is no longer on the server. This is a new one.');
  }
  /** @type {Entry[]} */
  const unfinished = state.live
    .map((line) => ({ itemId: line.itemId, text: line.written || line.writtenTail
      ? `${line.written}${line.writtenTail}` : line.stable + line.tentative }))
    .filter(({ text }) => text.trim())
    .map(({ itemId, text }) => ({
      ...blankUtterance(state.epoch, itemId), text: text.trim(), intent: 'dictation', unfinished: true,
    }));
  return putBack({
    ...anew,
    entries: [...state.entries, ...unfinished, { kind: 'restart', key: `${epoch}:restart`, epoch }],
    answers: state.answers.map((each) =>
      each.status === 'in_progress' ? { ...each, status: /** @type {const} */ ('interrupted') } : each),
    attachments: state.attachments.map((each) => ({ ...each, removed: true })),
  }, state);
}

/** What the page does about a lost session. @param {State} state @param {State} before @returns {State} */
function putBack(state, before) {
  const images = before.attachments.some((each) => !each.removed) ? ' Attach the images and records again.' : '';
  return addNotice(state, 'warning', 'session_gone',
    `The server restarted or the session expired. Your report was restored into a new session. Check it.${images}`);
}

/** @param {State} state @param {import('./protocol.js').Attachment} attachment @returns {State} */
function attachmentAdded(state, attachment) {
  const key = `${state.epoch}:${attachment.id}`;
  const others = state.attachments.filter((each) => each.key !== key);
  return {
    ...state,
    attachments: [...others, /** @type {Attachment} */ ({ ...attachment, key, epoch: state.epoch, removed: false, note: '', doubt: '' })],
  };
}

/** @param {State} state @param {import('./protocol.js').ResponseCreated} event @returns {State} */
function responseCreated(state, event) {
  const key = `${state.epoch}:${event.response.id}`;
  if (state.answers.some((each) => each.key === key)) return state;
  return {
    ...state,
    answers: [...state.answers, {
      key, epoch: state.epoch, responseId: event.response.id, questionItemId: event.question_item_id,
      question: event.question, attachmentKeys: (event.attachment_ids ?? []).map((id) =>
        `${state.epoch}:${id}`),
      text: '', status: 'in_progress', error: '', engine: event.engine,
      sources: null, cited: [], answered: true, context: event.context ?? null, waits: Boolean(event.wait_ms), takenBack: false,
      thoughts: '', boxes: null, changes: null, labs: null, record: null,
    }],
  };
}

/** @param {State} state @param {string} responseId @param {(answer: Answer) => Partial<Answer>} change */
function changeAnswer(state, responseId, change) {
  const at = state.answers.findLastIndex((each) =>
    each.epoch === state.epoch && each.responseId === responseId);
  if (at < 0) return state;
  const answer = state.answers[at];
  return { ...state, answers: state.answers.with(at, { ...answer, ...change(answer) }) };
}

/** @param {import('./protocol.js').ResponseDone} event */
function whyOf(event) {
  const details = /** @type {{error?: {message: string}}|null|undefined} */ (event.response.status_details);
  return details?.error?.message ?? '';
}

/** What is over needs no warning any more. @param {State} state @param {string} code @returns {State} */
function without(state, code) {
  return { ...state, notices: state.notices.filter((each) => !each.id.startsWith(`${code}-`)) };
}

/** @param {State} state @param {Notice['level']} level @param {string} code @param {string} message */
function addNotice(state, level, code, message) {
  const others = state.notices.filter((each) => each.message !== message);
  const noticeCount = state.noticeCount + 1;
  const notices = [...others, { id: `${code}-${noticeCount}`, level, message }];
  const latest = new Set(notices.slice(-3));
  return { ...state, noticeCount, notices: notices.filter((each) => latest.has(each) || lasts(each)) };
}

/** It stays until it is over, whatever else there is to say. @param {Notice} notice */
function lasts(notice) {
  return notice.id.startsWith('store_failed-');
}
