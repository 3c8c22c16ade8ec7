import { PassThrough } from 'node:stream';
import type { ExecProcess, RuntimeError } from '../../../runtime/runtime.ts';

/** As shells have it. */
const notFoundCode = 127;
const notExecutableCode = 126;

/** A command that could not be started, as a process that says why and ends. */
export function failedProcess(error: RuntimeError): ExecProcess {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.resume();
  stdout.end();
  stderr.end(`${error.message}\n`);
  const exitCode = error.reason === 'not-executable' ? notExecutableCode : notFoundCode;
  const exited = new Promise<{ exitCode: number }>(resolve =>
    stderr.once('end', () => resolve({ exitCode })),
  );
  return { stdin, stdout, stderr, pid: 0, exited, kill() {}, resize() {} };
}
