// What the page does for a spoken command: the server has said it, and only a page can do it.

import { byId } from './dom.js';

/** @typedef {import('../protocol.js').CommandDone} CommandDone */

/**
 * @param {object} page
 * @param {{copy: (text: string) => Promise<void>, print: () => Promise<void>, open: () => void}} page.exports
 * @param {() => void} page.sign   asks whether to sign
 * @param {(message: string) => void} page.tell   what came of it, in the place of what the server said
 * @returns {(done: CommandDone) => void}
 */
export function commanded({ exports, sign, tell }) {
  /** @param {Promise<void>} act @param {string} done @param {string} failed */
  const report = (act, done, failed) => void act.then(() => tell(done), () => tell(failed));

  return ({ command, text, failed }) => {
    if (failed) return;
    switch (command) {
      case 'copy':
        report(exports.copy(text), 'Copied.', 'The browser allows copying only after a click: press Copy.');
        break;
      case 'print':
        report(exports.print(), 'The print dialog was opened.', 'The report could not be printed. Export it as PDF.');
        break;
      case 'save':
        exports.open();
        break;
      case 'sign':
        sign();
        break;
      case 'help':
        if (!byId('help', 'dialog').open) byId('help', 'dialog').showModal();
        break;
      default: // the server has done it all
    }
  };
}
