// The page where users sign in.

const form = /** @type {HTMLFormElement} */ (document.getElementById('sign-in'));
const name = /** @type {HTMLInputElement} */ (document.getElementById('name'));
const password = /** @type {HTMLInputElement} */ (document.getElementById('password'));
const wrong = /** @type {HTMLElement} */ (document.getElementById('wrong'));
const button = /** @type {HTMLButtonElement} */ (form.querySelector('button'));

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  wrong.textContent = '';
  button.disabled = true;
  try {
    const answer = await fetch('/v1/sign-in', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: name.value, password: password.value }),
    });
    if (answer.ok) {
      location.replace('/');
      return;
    }
    wrong.textContent = (await answer.json()).error.message;
  } catch {
    wrong.textContent = 'The server does not answer. Try again.';
  }
  button.disabled = false;
  password.select();
  password.focus();
});

fetch('/v1/sign-in').then((answer) => answer.json()).then((ways) => {
  /** @type {HTMLElement} */ (document.getElementById('elsewhere')).hidden = !ways.oidc;
}).catch(() => {});
