// Signing: the checks first, then name and confirmation; what is signed is locked, and can be amended.

import { aboutInWords } from './about.js';
import { listFindings } from './checks.js';
import { byId, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */

const NAME_KEY = 'assistant.signer';

/**
 * @param {object} actions
 * @param {import('../events.js').Send} actions.send
 * @param {() => import('../reports.js').SessionKey} actions.key
 * @param {(word: {section_id: string, start: number}) => void} actions.explain  says what is known of a doubtful word
 */
export function signingView({ send, key, explain }) {
  const dialog = byId('sign', 'dialog');
  const form = byId('sign-form', 'form');
  const name = byId('sign-name', 'input');
  const seen = byId('sign-seen', 'input');
  const say = (/** @type {string} */ words) => setText(byId('sign-said'), words);
  const amending = byId('amend', 'dialog');
  /** @type {State|null} */
  let state = null;
  let revision = -1; // that was checked

  /** Ask whether to sign; nothing is signed yet. */
  async function open() {
    if (dialog.open) return;
    if (isSigned(state) || state?.session?.may_sign === false) return;
    const user = state?.session?.signer ?? null; // the login signs, not a name that is typed
    byId('sign-user').hidden = user === null;
    byId('sign-typed').hidden = user !== null;
    name.required = user === null;
    setText(byId('sign-user'), user === null ? '' : `You sign as ${user}.`);
    setText(byId('sign-about'), aboutInWords(state?.described ?? null));
    name.value = localStorage.getItem(NAME_KEY) ?? '';
    say('');
    dialog.showModal();
    await check();
  }

  async function check() {
    const list = byId('sign-findings');
    const heading = byId('sign-checks');
    byId('sign-now', 'button').disabled = true;
    seen.checked = false;
    revision = state?.document?.revision ?? 0;
    try {
      const found = await listFindings({ dialog, heading, list, key: key(), explain });
      byId('sign-seen-row').hidden = found === 0;
      seen.required = found > 0;
      byId('sign-now', 'button').disabled = false;
    } catch (error) {
      setText(heading, `The report could not be checked, so it cannot be signed. ${/** @type {Error} */ (error).message}`);
    }
  }

  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    const typed = name.required ? name.value.trim() : '';
    if (name.required && !typed) return name.focus();
    if (typed) localStorage.setItem(NAME_KEY, typed);
    say('Signing…');
    send({ type: 'assistant.report.sign', revision, name: typed, checked: seen.checked });
    return undefined;
  });
  byId('sign-close').addEventListener('click', () => dialog.close());
  byId('sign-open').addEventListener('click', () => void open());
  byId('amend-open').addEventListener('click', () => amending.showModal());
  byId('amend-form', 'form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
    const kind = /** @type {HTMLButtonElement} */ (event.submitter).value;
    if (kind !== 'addendum' && kind !== 'amendment') return;
    send({ type: 'assistant.report.amend', kind, reason: byId('amend-reason', 'input').value.trim() });
  });

  const draw = (/** @type {State} */ latest) => {
    const changed = latest.signed !== state?.signed || latest.reopened !== state?.reopened || latest.session !== state?.session;
    const moved = latest.document?.revision !== state?.document?.revision;
    state = latest;
    if (dialog.open && isSigned(latest)) dialog.close();
    else if (dialog.open && moved && latest.document?.revision !== revision) void check(); // it is another text now
    byId('sign-open', 'button').disabled = !latest.document || latest.session?.may_sign === false;
    if (!changed) return;
    const locked = isSigned(latest);
    byId('report').classList.toggle('signed', locked);
    byId('report').toggleAttribute('inert', locked);
    byId('sign-open').hidden = locked;
    byId('amend-open').hidden = !locked;
    byId('signed').hidden = latest.signed.length === 0;
    setText(byId('signed'), signedInWords(latest));
  };
  return Object.assign(draw, {
    open: () => void open(),
    /** An error about signing belongs into its dialog. @param {import('../events.js').PageEvent} event */
    take(event) {
      if (!dialog.open || event.type !== 'error') return;
      say(event.error.message);
      if (event.error.code === 'report_changed') void check();
    },
  });
}

/** Whether nothing changes the report now. @param {State|null} state */
export function isSigned(state) {
  return Boolean(state && state.signed.length > 0 && !state.reopened);
}

/** Who has signed, when, and what of. @param {State} state */
export function signedInWords(state) {
  const last = state.signed.at(-1);
  if (!last) return '';
  const at = new Date(last.at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  const by = `${last.number > 1 ? `Signed again (${last.kind})` : 'Signed'} by ${last.name}${last.signer ? '' : ' (name not verified)'}, ${at} · ${last.sha256.slice(0, 16)}`;
  return state.reopened ? `${by}. Open for an ${state.reopened.kind}: these changes are not signed.` : `${by}. Locked.`;
}
