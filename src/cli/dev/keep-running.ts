import { setTimeout as delay } from 'node:timers/promises';
import { ConnectionError, hasEnded } from '../../client/index.ts';
import type { DevService } from './dev-service.ts';
import type { Output } from './output.ts';
import { patiently } from './patiently.ts';

export interface DevRun {
  readonly lock: string;
  readonly env: Readonly<Record<string, string>>;
  readonly output: Output;
  /** Fires when the program is to end. */
  readonly signal: AbortSignal;
}

/** How long a backend lives on with nobody connected: a run that was killed leaves it behind. */
const graceSeconds = 86_400;
const pauseMs = 1_000;
const terminateTimeoutMs = 20_000;
/** Characters of an id that stand before a line. */
const shownLength = 6;

/** Ends that nobody here has asked for and that are no fault of the program: a server that went away, say. */
const endsOfOthers: ReadonlySet<string> = new Set(['Terminated', 'Lost', 'Swept']);

/** Runs the program until it ends by itself or the signal fires; anew when its backend is ended by others. */
export async function keepRunning(service: DevService, run: DevRun): Promise<void> {
  const { signal, output } = run;
  while (!signal.aborted) {
    try {
      const end = await runOnce(service, run);
      if (signal.aborted || end === undefined || !endsOfOthers.has(end)) return;
      await output.tell('starting it again');
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ConnectionError)) throw error;
      await output.tell('the server is away');
    }
    await delay(pauseMs, undefined, { signal }).catch(() => {});
  }
}

/** @returns the last state of its backend; undefined where somebody else's holds the lock */
async function runOnce(service: DevService, run: DevRun): Promise<string | undefined> {
  const { lock, env, output, signal } = run;
  const { client, account, name, imageTag } = service;
  const request = { lock, env, grace_period_seconds: graceSeconds, ...(imageTag && { tag: imageTag }) };
  const {
    spawned,
    name: id,
    url,
  } = await patiently(() => client.services.spawn(account, name, request), signal);
  if (!spawned) {
    await output.tell(`the lock ${lock} is held by ${id}, which is none of this folder`);
    return undefined;
  }
  service.started(id);
  const terminate = (): void => {
    // Where this fails the removal of the service, or the next spawn under the lock, is told so.
    patiently(() => client.backends.terminate(id), AbortSignal.timeout(terminateTimeoutMs)).catch(() => {});
  };
  signal.addEventListener('abort', terminate, { once: true });
  if (signal.aborted) terminate();
  try {
    return await follow(service, id, url, output);
  } finally {
    signal.removeEventListener('abort', terminate);
  }
}

/** Shows the states and the log of a backend to its end. @returns its last state */
async function follow(
  service: DevService,
  id: string,
  url: string,
  output: Output,
): Promise<string | undefined> {
  const log = copyLog(service, id, output);
  let last: string | undefined;
  for await (const { state } of service.client.backends.states(id)) {
    last = state;
    if (hasEnded(state)) await log;
    await output.tell(`${id} is ${state === 'Ready' ? `ready at ${url}` : state.toLowerCase()}`);
  }
  service.ended(id);
  return last;
}

async function copyLog({ client }: DevService, id: string, output: Output): Promise<void> {
  try {
    for await (const line of client.backends.logs(id)) await output.line(id.slice(0, shownLength), line);
  } catch (error) {
    await output.tell(`the log of ${id} can't be read: ${(error as Error).message}`);
  }
}
