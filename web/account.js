// Who is signed in, and signing out. On a server without accounts nothing of it is shown.

/**
 * @param {typeof fetch} ask
 * @returns {Promise<{name: string, signs_out: boolean} | 'stranger' | null>}  null: the server does not say
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

/** Show who is signed in, with a button to sign out. @param {HTMLElement} where */
export async function showAccount(where) {
  const me = await whoAmI();
  if (me === null || me === 'stranger' || !me.signs_out) return;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'quiet';
  button.id = 'sign-out';
  button.textContent = `Sign out ${me.name}`;
  button.addEventListener('click', () => void signOut());
  where.append(button);
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
