// Single keys that do something: which, and whether at all; kept in this browser. Pure.

/** @typedef {'mic'|'sleep'|'ask'|'help'} Shortcut */
/** @typedef {{on: boolean, keys: Record<Shortcut, string>}} Shortcuts */

/** @type {Shortcuts} */
export const defaults = Object.freeze({ on: true, keys: Object.freeze({ mic: 'm', sleep: 's', ask: '/', help: '?' }) });
export const NAMES = /** @type {Shortcut[]} */ (Object.keys(defaults.keys));

/** What was stored, with the default wherever it makes no sense; '' is a key that was taken away. @param {string|null} stored @returns {Shortcuts} */
export function parse(stored) {
  /** @type {{on?: unknown, keys?: Record<string, unknown>}} */
  let given = {};
  try {
    given = JSON.parse(stored ?? '{}') ?? {};
  } catch {
    // as if nothing was stored
  }
  const keys = { ...defaults.keys };
  for (const name of NAMES) {
    const key = given.keys?.[name];
    if (typeof key === 'string' && [...key].length <= 1 && key !== ' ') keys[name] = key.toLowerCase();
  }
  return { on: given.on !== false, keys };
}

/** @param {Shortcuts} shortcuts @param {string} key @returns {Shortcut|undefined} */
export function shortcutOf({ on, keys }, key) {
  return on && key.length > 0 ? NAMES.find((name) => keys[name] === key.toLowerCase()) : undefined;
}
