// Settings that follow the person: on a server with accounts, what was set on one browser is there on the next.

import { OwnThings } from './own.js';

/** Of the microphone, each browser has its own. */
const FOLLOWING = ['assistant.handsfree', 'assistant.style', 'assistant.expected', 'assistant.shortcuts'];
const ARRIVED = 'assistant.settings_arrived';

/** @param {Storage} storage @returns {Record<string, string>} what is set in this browser */
export function setHere(storage) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const key of FOLLOWING) {
    const value = storage.getItem(key);
    if (value !== null) found[key] = value;
  }
  return found;
}

/**
 * Put what was set elsewhere into this browser.
 * @param {Storage} storage @param {Record<string, unknown>} page  as the server keeps it
 * @returns {boolean} whether anything changed
 */
export function arrive(storage, page) {
  const given = Object.entries(page).filter(([key, value]) => FOLLOWING.includes(key) && typeof value === 'string');
  if (given.length === 0) return false;
  const before = JSON.stringify(setHere(storage));
  for (const key of FOLLOWING) storage.removeItem(key);
  for (const [key, value] of given) storage.setItem(key, String(value));
  return JSON.stringify(setHere(storage)) !== before;
}

/** For who is signed in: once at the page's beginning, and whenever a dialog was closed. */
export async function followSettings() {
  const things = new OwnThings('/v1/own');
  try {
    const { settings } = await things.all();
    if (sessionStorage.getItem(ARRIVED) === null) {
      sessionStorage.setItem(ARRIVED, 'yes');
      if (arrive(localStorage, settings?.page ?? {})) {
        location.reload(); // nothing was done on the page yet
        return;
      }
    }
  } catch {
    return; // a user without own things, or no connection: this browser's settings hold
  }
  let saved = JSON.stringify(setHere(localStorage));
  document.addEventListener('close', async () => {
    const page = setHere(localStorage);
    if (JSON.stringify(page) === saved) return;
    try {
      const { settings } = await things.all();
      await things.set({ keep_corrections: settings?.keep_corrections ?? false, page });
      saved = JSON.stringify(page);
    } catch {
      // tried again when the next dialog is closed
    }
  }, true);
}
