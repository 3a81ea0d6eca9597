// The settings dialog: reading aloud, the word for the assistant, the talk key, pedals.

import { FASTEST, SLOWEST, TALK_KEYS } from '../preferences.js';
import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */

/** @param {import('../handsfree.js').HandsFree} handsFree */
export function settingsView(handsFree) {
  const dialog = byId('settings', 'dialog');
  byId('settings-open').addEventListener('click', () => dialog.showModal());
  showReading(handsFree);
  showWake(handsFree);
  showTalk(handsFree);
  showPedals(handsFree);
  searchSettings(dialog);
  /** @type {import('../protocol.js').GuidelineShelf|null|undefined} */
  let shown = null;
  return (/** @type {State} */ state) => {
    if (state.session?.guidelines === shown) return;
    shown = state.session?.guidelines;
    showGuidelines(shown);
  };
}

/** Shows the groups that have the words that are typed; a group is a heading with what stands under it. @param {HTMLDialogElement} dialog */
function searchSettings(dialog) {
  const search = byId('settings-search', 'input');
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    /** @type {HTMLElement[][]} */
    const groups = [];
    for (const node of /** @type {HTMLElement[]} */ ([...dialog.children])) {
      if (node.matches('h2, .settings-search, #settings-none, form')) continue;
      if (node.matches('h3, fieldset, #expected, #guidelines') || groups.length === 0) groups.push([]);
      groups[groups.length - 1].push(node);
    }
    let found = 0;
    for (const group of groups) {
      const text = group.map((node) => node.textContent).join(' ').toLowerCase();
      const fits = words.every((word) => text.includes(word));
      found += Number(fits && group.some((node) => !node.hidden));
      for (const node of group) node.classList.toggle('not-found', !fits);
    }
    setText(byId('settings-none'), found === 0 ? 'No setting has these words.' : '');
  };
  search.addEventListener('input', show);
  dialog.addEventListener('close', () => {
    search.value = '';
    show();
  });
}

/** @param {import('../handsfree.js').HandsFree} handsFree */
function showReading(handsFree) {
  const aloud = byId('set-aloud', 'input');
  const voice = byId('set-voice', 'select');
  const rate = byId('set-rate', 'input');
  const said = byId('set-rate-said');
  const listVoices = () => {
    const voices = handsFree.reader.voices();
    byId('reading').hidden = voices.length === 0;
    byId('reading-none').hidden = voices.length > 0;
    voice.replaceChildren(element('option', { value: '' }, 'Chosen by the browser'),
      ...voices.map((each) => element('option', { value: each.name }, `${each.name} (${each.lang})`)));
    voice.value = handsFree.preferences.voice;
    if (!voice.value) voice.value = '';
  };
  const showRate = () => setText(said, `${Number(rate.value).toFixed(1)} ×`);
  aloud.checked = handsFree.preferences.readAloud;
  rate.min = String(SLOWEST);
  rate.max = String(FASTEST);
  rate.value = String(handsFree.preferences.rate);
  showRate();
  listVoices();
  globalThis.speechSynthesis?.addEventListener?.('voiceschanged', listVoices);
  aloud.addEventListener('change', () => handsFree.prefer({ readAloud: aloud.checked }));
  voice.addEventListener('change', () => handsFree.prefer({ voice: voice.value }));
  rate.addEventListener('input', showRate);
  rate.addEventListener('change', () => handsFree.prefer({ rate: Number(rate.value) }));
  byId('set-try').addEventListener('click', () => handsFree.reader.say('This is how answers sound.'));
  byId('settings', 'dialog').addEventListener('close', () => {
    if (!handsFree.preferences.readAloud) handsFree.reader.stop();
  });
}

/** @param {import('../handsfree.js').HandsFree} handsFree */
function showWake(handsFree) {
  const phrase = byId('set-phrase', 'input');
  phrase.value = handsFree.preferences.phrase;
  const show = () => {
    phrase.disabled = handsFree.preferences.wake !== 'own';
  };
  for (const wake of /** @type {const} */ (['off', 'assistant', 'own'])) {
    const radio = byId(`wake-${wake}`, 'input');
    radio.checked = handsFree.preferences.wake === wake;
    radio.addEventListener('change', () => {
      handsFree.prefer({ wake });
      show();
      if (wake === 'own') phrase.focus();
    });
  }
  phrase.addEventListener('change', () => handsFree.prefer({ phrase: phrase.value.trim() }));
  show();
}

/** @param {import('../handsfree.js').HandsFree} handsFree */
function showTalk(handsFree) {
  const key = byId('set-talk-key', 'select');
  key.replaceChildren(...Object.entries(TALK_KEYS).map(([value, name]) => element('option', { value }, name)));
  key.value = handsFree.preferences.talkKey;
  const say = () => {
    setText(byId('keys-talk'), TALK_KEYS[/** @type {keyof typeof TALK_KEYS} */ (handsFree.preferences.talkKey)]);
    setText(byId('keys-talk-how'), handsFree.preferences.talk === 'hold'
      ? 'Talk while it is held, when you are not typing' : 'Microphone on or off, when you are not typing');
    byId('keys-talk-row').hidden = handsFree.preferences.talkKey === '';
  };
  key.addEventListener('change', () => {
    handsFree.prefer({ talkKey: key.value });
    say();
  });
  for (const talk of /** @type {const} */ (['hold', 'toggle'])) {
    const radio = byId(`talk-${talk}`, 'input');
    radio.checked = handsFree.preferences.talk === talk;
    radio.addEventListener('change', () => {
      handsFree.prefer({ talk });
      say();
    });
  }
  say();
}

/** @param {import('../handsfree.js').HandsFree} handsFree */
function showPedals(handsFree) {
  const { pedals } = handsFree;
  const said = byId('pedals-said');
  byId('pedals').hidden = !pedals;
  byId('pedals-none').hidden = Boolean(pedals);
  if (!pedals) return;
  handsFree.onDevices = (names) => setText(said, names.length ? `Connected: ${names.join(', ')}` : 'None is connected.');
  const failed = () => setText(said, 'The device could not be opened. Unplug it, plug it in again, and close other programs that use it.');
  void pedals.open().catch(failed);
  byId('pedals-connect').addEventListener('click', () => void pedals.connect().catch(failed));
}

/** @param {{files: number, passages: number, ready: boolean, problems: string[]}|null|undefined} guidelines */
function showGuidelines(guidelines) {
  const box = byId('guidelines');
  box.hidden = !guidelines;
  if (!guidelines) return;
  const { files, passages, ready, problems } = guidelines;
  box.replaceChildren(
    element('h3', {}, 'Guidelines'),
    element('p', {}, ready ? `Answers can use ${passages} passages of ${files} ${files === 1 ? 'file' : 'files'}.`
      : 'The guideline folder is being read.'),
    ...(problems.length === 0 ? [] : [
      element('p', {}, 'Left out:'), element('ul', {}, ...problems.map((each) => element('li', {}, each))),
    ]));
}
