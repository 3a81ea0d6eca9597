// What a person should know, as sentences at the top of the page.

import { levelInWords } from '../selectors.js';
import { KeyedList, byId, element } from './dom.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {{key: string, level: string, message: string, button?: {text: string, press: () => void}}} Banner */

/**
 * @param {{dispatch: (event: import('../events.js').LocalEvent) => void, reconnect: () => void}} actions
 * @param {string} noMicrophone  why this page can have none, or ''
 */
export function bannersView({ dispatch, reconnect }, noMicrophone) {
  const list = new KeyedList(byId('banners'), (/** @type {Banner} */ each) => each.key, (banner) =>
    element('div', { class: `banner banner-${banner.level}`, role: banner.level === 'info' ? 'status' : 'alert' },
      element('span', { class: 'banner-shape', 'aria-hidden': 'true' }, banner.level === 'info' ? 'i' : '!'),
      element('p', {}, banner.message),
      banner.button && element('button', { type: 'button', class: 'quiet small', onclick: banner.button.press }, banner.button.text)));
  /** @type {Map<string, Banner>} */
  let shown = new Map();
  let fallbackSeen = false;
  let timer = 0;
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
        message: `No connection to the server${because(connection.reason)} The page keeps trying; the text stays here.` });
    } else if (connection.phase === 'open' && connection.reason) {
      banners.push({ key: 'closing', level: 'warning', message: `The server is about to close the connection${because(connection.reason)}` });
    }
    if (noMicrophone) banners.push({ key: 'no-microphone', level: 'warning', message: noMicrophone });
    if (microphone.problem && microphone.problem !== noMicrophone) {
      banners.push({ key: 'problem', level: 'error', message: microphone.problem });
    }
    const level = levelInWords(state);
    if (level) banners.push({ key: 'level', level: 'warning', message: level.sentence });
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
