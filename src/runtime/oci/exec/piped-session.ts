import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Launched } from '../../../lib/launcher.ts';
import type { ExecProcess } from '../../runtime.ts';
import { startError } from '../start-errors.ts';
import { InsideProcess } from './inside-process.ts';
import type { SessionParts, SessionPlace } from './session.ts';
import { openInput, openOutput } from './stdio.ts';

/**
 * Runs a process with pipes. Its parent is a conmon that gives it the pipes as they are, reaps it and tells its exit
 * code: so an end is told whoever else has the pipes, and no process has to copy what it writes.
 * @throws {RuntimeError} `start-error`
 */
export async function startPipedSession(parts: SessionParts, place: SessionPlace): Promise<ExecProcess> {
  const [inputPath = '', outputPath = '', errorPath = ''] = await parts.fifos.take(3);
  const input = openInput(inputPath);
  const [output, errors] = [openOutput(outputPath), openOutput(errorPath)];
  let conmon: Launched;
  try {
    conmon = await parts.launcher.launch({
      file: parts.tools.conmon,
      args: conmonArguments(parts, place),
      cwd: dirname(place.files.pid),
      env: { _OCI_SYNCPIPE: '3' },
      inputFile: inputPath,
      outputFile: outputPath,
      errorFile: errorPath,
      keepsTelling: true,
    });
  } finally {
    for (const fifo of [input, output, errors]) fifo.release();
  }
  const pid = await conmon.ready.then(told => numberIn(told)).catch(() => undefined);
  if (pid === undefined || pid <= 0) {
    input.end.destroy();
    output.end.stream.resume();
    const said = text(errors.end.stream);
    await Promise.all([output.end.finish(), errors.end.finish()]);
    throw startError(await said, parts.folders.root);
  }
  const inside = await InsideProcess.at(pid);
  const kill = (name: NodeJS.Signals) => {
    if (name === 'SIGKILL') void inside.killSession(() => place.processes());
    else inside.signalGroup(name);
  };
  const end = async () => {
    const ended = await conmon.ended;
    input.end.destroy();
    if (ended === undefined) await inside.killSession(() => place.processes());
    await Promise.all([output.end.finish(), errors.end.finish()]);
    return { exitCode: numberIn(ended?.lastWords ?? '') ?? 137 };
  };
  return {
    pid: inside.innerPid,
    stdin: input.end,
    stdout: output.end.stream,
    stderr: errors.end.stream,
    kill,
    resize: () => {},
    exited: end(),
  };
}

function conmonArguments({ tools, folders }: SessionParts, { id, files }: SessionPlace): string[] {
  const options = {
    '--api-version': '1',
    '-c': id,
    '-u': id,
    '-n': id,
    '-r': tools.ociRuntime,
    '-p': files.pid,
    '--exec-process-spec': files.process,
    '-l': 'passthrough',
  };
  return ['-e', '--sync', ...Object.entries(options).flat(), `--runtime-arg=--root=${folders.state}`];
}

/** conmon tells first the process's number, then its exit code. */
function numberIn(told: string): number | undefined {
  const [, number] = /"data":\s*(-?\d+)/.exec(told) ?? [];
  return number === undefined ? undefined : Number(number);
}
