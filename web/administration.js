// The administrator's page: users, groups, keys, what is shared, the state of the server, the access log.

import { showAccount } from './account.js';
import { OwnThings, ask, lines } from './own.js';
import { byId, element, setText } from './view/dom.js';
import { ownEditors } from './view/own.js';

/**
 * @typedef {{id: string, name: string, roles: string[], groups: string[], has_password: boolean, sessions: number}} User
 * @typedef {{id: string, user: string, name: string, scopes: string[], ends_at: number}} Key
 * @typedef {{at: string, who: string, what: string, about: string, address: string}} Row
 * @typedef {object} Overview
 * @property {{users: User[], keys: Key[], log: Row[]}|null} people
 * @property {{ready: boolean, why: string, recogniser: string, late_s: number}} health
 * @property {{hears: string, answers: {name: string, revision: string, address: string, why: string}[], sees: boolean}} models
 * @property {{sessions: number, most: number}} usage
 * @property {{what: string, value: number}[]} figures
 * @property {{kept: boolean, drafts_days: number, finals_days: number, audio_min: number}} retention
 * @property {{sessions: number, requests_s: number, upload_gb: number, storage_gb: number}} limits
 */

const ROLES = { clinician: 'Clinician', editor: 'Editor', administrator: 'Administrator', service: 'Service' };
const RIGHTS = {
  dictate: 'Dictate', ask: 'Ask', transcribe: 'Transcribe', sign: 'Sign', watch: 'See figures',
  change_models: 'Change models', administer: 'Administer',
};
const BASE = '/v1/administration';

/** The user who is being changed. @type {User|null} */
let edited = null;
/** @type {ReturnType<typeof ownEditors>|null} */
let editors = null;
let group = '';
/** Bytes that the reports of each user hold, by the user's id; null until they are counted. @type {Record<string, number>|null} */
let held = null;

const say = (/** @type {string} */ words) => setText(byId('said'), words);

/** @param {() => Promise<unknown>} work @param {string} done */
async function carryOut(work, done) {
  try {
    await work();
    await read();
    say(done);
    return true;
  } catch (error) {
    say(/** @type {Error} */ (error).message);
    return false;
  }
}

/** @param {HTMLElement} box @param {Record<string, string>} names @param {string} kind */
function checks(box, names, kind) {
  box.replaceChildren(...Object.entries(names).map(([value, name]) =>
    element('label', {}, element('input', { type: 'checkbox', value, id: `${kind}-${value}` }), name)));
}

/** @param {HTMLElement} box */
function chosen(box) {
  return [...box.querySelectorAll('input')].filter((each) => each.checked).map((each) => each.value);
}

async function read() {
  /** @type {Overview} */
  const found = await ask(BASE);
  showState(found);
  const people = found.people;
  byId('users-none').hidden = people !== null;
  for (const id of ['user-form', 'keys', 'log']) byId(id).hidden = people === null;
  showUsers(people?.users ?? []);
  showHeld();
  showKeys(people?.keys ?? []);
  byId('log-rows').replaceChildren(...(people?.log ?? []).map((row) => element('tr', {},
    ...[at(row.at), row.who, row.what, row.about, row.address].map((each) => element('td', {}, each)))));
  showGroups(people?.users ?? []);
  await readShared();
}

