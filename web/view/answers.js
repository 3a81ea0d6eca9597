// The assistant's column: questions as heard, answers as they stream.

import { findUtterance, runningAnswer } from '../selectors.js';
import { spoken, wholeSentences } from '../sentences.js';
import { forReport, plainLines, withoutJson } from '../answers.js';
import { alsoNode } from './dictation.js';
import { Follow, KeyedList, byId, clock, element, setText } from './dom.js';
import { findingsNode } from './findings.js';
import { showMarkdown } from './markdown.js';
import { linkCitations, sourcesNode } from './sources.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../state.js').Answer} Answer */
/** @typedef {import('../state.js').Attachment} Attachment */
/** @typedef {import('../state.js').Utterance} Utterance */
/** @typedef {{answer: Answer, utterance: Utterance|undefined, pictures: Attachment[], current: boolean}} Row */

const ENDS = {
  in_progress: '', completed: '', cancelled: 'Stopped', failed: 'Failed',
  incomplete: 'Cut off at the token limit (--engine-max-tokens)',
  interrupted: 'Interrupted: the server restarted',
};

/**
 * @typedef {object} Actions
 * @property {import('../events.js').Send} send
 * @property {import('./report.js').Command} press
 * @property {(answer: Answer) => void} editQuestion   puts a misheard question into the box, to be asked again instead
 * @property {() => import('../reports.js').SessionKey} key
 *
 * @param {Actions} actions
 */
export function answersView(actions) {
  const box = byId('answers');
  const end = new Follow(byId('answers-scroll'), () => box.lastElementChild?.lastElementChild ?? null);
  const announce = announcer(byId('announce'));
  /** @type {State|null} */
  let shown = null;
  const list = new KeyedList(box, (/** @type {Row} */ row) => row.answer.key, (row, /** @type {ReturnType<typeof cardNode>|null} */ old) => {
    const node = old ?? cardNode(row.answer, actions);
    node.update(row);
    return node;
  });
  /** @type {Map<string, Row>} */
  let rows = new Map();

  return (/** @type {State} */ state) => {
    if (state.answers !== shown?.answers || state.entries !== shown?.entries || state.attachments !== shown?.attachments) {
      const next = new Map();
      for (const answer of state.answers) {
        const current = answer.epoch === state.epoch;
        const utterance = current ? findUtterance(state, answer.questionItemId) : rows.get(answer.key)?.utterance;
        const pictures = answer.attachmentKeys.flatMap((sent) => state.attachments.filter((each) => each.key === sent));
        const old = rows.get(answer.key);
        const same = old && old.answer === answer && old.utterance === utterance && old.current === current
          && old.pictures.length === pictures.length && old.pictures.every((each, i) => each === pictures[i]);
        next.set(answer.key, same ? old : { answer, utterance, pictures, current });
      }
      rows = next;
      list.update([...rows.values()]);
      byId('answers-empty').hidden = state.answers.length > 0;
      const running = runningAnswer(state);
      announce(running ?? state.answers.at(-1));
      if (state.answers.length > (shown?.answers.length ?? 0)) end.show();
      else end.keep();
    }
    if (state.session !== shown?.session) showStandIn(state.session?.engine);
    shown = state;
  };
}

/**
 * @param {Answer} answer
 * @param {Actions} actions
 */
