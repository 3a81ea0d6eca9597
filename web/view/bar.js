// The bar at the bottom and the status at the top: the microphone, the mode, what was heard last.

import { NO_LOSS, lastHeard, levelInWords, lossInWords } from '../selectors.js';
import { byId, element, icon, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */

const TITLE = 'Clinical Voice Assistant';
const TRANSPORTS = { webrtc: 'WebRTC', websocket: 'WebSocket' };
const VERBS = { off: 'Start', asking: 'Cancel', connecting: 'Stop dictating', on: 'Stop dictating', waiting: 'Stop dictating' };
const TAKEN = { dictation: 'Dictation', question: 'Question', command: 'Command', echo: 'Left out: echo of the spoken answer' };

/** @param {{send: import('../events.js').Send, press: import('./report.js').Command, level: () => number}} actions */
export function barView({ send, press, level }) {
  const mic = byId('mic');
  const bars = /** @type {HTMLElement[]} */ ([...byId('level').children]);
  const change = element('button', { type: 'button', class: 'quiet small', 'data-testid': 'last-change' });
  const text = element('p', { class: 'last-text' });
  const taken = element('span', { class: 'last-taken' });
  const last = byId('last');
  /** @type {import('../state.js').Utterance|undefined} */
  let heard;
  change.addEventListener('click', () => {
    if (!heard) return;
    send({
      type: 'assistant.intent.correct', item_id: heard.itemId,
      intent: heard.intent === 'dictation' ? 'question' : 'dictation',
    });
  });
  const done = element('span', { class: 'last-done', 'data-testid': 'last-done' });
  const undo = element('button', {
    type: 'button', class: 'quiet small last-undo', hidden: true,
    onclick: () => press('undo'),
  }, '↶ Undo');
  const nearly = element('button', {
    type: 'button', class: 'small offer', 'data-testid': 'nearly', hidden: true,
    onclick: () => heard && send({ type: 'assistant.intent.correct', item_id: heard.itemId, intent: 'command' }),
  });
  last.append(
    element('div', { class: 'last-words' }, element('span', { class: 'unseen' }, 'Last heard: '), text,
      element('p', { class: 'last-how' }, taken, ' ', done)),
    undo, nearly, change);

  byId('status-recogniser').addEventListener('click', () => byId('models-open').click());
  let drawn = '';
  const drawLevel = () => {
    const now = Math.round(level() * 20) / 20;
    const key = String(now);
    if (key !== drawn) {
      drawn = key;
      bars.forEach((bar, i) => {
        const share = Math.max(0.12, Math.min(1, now * (1.25 - Math.abs(i - 2) * 0.22)));
        bar.style.transform = `scaleY(${share})`;
      });
    }
    if (mic.dataset.state !== 'off') requestAnimationFrame(drawLevel);
  };
  /** @type {State|null} */
  let shown = null;

  return (/** @type {State} */ state) => {
    const { state: micState } = state.microphone;
    if (mic.dataset.state !== micState) {
      const wasOff = (mic.dataset.state ?? 'off') === 'off';
      mic.dataset.state = micState;
      document.body.dataset.microphone = micState;
      mic.setAttribute('aria-pressed', String(micState !== 'off'));
      setText(byId('mic-verb'), VERBS[micState]);
      if (wasOff && micState !== 'off') requestAnimationFrame(drawLevel);
    }
    const recording = micState !== 'off' && micState !== 'asking';
    document.title = recording ? `${state.asleep ? '☾' : '●'} ${TITLE}` : TITLE;
    if (state.mode !== shown?.mode) byId(`mode-${state.mode}`, 'input').checked = true;
    if (state.connection !== shown?.connection || state.microphone !== shown?.microphone || state.asleep !== shown?.asleep) {
      showConnection(state);
    }
    if (state.session !== shown?.session) {
      setText(byId('status-recogniser'), state.session?.recogniser.label ?? '');
      byId('status-recogniser').hidden = !state.session;
      byId('status-recogniser').title = state.session ? `Recogniser: ${state.session.recogniser.name}. Press for its card.` : '';
      setText(byId('version'), state.session?.version ? `Version ${state.session.version}` : '');
    }
    const transport = state.microphone.transport ?? null;
    const loss = micState === 'on' ? lossInWords(state.audio) : '';
    showTransport(transport, loss);
    const loudness = levelInWords(state);
    setText(byId('level-words'), loudness ? `▲ ${loudness.short}` : '');
    byId('level').classList.toggle('wrong', Boolean(loudness));
    setText(byId('status-loss'), loss === NO_LOSS ? '' : loss);
    if (state.entries !== shown?.entries || state.epoch !== shown?.epoch) {
      heard = lastHeard(state);
      change.hidden = !heard;
      setText(text, heard ? `“${heard.text}”` : 'Nothing heard yet');
      text.title = heard?.text ?? '';
      setText(taken, heard ? TAKEN[heard.intent ?? 'dictation'] : '');
      if (!heard) nearly.hidden = true;
      else {
        setText(change, heard.intent !== 'dictation' ? 'That was dictation' : heard.doubtful ? 'Ask this?' : 'Ask this');
        nearly.hidden = heard.intent !== 'dictation' || !heard.nearly;
        setText(nearly, `Did you mean “${heard.nearly}”?`);
        nearly.title = nearly.textContent;
        change.classList.toggle('offer', heard.doubtful && heard.intent === 'dictation');
      }
    }
    if (state.command !== shown?.command || state.entries !== shown?.entries) {
      const told = state.command && state.command.item_id === heard?.itemId ? state.command : null;
      done.title = told?.message ?? '';
      if (heard?.intent === 'command') setText(taken, told ? '▸' : TAKEN.command); // what it did says it better
      setText(done, told ? `${told.failed ? '▲ ' : ''}${told.message}` : '');
      done.classList.toggle('failed', Boolean(told?.failed));
    }
    undo.hidden = heard?.intent !== 'command' || !done.textContent || !state.command?.changed
      || !state.document?.can_undo || state.command.command === 'undo';
    shown = state;
  };
}

/** A sign, with its words on hover and for screen readers. @param {'webrtc'|'websocket'|null} transport @param {string} loss */
function showTransport(transport, loss) {
  const node = byId('status-transport');
  node.hidden = !transport;
  if (!transport) return;
  node.title = [`Sound goes over ${TRANSPORTS[transport]}`, loss].filter(Boolean).join(', ');
  if (node.dataset.transport === transport) return;
  node.dataset.transport = transport;
  node.replaceChildren(icon(transport), element('span', { class: 'unseen' }, `Sound goes over ${TRANSPORTS[transport]}`));
}

/** @param {State} state */
function showConnection(state) {
  const { phase } = state.connection;
  const { state: micState } = state.microphone;
  let [shape, words] = ['○', 'Ready'];
  if (phase === 'waiting' || phase === 'closed') [shape, words] = ['▲', 'Not connected'];
  else if (phase === 'connecting') [shape, words] = ['◌', 'Connecting'];
  else if (state.asleep && micState !== 'off') [shape, words] = ['☾', 'Asleep'];
  else if (micState === 'on') [shape, words] = ['●', 'Listening'];
  else if (micState === 'asking') [shape, words] = ['◌', 'Waiting for permission'];
  else if (micState !== 'off') [shape, words] = ['◌', 'Connecting the microphone'];
  const node = byId('status-connection');
  const state_ = `${shape} ${words}`;
  if (node.dataset.words === state_) return;
  node.dataset.words = state_;
  node.dataset.kind = { '●': 'listening', '▲': 'lost', '◌': 'busy', '○': 'ready', '☾': 'asleep' }[shape];
  node.replaceChildren(element('span', { class: 'connection-shape', 'aria-hidden': 'true' }, shape), ` ${words}`);
}
