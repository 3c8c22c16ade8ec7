/**
 * The process of a `Launcher`: runs what it is told to over the channel to its parent and ends with it. Plain
 * JavaScript, because to strip types would cost it 20 MB.
 */
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

const maxOutputBytes = 64 * 1024 * 1024;
/** Where a launched program tells that it is ready. */
const readyDescriptor = 3;

// What programs make must not depend on who has started the server.
process.umask(0o022);

process.on('message', message => (message.type === 'run' ? run(message) : launch(message)));
process.on('disconnect', () => process.exit());
// A key press in the terminal goes to the whole group; when to end is the parent's decision.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {});

function tell(message) {
  if (process.connected) process.send(message, () => {});
}

function run({ id, file, args, input, timeoutMs }) {
  const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: maxOutputBytes };
  const child = execFile(file, args, options, (error, stdout, stderr) => {
    const status = error ? (error.signal ?? error.code ?? error.message) : 0;
    tell({ id, type: 'ended', status, stdout, stderr });
  });
  child.stdin?.on('error', () => {}); // it ended without reading its input: the status tells
  child.stdin?.end(input);
}

function launch({ id, file, args, cwd, env, errorFile }) {
  const errors = openSync(errorFile, 'w');
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'ignore', errors, 'pipe'],
  });
  closeSync(errors);
  tell({ id, type: 'launched', pid: child.pid });
  child.on('error', () => tell({ id, type: 'exited' }));
  // Not at `exit`: what it told before may be unread then.
  child.on('close', () => tell({ id, type: 'exited' }));
  const pipe = child.stdio[readyDescriptor];
  let text = '';
  pipe?.setEncoding('utf8').on('error', () => {});
  pipe?.on('data', chunk => {
    text += chunk;
    if (!text.includes('\n')) return;
    tell({ id, type: 'ready', text });
    pipe.destroy();
  });
}