function cardNode(answer, { send, press, editQuestion, key }) {
  const time = element('time', {});
  const wrong = element('button', {
    type: 'button', class: 'quiet small',
    onclick: () => send({ type: 'assistant.intent.correct', item_id: answer.questionItemId, intent: 'dictation' }),
  }, 'That was dictation');
  const edit = element('button', {
    type: 'button', class: 'quiet small', 'data-testid': 'edit-question',
    onclick: () => {
      if (latest.status === 'in_progress') send({ type: 'response.cancel', response_id: answer.responseId });
      editQuestion(answer);
    },
  }, 'Edit and ask again');
  const pictures = element('div', { class: 'thumbs' });
  const checks = element('ul', { class: 'checks' });
  const also = element('div', {});
  const askOther = (/** @type {string} */ text) =>
    send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } })
    && send({ type: 'response.create' });
  const text = element('div', { class: 'answer-text' });
  const doing = element('span', {});
  const progress = element('p', { class: 'running' }, element('span', { class: 'cursor', 'aria-hidden': 'true' }), doing);
  const error = element('p', { class: 'failed' });
  const stop = element('button', {
    type: 'button', class: 'stop', 'data-testid': 'stop-answer',
    onclick: () => send({ type: 'response.cancel', response_id: answer.responseId }),
  }, element('span', { class: 'stop-shape', 'aria-hidden': 'true' }), 'Stop');
  const how = element('span', { class: 'how' });
  const by = element('span', { class: 'by' }, madeBy(answer.engine));
  /** @type {Answer} */
  let latest = answer;
  const insert = element('button', {
    type: 'button', class: 'quiet small', 'data-testid': 'insert-answer',
    onclick: () => {
      const text = forReport(latest);
      if (press('insert_text', { origin: 'answer', text })) setText(insert, '✓ In the report');
    },
  }, 'Put into report');
  const unseen = element('p', { class: 'unseen-images' }, 'This model cannot see images. It answered from the text only.');
  unseen.hidden = answer.engine.sees_images || answer.engine.declines || answer.attachmentKeys.length === 0;
  const title = element('h3', { class: 'question-text' }, answer.question);
  const kind = element('span', { class: 'asked' });
  const sources = sourcesNode();
  const findings = findingsNode(key);
  const node = element('article', { class: 'card', 'data-response': answer.responseId },
    element('div', { class: 'card-question' },
      element('div', { class: 'card-head' }, kind, time, edit, wrong), title, also, pictures, checks),
    element('div', { class: 'card-answer' }, text, progress, error, unseen, sources, findings),
    element('div', { class: 'card-foot' }, by, how, insert, stop));

  /** @type {Utterance|undefined} */
  let heard;
  /** @type {Attachment[]|undefined} */
  let seen;
  const update = (/** @type {Row} */ row) => {
    const { answer: now, utterance, current } = row;
    const running = now.status === 'in_progress';
    const asDictation = utterance?.intent === 'dictation';
    const isSetAside = asDictation || now.takenBack;
    node.classList.toggle('card-set-aside', isSetAside);
    setText(kind, asDictation ? 'Taken as dictation' : now.takenBack ? 'Edited and asked again' : utterance ? 'Question, as heard' : 'Question, typed');
    setText(time, utterance ? clock(utterance.at) : '');
    time.dateTime = utterance?.at ?? '';
    wrong.hidden = !current || !utterance || isSetAside;
    edit.hidden = !current || isSetAside;
    if (heard !== utterance) {
      heard = utterance;
      const other = utterance && alsoNode(utterance, current && 'Ask this', () => askOther(utterance.alsoHeard));
      also.replaceChildren(...(other ? [other] : []));
    }
    const drawn = running || now.boxes || (now.labs && now.labs.rejected === 0);
    if (answer.engine.declines) showPlain(text, now.text); // it quotes the report: a mark in it is no markup
    else showMarkdown(text, drawn ? withoutJson(now.text) : now.text);
    linkCitations(text, now.sources);
    sources.update(now);
    findings.update(now, row.pictures, current);
    latest = now;
    insert.hidden = !current || running || isSetAside || answer.engine.stand_in || !plainLines(now.text);
    if (!now.answered) setText(by, 'From the guideline folder only; no model was asked');
    progress.hidden = !running;
    setText(doing, now.waits ? 'Not sent yet. Stop keeps it back.' : 'Answering …');
    node.setAttribute('aria-busy', String(running));
    setText(error, now.error);
    error.hidden = !now.error;
    setText(how, now.waits && now.status === 'cancelled' ? 'Stopped before it was sent' : ENDS[/** @type {Answer['status']} */ (now.status)] ?? '');
    stop.hidden = !running;
    if (running) stop.id = 'stop-answer';
    else stop.removeAttribute('id');
    if (seen !== row.pictures) {
      seen = row.pictures;
      pictures.replaceChildren(...row.pictures.map(pictureNode));
      pictures.hidden = row.pictures.length === 0;
      const checked = row.pictures.filter((each) => each.note);
      checks.replaceChildren(...checked.map((each) => element('li', {}, `${each.name}: ${each.note}`)));
    }
  };
  return Object.assign(node, { update });
}

/** @param {import('../state.js').Engine} engine */
function madeBy(engine) {
  if (engine.declines) return 'Fixed text and quotations; no model was asked';
  const revision = engine.revision ? ` (${engine.revision.slice(0, 19)})` : '';
  return `${engine.name}${revision} · generated, unverified${engine.stand_in ? ', not for medical use' : ''}`;
}

/** A small picture; when it cannot be had any more, its name. @param {{url: string, name: string}} picture */
export function pictureNode(picture) {
  const image = element('img', { class: 'thumb', src: picture.url, alt: picture.name, title: picture.name });
  image.addEventListener('error', () => image.replaceWith(element('span', { class: 'thumb thumb-name' }, picture.name)));
  return image;
}

/** Text as it is, one paragraph a line. @param {HTMLElement} box @param {string} text */
function showPlain(box, text) {
  box.replaceChildren(...text.split('\n').map((line) => element('p', {}, line)));
}

/** @param {import('../state.js').Engine|undefined} engine */
function showStandIn(engine) {
  const banner = byId('stand-in');
  banner.hidden = !engine?.stand_in;
  if (!engine?.stand_in) return;
  const heading = engine.declines ? 'No medical model is connected' : 'This is a tiny general model, not for medical use';
  const says = engine.declines
    ? 'Dictation works. Medical questions and images are declined until one is.'
    : 'It only shows that the pipeline works.';
  banner.replaceChildren(
    element('div', {}, element('p', {}, element('strong', {}, heading)), element('p', {}, says)),
    element('button', { type: 'button', class: 'strong', 'data-testid': 'connect', onclick: () => byId('models-open').click() }, 'Connect a model'));
}

/** Puts whole sentences of the running answer where screen readers hear them. @param {HTMLElement} region */
function announcer(region) {
  let key = '';
  let said = 0;
  let silent = true;
  return (/** @type {Answer|undefined} */ answer) => {
    if (!answer) return;
    if (answer.key !== key) {
      key = answer.key;
      said = 0;
      silent = answer.status !== 'in_progress'; // an old one, replayed
      region.replaceChildren();
    }
    if (silent || said < 0) return;
    const done = answer.status !== 'in_progress';
    const until = done ? answer.text.length : wholeSentences(answer.text);
    if (until > said) {
      region.append(element('p', {}, spoken(answer.text.slice(said, until))));
      said = until;
    }
    if (done) {
      if (answer.status !== 'completed') region.append(element('p', {}, answer.error || `${ENDS[answer.status]}.`));
      said = -1;
    }
  };
}
