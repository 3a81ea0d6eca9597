// Who is signed in, signing out, and a new password. On a server without accounts nothing of it is shown.

import { followSettings } from './following.js';
import { ask as asked } from './own.js';
import { element, setText } from './view/dom.js';

const ADMINISTRATION = '/administration';

/**
 * @param {typeof fetch} ask
 * @returns {Promise<{name: string, roles: string[], signs_out: boolean, has_password: boolean} | 'stranger' | null>}  null: the server does not say
 */
export async function whoAmI(ask = fetch) {
  try {
    const answer = await ask('/v1/me', { cache: 'no-store' });
    if (answer.status === 401) return 'stranger';
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** Show who is signed in, with a menu of what they can do with their account. @param {HTMLElement} where */
export async function showAccount(where) {
  const me = await whoAmI();
  if (me === null || me === 'stranger' || !me.signs_out) return;
  const isHere = location.pathname === ADMINISTRATION;
  const administers = me.roles.includes('administrator');
  if (administers && !isHere && me.roles.length === 1) return location.replace(ADMINISTRATION); // sees no report
  if (!isHere) void followSettings();
  const menu = element('div', { id: 'account-menu', class: 'account-menu', popover: 'auto' });
  const entry = (/** @type {string} */ words, /** @type {() => void} */ act) => element('button', {
    type: 'button', class: 'quiet', onclick: () => {
      menu.hidePopover();
      act();
    },
  }, words);
  if (administers && !isHere) menu.append(entry('Administration', () => location.assign(ADMINISTRATION)));
  if (me.has_password) menu.append(entry('Change the password', passwordDialog()));
  menu.append(entry(`Sign out ${me.name}`, () => void signOut()));
  const opener = element('button', { type: 'button', class: 'quiet', id: 'account-open', popoverTargetElement: menu }, me.name);
  menu.addEventListener('toggle', () => {
    const { bottom, right } = opener.getBoundingClientRect();
    menu.style.top = `${bottom}px`;
    menu.style.right = `${Math.max(0, document.documentElement.clientWidth - right)}px`;
  });
  where.append(opener, menu);
}

/** A dialog in which the person changes the password. @returns {() => void} opens it */
function passwordDialog() {
  const field = (/** @type {string} */ label, /** @type {string} */ id, /** @type {AutoFill} */ autocomplete) => {
    const input = element('input', { type: 'password', id, required: true, autocomplete, maxLength: 256 });
    return { input, row: element('p', { class: 'own-field' }, element('label', { htmlFor: id }, label), input) };
  };
  const old = field('Old password', 'password-old', 'current-password');
  const fresh = field('New password, 12 characters or more', 'password-new', 'new-password');
  const again = field('New password again', 'password-again', 'new-password');
  const said = element('p', { role: 'alert', 'data-testid': 'password-said' });
  const change = element('button', { type: 'submit', class: 'strong' }, 'Change');
  const cancel = element('button', { type: 'button', class: 'quiet' }, 'Cancel');
  const form = element('form', { class: 'own-form' }, old.row, fresh.row, again.row, said,
    element('p', { class: 'own-buttons' }, change, cancel));
  const dialog = element('dialog', { id: 'password', 'aria-labelledby': 'password-title', 'data-testid': 'password' },
    element('h2', { id: 'password-title' }, 'Change the password'),
    element('p', { class: 'fine' }, 'You are signed out everywhere else.'), form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (fresh.input.value !== again.input.value) {
      setText(said, 'The new password is not the same twice.');
      return;
    }
    try {
      await asked('/v1/me/password', 'POST', { old: old.input.value, new: fresh.input.value });
      form.reset();
      setText(said, 'Changed.');
    } catch (error) {
      setText(said, /** @type {Error} */ (error).message);
    }
  });
  cancel.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => {
    form.reset();
    setText(said, '');
  });
  document.body.append(dialog);
  return () => dialog.showModal();
}

async function signOut() {
  const answer = await fetch('/v1/sign-out', { method: 'POST' });
  if (!answer.ok && answer.status !== 401) return;
  sessionStorage.clear();
  localStorage.clear();
  location.replace('/sign-in');
}

/** After a connection was lost: whoever was signed out sees the page to sign in. */
export async function leaveIfSignedOut() {
  if (await whoAmI() === 'stranger') location.replace('/sign-in');
}
