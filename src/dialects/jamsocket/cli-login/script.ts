/** Runs in the browser; `csrfToken` is there. */
export const decideScript = `
const choice = document.getElementById('choice');
const decided = document.getElementById('decided');
const problem = document.querySelector('.problem[role=alert]');
const decide = async (verb, show) => {
  problem.textContent = '';
  for (const button of choice.children) button.disabled = true;
  try {
    const answer = await fetch(location.pathname.replace(/\\/+$/, '') + '/' + verb, {
      method: 'POST',
      headers: { 'x-csrf-token': csrfToken },
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error.message);
    show(body);
    choice.hidden = true;
  } catch (error) {
    problem.textContent = error.message;
    for (const button of choice.children) button.disabled = false;
  }
};
document.getElementById('approve').onclick = () =>
  decide('approve', ({ code }) => {
    document.querySelector('h1').textContent = 'It is let in';
    const text = document.createElement('p');
    text.className = 'code';
    text.id = 'code';
    text.textContent = code;
    decided.replaceChildren('Type this code in the terminal:', text, 'It works once. You can close this page.');
  });
document.getElementById('deny').onclick = () =>
  decide('deny', () => {
    document.querySelector('h1').textContent = 'It stays out';
    decided.replaceChildren('It was denied.');
  });
`;
