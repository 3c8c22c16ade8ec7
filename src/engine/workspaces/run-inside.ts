import type { ExecSpec, Runtime } from '../../runtime/runtime.ts';

/**
 * Runs a program inside a workload to its end; what it writes is not kept.
 * @returns its exit code; undefined when the signal fired first, and the program was killed
 * @throws {RuntimeError} when it can't be started
 */
export async function runInside(
  runtime: Runtime,
  workloadId: string,
  spec: ExecSpec,
  signal: AbortSignal,
): Promise<number | undefined> {
  signal.throwIfAborted();
  const process = await runtime.exec(workloadId, spec);
  process.stdin.end();
  process.stdout.resume();
  process.stderr.resume();
  const kill = (): void => process.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  if (signal.aborted) kill();
  const aborted = new Promise<undefined>(resolve => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
  });
  try {
    return await Promise.race([process.exited.then(({ exitCode }) => exitCode), aborted]);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
