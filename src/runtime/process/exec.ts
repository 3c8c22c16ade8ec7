import type { Socket } from 'node:net';
import { ProgramOutput } from '../../lib/program-output.ts';
import type { ExecProcess } from '../runtime.ts';
import { sessionMembers, signal } from './process-table.ts';
import { exitCodeOf, type GroupLeader } from './spawn.ts';

/** A further process of a workload, with pipes; it leads a session of its own. */
export function execProcess({ child, pid }: GroupLeader): ExecProcess {
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null)
    throw new Error('an exec session needs three pipes');
  stdin.on('error', () => {}); // it may end without reading all of its input
  const outputs = [stdout, stderr].map(pipe => new ProgramOutput(pipe as Socket));
  let isOver = false;
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('exit', (code, name) => {
    isOver = true;
    resolve(exitCodeOf(code, name));
  });
  const end = async () => {
    const exitCode = await promise;
    await Promise.all(outputs.map(output => output.finish()));
    return { exitCode };
  };
  const kill = (name: NodeJS.Signals) => {
    if (isOver) return;
    if (name === 'SIGKILL') void killSession(pid);
    else signal(-pid, name);
  };
  const [output, errors] = outputs as [ProgramOutput, ProgramOutput];
  return { pid, stdin, stdout: output.stream, stderr: errors.stream, kill, resize: () => {}, exited: end() };
}

/** Its jobs may have groups of their own. */
export async function killSession(pid: number): Promise<void> {
  signal(-pid, 'SIGKILL');
  for (const member of await sessionMembers(pid)) signal(member, 'SIGKILL');
}
