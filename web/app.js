// The page: joins the session, the microphone and the state to the views.

import { HandsFree } from './handsfree.js';
import { Arrival } from './arriving.js';
import * as known from './devices.js';
import { Microphone, microphones, whyNoMicrophone } from './microphone.js';
import { playSample } from './sample.js';
import { Session } from './session.js';
import { runningAnswer, transcript } from './selectors.js';
import { initialState, reduce } from './state.js';
import { post, reason, uploadAll } from './uploads.js';
import { opened } from './worklist.js';
import { answersView } from './view/answers.js';
import { archiveView } from './view/archive.js';
import { attachmentsView } from './view/attachments.js';
import { attentionView } from './view/attention.js';
import { checkView } from './view/check.js';
import { bannersView } from './view/banners.js';
import { barView } from './view/bar.js';
import { commanded } from './view/commanded.js';
import { dictationView } from './view/dictation.js';
import { reportView } from './view/report.js';
import { toolsView } from './view/tools.js';
import { byId, element } from './view/dom.js';
import { expectedSettings } from './view/expected.js';
import { exportsView } from './view/exports.js';
import { listenForKeys } from './view/keys.js';
import { settingsView } from './view/settings.js';
import { styleSettings } from './view/style.js';
import { tabsView } from './view/tabs.js';
import { matchingView } from './view/matching.js';
import { leaveIfSignedOut, showAccount } from './account.js';
import { modelsView } from './view/models.js';
import { seenDialog, viewer } from './view/viewer.js';
import { trustView } from './view/trust.js';
import { aboutView } from './view/about.js';
import { signingView } from './view/signing.js';
import { ordersView } from './view/orders.js';
import { worklistView } from './view/worklist.js';
import { ownView } from './view/own.js';

const SETTINGS_KEY = 'assistant.microphone';
const FINE_AFTER_MS = 15_000;
const WAS_ON_KEY = 'assistant.microphone_on';

let state = initialState;
let drawing = false;

/** @param {import('./events.js').PageEvent} event */
function dispatch(event) {
  const next = reduce(state, event);
  if (next === state) return;
  state = next;
  if (drawing) return;
  drawing = true; // many events, one drawing
  if (document.hidden) setTimeout(draw, 100);
  else requestAnimationFrame(draw);
}

function draw() {
  drawing = false;
  for (const view of views) view(state);
}

const session = new Session((event, again) => {
  const goesOn = event.type === 'session.created' && Boolean(event.previous); // in another report, by the same microphone
  if (event.type === 'session.created' && event.previous) dispatch({ type: 'local.new_session', left: event.previous });
  dispatch(event);
  report.take(event, state, again);
  matching.take(event);
  signing.take(event);
  handsFree.take(event, again);
  own.take(event);
  if (event.type === 'assistant.command.done' && !again) carryOut(event);
  if (event.type === 'session.created') {
    if (!goesOn) microphone.connectionOpened(event.resumed ? event.audio_sample ?? null : null);
    tellStyle();
    tellExpected(event.session);
    attach(unsent.splice(0));
    void worklist.greet(event);
  } else if (event.type === 'assistant.webrtc.answer') microphone.handle(event);
  else if (event.type === 'assistant.audio.received') microphone.acknowledged(event.sample);
  else if (event.type === 'assistant.audio.status') {
    arrival.reported(event.received);
    rememberLevel(event.level ?? 'fine');
  }
  else if (event.type === 'local.connection' && (event.phase === 'waiting' || event.phase === 'closed')) {
    microphone.connectionLost();
    void leaveIfSignedOut();
  }
});

let devices = known.parse(localStorage.getItem(SETTINGS_KEY));
const arrival = new Arrival((late) => dispatch({ type: 'local.microphone', microphone: { late } }));
const microphone = new Microphone(
  {
    send: (event) => session.send(event),
    sendAudio: (pcm) => session.sendAudio(pcm),
    iceServers: () => state.session?.ice_servers ?? [],
    isOpen: () => session.isOpen,
    lost: (durationMs) => dispatch({ type: 'local.gap', durationMs }),
  },
  (status) => {
    dispatch({ type: 'local.microphone', microphone: { ...state.microphone, ...status } });
    if (status.state === 'off') sessionStorage.removeItem(WAS_ON_KEY);
    else if (status.state) sessionStorage.setItem(WAS_ON_KEY, 'yes');
    if (status.state === 'on') void listDevices(); // their names are known once one is allowed
    if (status.state === 'on') arrival.began(status.transport ?? null);
    else if (status.state) arrival.ended(); // while there is no connection that is told by itself
  },
  () => ({ ...known.known(devices), deviceId: devices.deviceId }),
);

/** What is wrong with a microphone is remembered for the next time. @param {string} level */
function rememberLevel(level) {
  const trouble = level === 'fine' ? '' : level;
  if (trouble === known.known(devices).trouble) return;
  if (!trouble && performance.now() - microphone.startedAt < FINE_AFTER_MS) return; // not heard for long enough
  learnLevel(level);
}

