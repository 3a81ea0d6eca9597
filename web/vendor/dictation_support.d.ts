// Not typed: the script puts `DictationSupport` on globalThis.
export {};