/** @param {Overview} found */
function showState({ health, models, usage, figures, retention, limits }) {
  const days = (/** @type {number} */ count) => (count ? `${count} days after their last change` : 'until somebody deletes them');
  /** @type {[string, string][]} */
  const rows = [
    ['Health', health.ready ? 'Ready for more sessions' : health.why || `The recogniser is ${health.recogniser}`],
    ['Delay', `${health.late_s} s behind`],
    ['Sessions', `${usage.sessions} of ${usage.most}`],
    ['Hears', models.hears],
    ...models.answers.map(({ name, revision, address, why }) => /** @type {[string, string]} */ (
      ['Answers', [name, revision, address, why].filter(Boolean).join(' · ')])),
    ['Sees images', models.sees ? 'yes' : 'no'],
    ['Kept', retention.kept
      ? `Drafts ${days(retention.drafts_days)}; signed reports ${days(retention.finals_days)}` : 'Nothing on disk'],
    ['Sound', retention.audio_min ? `${retention.audio_min} minutes, in memory` : 'None is kept'],
    ['For each user', `${limits.sessions} sessions, ${limits.requests_s} requests a second, ${limits.upload_gb} GB an upload, `
      + (limits.storage_gb ? `${limits.storage_gb} GB of reports` : 'reports of any size')],
    ...figures.map(({ what, value }) => /** @type {[string, string]} */ ([what, String(value)])),
  ];
  byId('state-list').replaceChildren(...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
}

/** @param {User[]} users */
function showUsers(users) {
  byId('users-rows').replaceChildren(...users.map((user) => element('tr', {},
    element('th', { scope: 'row' }, user.name),
    element('td', {}, user.roles.map((role) => ROLES[/** @type {keyof typeof ROLES} */ (role)] ?? role).join(', ')),
    element('td', {}, user.groups.join(', ')),
    element('td', {}, String(user.sessions)),
    element('td', { 'data-held-by': user.id }),
    element('td', {}, element('div', { class: 'row-actions' },
      element('button', { type: 'button', class: 'small', 'aria-label': `Change: ${user.name}`, onclick: () => edit(user) }, 'Change'),
      element('button', { type: 'button', class: 'small', 'aria-label': `Remove: ${user.name}`, onclick: () => void remove(user) }, 'Remove'))))));
  const select = byId('key-user', 'select');
  const before = select.value;
  select.replaceChildren(...users.map(({ name }) => element('option', { value: name }, name)));
  if (users.some(({ name }) => name === before)) select.value = before;
}

/** Counting takes long where there are many reports, so the page does not wait for it. */
async function readHeld() {
  held = (await ask(`${BASE}/storage`)).users;
  showHeld();
}

function showHeld() {
  for (const cell of byId('users-rows').querySelectorAll('[data-held-by]')) {
    setText(cell, held === null ? '…' : size(held[cell.getAttribute('data-held-by') ?? ''] ?? 0));
  }
}

/** @param {number} bytes */
function size(bytes) {
  const mb = bytes / 2 ** 20;
  return mb < 1000 ? `${mb.toFixed(1)} MB` : `${(mb / 1024).toFixed(1)} GB`;
}

/** @param {User|null} user  null: a new one is to be added */
function edit(user) {
  edited = user;
  const name = byId('user-name', 'input');
  name.value = user?.name ?? '';
  name.disabled = user !== null;
  for (const each of byId('user-roles').querySelectorAll('input')) each.checked = user?.roles.includes(each.value) ?? each.value === 'clinician';
  byId('user-groups', 'textarea').value = user?.groups.join('\n') ?? '';
  const password = byId('user-password', 'input');
  password.value = '';
  password.required = user === null;
  password.disabled = user !== null && !user.has_password;
  setText(byId('user-how'), user === null ? '' : user.has_password
    ? 'Empty: it stays. A new one ends the sign-ins and keys of the user.' : 'This user signs in at the identity provider.');
  setText(byId('user-title'), user ? `Change ${user.name}` : 'Add a user');
  setText(byId('user-save'), user ? 'Save' : 'Add the user');
  byId('user-cancel').hidden = user === null;
  if (user) byId('user-roles').querySelector('input')?.focus();
}

/** @param {User} user */
async function remove(user) {
  if (!confirm(`Remove ${user.name} for good? Reports stay; sign-ins and keys end.`)) return;
  if (await carryOut(() => ask(`${BASE}/users/${encodeURIComponent(user.id)}`, 'DELETE'), `${user.name} was removed.`)) edit(null);
}

/** @param {Key[]} keys */
function showKeys(keys) {
  byId('keys-list').replaceChildren(...keys.map((key) => element('li', {},
    element('span', { class: 'own-what' }, element('strong', {}, key.name), ` ${key.user}: ${key.scopes.join(', ')}; until ${at(new Date(key.ends_at * 1000).toISOString())}`),
    element('button', { type: 'button', class: 'small', 'aria-label': `Revoke: ${key.name}`,
      onclick: () => void carryOut(() => ask(`${BASE}/keys/${encodeURIComponent(key.id)}`, 'DELETE'), `The key “${key.name}” was revoked.`) }, 'Revoke'))));
}

/** @param {User[]} users */
function showGroups(users) {
  const groups = [...new Set(users.flatMap((user) => user.groups))].sort();
  const select = byId('shared-group', 'select');
  if (!groups.includes(group)) group = '';
  select.replaceChildren(element('option', { value: '' }, 'Everybody'), ...groups.map((each) => element('option', { value: each }, `The group ${each}`)));
  select.value = group;
}

async function readShared() {
  const things = new OwnThings('/v1/shared', group);
  if (!editors) {
    editors = ownEditors(things, readShared);
    byId('shared-things').replaceChildren(editors.nodes.words, editors.nodes.templates, editors.nodes.macros);
  }
  editors.show(await things.all());
}

/** @param {string} iso */
function at(iso) {
  return new Date(iso).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

byId('user-form', 'form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const name = byId('user-name', 'input').value;
  const roles = chosen(byId('user-roles'));
  const groups = lines(byId('user-groups', 'textarea').value);
  const password = byId('user-password', 'input').value;
  const user = edited;
  const done = await carryOut(async () => {
    if (user) {
      await ask(`${BASE}/users/${encodeURIComponent(user.id)}`, 'PATCH', { roles, groups, ...(password ? { password } : {}) });
      return;
    }
    const { id } = await ask(`${BASE}/users`, 'POST', { name, roles, password });
    if (groups.length > 0) await ask(`${BASE}/users/${encodeURIComponent(id)}`, 'PATCH', { groups });
  }, user ? 'Saved.' : `${name} can sign in.`);
  if (done) edit(null);
});
byId('user-cancel').addEventListener('click', () => edit(null));
byId('key-form', 'form').addEventListener('submit', async (event) => {
  event.preventDefault();
  setText(byId('key-value'), '');
  await carryOut(async () => {
    const { value } = await ask(`${BASE}/keys`, 'POST', {
      user: byId('key-user', 'select').value, name: byId('key-name', 'input').value,
      scopes: chosen(byId('key-scopes')), days: Number(byId('key-days', 'input').value),
    });
    setText(byId('key-value'), `The key, shown only now: ${value}`);
  }, 'The key was added.');
});
byId('shared-group', 'select').addEventListener('change', () => {
  group = byId('shared-group', 'select').value;
  editors = null;
  void readShared().catch((error) => say(error.message));
});

checks(byId('user-roles'), ROLES, 'role');
checks(byId('key-scopes'), RIGHTS, 'right');
edit(null);
void showAccount(byId('account'));
read().then(readHeld).catch((error) => say(error.message));