/** @param {string} level */
function learnLevel(level) {
  saveDevices(known.learned(devices, { trouble: level === 'fine' ? '' : level }));
  void listDevices();
}

const handsFree = new HandsFree({
  send: (event) => session.send(event), microphone, state: () => state, stopAnswer,
});

function stopAnswer() {
  const running = runningAnswer(state);
  if (running) send({ type: 'response.cancel', response_id: running.responseId });
}

/** @param {import('./events.js').Sent} event */
function send(event) {
  const sent = session.send(event);
  if (!sent) {
    dispatch({ type: 'local.notice', level: 'warning', code: 'not_sent',
      message: 'Not sent: no connection to the server. Try again when it is back.' });
  }
  return sent;
}

/** Files given while there is no connection go once there is one. @type {import('./uploads.js').Given[]} */
let unsent = [];

/** @param {import('./uploads.js').Given[]} given */
function attach(given) {
  if (session.isOpen) {
    void uploadAll(given, reportKey(), dispatch); // as it is now: a new session may begin meanwhile
    return;
  }
  unsent.push(...given);
  if (given.length > 0) {
    dispatch({ type: 'local.notice', level: 'info', code: 'upload_waits',
      message: `${unsent.length === 1 ? `“${unsent[0].path}” is` : `${unsent.length} files are`} attached once the server is connected.` });
  }
}

/** Where the report and its attachments are, and the secret that opens them. */
function reportKey() {
  return { id: session.id, token: session.token };
}

const trust = trustView({
  key: reportKey, fail: (message) => dispatch({ type: 'local.notice', code: 'report_failed', message }),
});

const report = reportView({ send, sendQuietly: (event) => session.send(event) });
const tellStyle = styleSettings(send);
const tellExpected = expectedSettings(send);
const matching = matchingView({ send, look: (attachment, index) => look(attachment, index) });
const look = viewer(send, matching.looked, async (series, number) => {
  const answer = await post(`stacks?${new URLSearchParams({ series, number: String(number) })}`, {}, session);
  return answer.status === 201 ? '' : reason(answer);
});

const exports = exportsView({ key: reportKey, explain: trust.explain });
const signing = signingView({ send, key: reportKey, explain: trust.explain });
const carryOut = commanded({
  exports,
  sign: signing.open,
  tell: (message) => dispatch({ type: 'local.command_told', message }),
});

const own = ownView();

const worklist = worklistView({
  current: () => session.id,
  startNew,
  open: goOn,
});

/** @param {string} token */
function goOn(token) {
  microphone.stop();
  dispatch({ type: 'local.new_session' });
  session.goOn(token);
}

/** To the report that was left for a new one. @param {string} id */
async function goBack(id) {
  try {
    goOn(await opened(id));
  } catch (error) {
    dispatch({ type: 'local.notice', code: 'report_failed', message: /** @type {Error} */ (error).message });
  }
}
const archive = archiveView({ post: (path, body) => post(path, body, session) });

const views = [
  report,
  aboutView({ send }),
  signing,
  toolsView({ press: report.command, focusReport: () => report.focus() }),
  dictationView({ send }),
  answersView({ send, press: report.command, editQuestion, key: reportKey }),
  archive,
  modelsView({ key: () => session }),
  attachmentsView({ send, attach, look }),
  matching,
  look.view,
  barView({ send, press: report.command, level: () => microphone.level() }),
  bannersView({
    send, dispatch, reconnect: () => session.open(), undo: () => report.command('undo'), goBack: (id) => void goBack(id),
    chooseDevice: () => byId('device', 'select').focus(),
  }, whyNoMicrophone()),
  tabsView(),
  attentionView({ toggle: () => handsFree.toggleSleep() }),
  settingsView(handsFree),
  trust,
  exports.view,
  worklist,
  ordersView({ open: goOn, offerPictures: (numbers) => void archive.offer(numbers) }),
];

seenDialog(() => session.id, () => Boolean(state.session?.engine?.sees_images));

// --- the bar ---

function toggleMicrophone() {
  if (microphone.isWanted) microphone.stop();
  else void microphone.start();
}

byId('mic').addEventListener('click', toggleMicrophone);
for (const mode of /** @type {const} */ (['auto', 'dictation', 'question'])) {
  byId(`mode-${mode}`).addEventListener('change', () => {
    if (send({ type: 'assistant.mode.set', mode })) {
      handsFree.prefer({ mode });
      dispatch({ type: 'local.mode', mode });
    }
    else byId(`mode-${state.mode}`, 'input').checked = true;
  });
}

/** Where a microphone is chosen. */
const deviceLists = [byId('device', 'select'), byId('mic-check-device', 'select')];

