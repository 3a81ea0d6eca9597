// What a person should know, as sentences at the top of the page.

import { levelInWords } from '../selectors.js';
import { KeyedList, byId, element } from './dom.js';

/** @typedef {import('../state.js').State} State */
const REPLACING = new Set(['new_report', 'insert_template']);

/** @typedef {{key: string, level: string, message: string, button?: {text: string, press: () => void},
 *   second?: {text: string, press: () => void}}} Banner */

/**
 * @param {{send: import('../events.js').Send, dispatch: (event: import('../events.js').LocalEvent) => void, reconnect: () => void, undo: () => void,
 *   goBack: (id: string) => void, chooseDevice: () => void}} actions
 * @param {string} noMicrophone  why this page can have none, or ''
 */
export function bannersView({ send, dispatch, reconnect, undo, goBack, chooseDevice }, noMicrophone) {
  const list = new KeyedList(byId('banners'), (/** @type {Banner} */ each) => each.key, (banner) =>
    element('div', { class: `banner banner-${banner.level}`, role: banner.level === 'info' ? 'status' : 'alert' },
      element('span', { class: 'banner-shape', 'aria-hidden': 'true' }, banner.level === 'info' ? 'i' : '!'),
      element('p', {}, banner.message),
      banner.button && element('button', { type: 'button', class: 'quiet small', onclick: banner.button.press }, banner.button.text),
      banner.second && element('button', { type: 'button', class: 'quiet small', onclick: banner.second.press }, banner.second.text)));
  /** @type {Map<string, Banner>} */
  let shown = new Map();
  let fallbackSeen = false;
  let timer = 0;
  /** The command that replaced or filled the report, while its banner stands. @type {import('../protocol.js').CommandDone|null} */
  let replaced = null;
  /** @type {import('../protocol.js').CommandDone|null} */
  let lastCommand = null;
  let away = false; // shown only when it lasts: a blink of the network is no news
  /** @type {State|null} */
  let latest = null;

  const show = (/** @type {State} */ state) => {
    latest = state;
    const { connection, microphone } = state;
    const off = connection.phase !== 'open' && (connection.phase !== 'connecting' || away || state.session !== null);
    if (off && !timer && !away) timer = window.setTimeout(() => { timer = 0; away = true; if (latest) show(latest); }, 700);
    if (connection.phase === 'open') { clearTimeout(timer); timer = 0; away = false; }
    /** @type {Banner[]} */
    const banners = [];
    if (connection.phase === 'closed') {
      banners.push({ key: 'closed', level: 'error', button: { text: 'Connect again', press: reconnect },
        message: `The server ended the session${because(connection.reason)} The text stays on this page.` });
    } else if (away) {
      banners.push({ key: 'away', level: 'warning',
        message: `No connection to the server${because(connection.reason)} ${microphone.state === 'off'
          ? 'The page keeps trying; the text stays here.'
          : 'What you say is kept for 20 seconds and sent when it is back; what comes after that is lost. The text stays here.'}` });
    } else if (connection.phase === 'open' && connection.reason) {
      banners.push({ key: 'closing', level: 'warning', message: `The server is about to close the connection${because(connection.reason)}` });
    }
    if (noMicrophone) banners.push({ key: 'no-microphone', level: 'warning', message: noMicrophone });
    if (microphone.problem && microphone.problem !== noMicrophone) {
      banners.push({ key: 'problem', level: 'error', message: microphone.problem });
    }
    if (microphone.late && !away) banners.push({ key: 'late', level: 'warning', message: microphone.late });
    const chooses = { text: 'Choose a microphone', press: chooseDevice };
    if (microphone.warning) banners.push({ key: 'device', level: 'warning', message: microphone.warning, button: chooses });
    const level = levelInWords(state);
    if (level) banners.push({ key: 'level', level: 'warning', message: level.sentence, button: chooses });
    if (state.command !== lastCommand) {
      lastCommand = state.command;
      replaced = lastCommand && REPLACING.has(lastCommand.command) && !lastCommand.failed && lastCommand.changed ? lastCommand : null;
    }
    const { left } = state;
    if (left) {
      banners.push({ key: `left-${left}`, level: 'info',
        message: 'This is a new report, with no patient yet. The one before is in the list of reports.',
        button: { text: 'Go back', press: () => goBack(left) },
        second: { text: 'Dismiss', press: () => dispatch({ type: 'local.left_forgotten' }) } });
    }
    for (const { id, name, doubt, removed } of state.attachments) {
      if (!doubt || removed) continue;
      banners.push({ key: `doubt-${id}`, level: 'warning', message: `${name}: ${doubt} No question is asked with it.`,
        button: { text: 'Same patient: use it', press: () => send({ type: 'assistant.attachment.confirm', attachment_id: id }) },
        second: { text: 'Remove it', press: () => send({ type: 'assistant.attachment.remove', attachment_id: id }) } });
    }
    if (replaced && state.document?.can_undo) {
      banners.push({ key: 'replaced', level: 'info', message: replaced.message,
        button: { text: 'Undo the template', press: () => { replaced = null; undo(); } } });
    }
    if (!microphone.fellBack) fallbackSeen = false;
    else if (!fallbackSeen) {
      banners.push({ key: 'fallback', level: 'info', button: { text: 'OK', press: () => { fallbackSeen = true; if (latest) show(latest); } },
        message: 'Audio is sent over the WebSocket because WebRTC did not connect. It works the same, but may lag on a poor network.' });
    }
    for (const notice of state.notices) {
      banners.push({ key: notice.id, level: notice.level, message: notice.message,
        button: { text: 'Dismiss', press: () => dispatch({ type: 'local.notice_dismissed', id: notice.id }) } });
    }
    const next = new Map();
    for (const banner of banners) {
      const old = shown.get(banner.key);
      next.set(banner.key, old && old.message === banner.message ? old : banner);
    }
    shown = next;
    list.update([...next.values()]);
  };
  return show;
}

/** @param {string} reason */
function because(reason) {
  return reason ? `: ${reason.replace(/[.\s]*$/, '')}.` : '.';
}
