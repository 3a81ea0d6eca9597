// Names and words that the recogniser shall expect: kept in this browser, told to the server.

import { byId } from './dom.js';

const KEY = 'assistant.expected';

/**
 * @param {import('../events.js').Send} send
 * @returns {(session: {recogniser: {takes_keywords: boolean}}) => void} to be called when a session begins
 */
export function expectedSettings(send) {
  const box = byId('set-expected', 'textarea');
  box.value = localStorage.getItem(KEY) ?? '';
  const tell = () => void send({
    type: 'session.update', session: { audio: { input: { transcription: { keywords: phrases(box.value) } } } },
  });
  box.addEventListener('change', () => {
    localStorage.setItem(KEY, box.value);
    tell();
  });
  return ({ recogniser }) => {
    byId('expected').hidden = !recogniser.takes_keywords;
    if (recogniser.takes_keywords && phrases(box.value).length > 0) tell();
  };
}

/** @param {string} written @returns {string[]} */
export function phrases(written) {
  return [...new Set(written.split(/[\n,;]/).map((each) => each.trim()).filter(Boolean))];
}
