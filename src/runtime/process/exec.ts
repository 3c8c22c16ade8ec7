import type { ExecProcess } from '../runtime.ts';
import { signal } from './process-table.ts';
import { exitCodeOf, type GroupLeader } from './spawn.ts';

export interface ExecSession extends ExecProcess {
  /** Its process id, and the number of its group. */
  readonly pid: number;
}

/** A further process of a workload. What it leaves behind in its group ends with it. */
export function execProcess({ child, pid }: GroupLeader): ExecSession {
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null)
    throw new Error('an exec session needs three pipes');
  stdin.on('error', () => {}); // it may end without reading all of its input
  let isOver = false;
  child.once('exit', () => {
    isOver = true;
    signal(-pid, 'SIGKILL');
  });
  const exited = new Promise<{ exitCode: number }>(resolve => {
    child.once('close', (code, name) => resolve({ exitCode: exitCodeOf(code, name) }));
  });
  const kill = (name: NodeJS.Signals): void => {
    if (!isOver) signal(-pid, name);
  };
  return { pid, stdin, stdout, stderr, kill, resize() {}, exited };
}
