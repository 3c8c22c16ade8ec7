/**
 * The process of a `Launcher`: runs what it is told to over the channel to its parent and ends with it. Plain
 * JavaScript, because to strip types would cost it 20 MB.
 */
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';

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

function launch({ id, file, args, cwd, env, inputFile, outputFile, errorFile, keepsTelling }) {
  const child = withFiles(
    [
      [inputFile, 'r'],
      [outputFile, 'w'],
      [errorFile, 'w'],
    ],
    files =>
      spawn(file, args, {
        cwd,
        env: { ...process.env, ...env },
        detached: true,
        stdio: [...files, 'pipe'],
      }),
  );
  tell({ id, type: 'launched', pid: child?.pid });
  if (child === undefined) return tell({ id, type: 'exited', exitCode: 127, lastWords: '' });
  let lastWords = '';
  child.on('error', () => tell({ id, type: 'exited', exitCode: 127, lastWords }));
  // Not at `exit`: what it told before may be unread then.
  child.on('close', (code, name) => {
    tell({ id, type: 'exited', exitCode: code ?? 128 + constants.signals[name], lastWords });
  });
  const pipe = child.stdio[readyDescriptor];
  let text = '';
  pipe?.setEncoding('utf8').on('error', () => {});
  pipe?.on('data', chunk => {
    text += chunk;
    const end = text.indexOf('\n') + 1;
    if (end === 0) return;
    tell({ id, type: 'ready', text: text.slice(0, end) });
    if (!keepsTelling) return pipe.destroy();
    lastWords = text.slice(end);
    pipe.removeAllListeners('data').on('data', rest => {
      lastWords += rest;
    });
  });
}

/** Undefined when one of them can't be opened; they are closed again here. */
function withFiles(files, use) {
  const opened = [];
  try {
    for (const [path, flags] of files) opened.push(path === undefined ? 'ignore' : openSync(path, flags));
    return use(opened);
  } catch {
    return undefined;
  } finally {
    for (const descriptor of opened) if (descriptor !== 'ignore') closeSync(descriptor);
  }
}
