/** Runs in the browser; `next` is there. */
export const loginScript = `
const form = document.getElementById('login');
const problem = form.querySelector('.problem');
const button = form.querySelector('button');
form.addEventListener('submit', async event => {
  event.preventDefault();
  problem.textContent = '';
  button.disabled = true;
  try {
    const { name, password } = Object.fromEntries(new FormData(form));
    const answer = await fetch('/berth/v1/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, password }),
    });
    if (answer.ok) {
      location.replace(next);
      return;
    }
    problem.textContent = (await answer.json()).error.message;
  } catch {
    problem.textContent = 'The server does not answer. Try again.';
  }
  button.disabled = false;
  form.elements.password.select();
});
`;

/** Runs in the browser; `csrfToken` is there. */
export const logoutScript = `
const form = document.getElementById('logout');
form.addEventListener('submit', async event => {
  event.preventDefault();
  try {
    const answer = await fetch('/berth/v1/logout', { method: 'POST', headers: { 'x-csrf-token': csrfToken } });
    if (!answer.ok && answer.status !== 401) throw new Error((await answer.json()).error.message);
    location.replace('/login');
  } catch (error) {
    form.querySelector('.problem').textContent = error.message;
  }
});
`;
