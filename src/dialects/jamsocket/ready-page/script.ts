/**
 * Follows the status stream; goes to the backend when it is ready, and shows the end when it fails. It finds
 * `page` and `headlines` defined before it.
 */
export const script = `
const living = ['Loading', 'Starting', 'Ready'];
const stateCell = document.getElementById('state');
const title = document.querySelector('h1');
const show = state => {
  stateCell.textContent = state;
  title.textContent = headlines[state] || state;
  for (const step of document.querySelectorAll('.steps li')) step.classList.toggle('now', step.dataset.step === state);
};
const stream = new EventSource(page.statusUrl + '/stream');
stream.onmessage = event => {
  const { state } = JSON.parse(event.data);
  show(state);
  if (state === 'Ready' && page.target) {
    stream.close();
    location.replace(page.target);
  } else if (state === 'Ready') {
    document.querySelector('.mark').dataset.state = 'done';
    document.getElementById('hint').hidden = false;
  } else if (!living.includes(state)) {
    stream.close();
    // The server knows more about the end: reason, exit code and, for who may see it, the log.
    location.reload();
  }
};
stream.onerror = () => {
  stateCell.textContent = page.state + ' (connection lost, trying again)';
};
`;