async function listDevices() {
  const found = (await microphones()).filter((each) => each.deviceId !== 'default');
  for (const select of deviceLists) {
    select.replaceChildren(
      element('option', { value: '' }, known.named('Default', known.known(devices, '').trouble)),
      ...found.map((each, i) => element('option', { value: each.deviceId },
        known.named(each.label || `Microphone ${i + 1}`, known.known(devices, each.deviceId).trouble))),
    );
    select.value = found.some((each) => each.deviceId === devices.deviceId) ? devices.deviceId : '';
  }
}

byId('hear-it').addEventListener('click', async () => {
  const say = (/** @type {string} */ words) => { byId('hear-said').textContent = words; };
  try {
    microphone.stop();
    const sample = await playSample();
    await microphone.start(sample.stream);
    sample.begin();
    say('The sample plays. It is written into the report as it is heard.');
    await sample.ended;
    microphone.stop();
  } catch (error) {
    say(`The sample could not be played. ${/** @type {Error} */ (error).message}`);
  }
});

for (const select of deviceLists) {
  select.addEventListener('change', () => {
    saveDevices({ ...devices, deviceId: select.value });
    for (const other of deviceLists) other.value = select.value;
    showProcessing();
    void microphone.restart();
  });
}
navigator.mediaDevices?.addEventListener('devicechange', () => void listDevices());
void listDevices();

checkView({
  settings: () => ({ ...known.known(devices), deviceId: devices.deviceId }),
  dictation: microphone,
  learned: learnLevel,
});

// --- questions ---

const questionText = byId('question-text', 'textarea');
const question = byId('question', 'form');
/** Answers whose questions stand in the box, to be asked again in other words. @type {Set<import('./state.js').Answer>} */
const edited = new Set();
question.addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  const text = questionText.value.trim();
  if (!text) return questionText.focus();
  const content = [{ type: /** @type {const} */ ('input_text'), text }];
  if (!send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } })) return undefined;
  for (const each of edited) {
    if (each.epoch === state.epoch) send({ type: 'conversation.item.delete', item_id: each.questionItemId });
  }
  edited.clear();
  send({ type: 'response.create' });
  questionText.value = '';
  return fitQuestion();
});
questionText.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  question.requestSubmit();
});
questionText.addEventListener('input', () => {
  if (!questionText.value.trim()) edited.clear(); // whatever is written now is another question
  fitQuestion();
});

/** What was begun in the box stays. @param {import('./state.js').Answer} answer */
function editQuestion(answer) {
  questionText.value = [questionText.value.trim(), answer.question].filter(Boolean).join('\n');
  edited.add(answer);
  fitQuestion();
  questionText.focus();
}

function fitQuestion() {
  questionText.style.height = 'auto';
  questionText.style.height = `${Math.min(160, questionText.scrollHeight + 2)}px`;
}

// --- the tools at the top ---

byId('new-session').addEventListener('click', startNew);

/** A new report on this page. @returns {boolean} false if the person would rather stay */
function startNew() {
  const hasText = state.entries.length > 0 || state.answers.length > 0 || transcript(state) !== ''
    || state.described !== null || state.attachments.some((each) => !each.removed);
  const isKept = Boolean(state.session?.keeping); // then it is a draft in the list
  if (hasText && !isKept && !confirm('Start a new report? This server keeps none: the text on this page will be removed. Copy or download it first.')) return false;
  microphone.stop();
  dispatch({ type: 'local.new_session', ...(hasText && isKept ? { left: session.id } : {}) });
  session.startAnew();
  return true;
}
byId('help-open').addEventListener('click', () => byId('help', 'dialog').showModal());
for (const box of document.querySelectorAll('[data-setting]')) {
  const input = /** @type {HTMLInputElement} */ (box);
  const name = /** @type {known.Processing} */ (input.dataset.setting);
  input.addEventListener('change', () => {
    saveDevices(known.learned(devices, { [name]: input.checked }));
    void microphone.restart();
  });
}
showProcessing();

/** The settings of the microphone that is chosen: each has its own. */
function showProcessing() {
  for (const box of document.querySelectorAll('[data-setting]')) {
    const input = /** @type {HTMLInputElement} */ (box);
    input.checked = known.known(devices)[/** @type {known.Processing} */ (input.dataset.setting)];
  }
}

/** @param {known.Devices} now */
function saveDevices(now) {
  devices = now;
  localStorage.setItem(SETTINGS_KEY, JSON.stringify(devices));
}

listenForKeys({
  talkKey: () => handsFree.preferences.talkKey,
  talk: (pressed) => handsFree.talk(pressed),
  toggle: toggleMicrophone,
  sleep: () => handsFree.toggleSleep(),
  stopAnswer: () => handsFree.stop(),
  help: () => byId('help', 'dialog').showModal(),
  typeInReport: report.focus,
  typeQuestion: () => {
    byId('tab-assistant').click();
    questionText.focus();
  },
});

draw();
void showAccount(byId('tools'));
if (sessionStorage.getItem(WAS_ON_KEY)) {
  dispatch({ type: 'local.notice', level: 'warning', code: 'reloaded',
    message: 'The page was reloaded, so the microphone is off. Press Start to continue.' });
}
session.open();
