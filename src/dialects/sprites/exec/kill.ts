import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../../engine/index.ts';
import { SpritesError } from '../errors.ts';

const endAfterKillMs = 10_000;

/**
 * A signal by its name, with or without `SIG`, in any case, or by its number.
 * @throws {SpritesError} 400 `invalid signal`
 */
export function parseSignal(text: string): NodeJS.Signals {
  const name = text.trim().toUpperCase();
  const wanted = name.startsWith('SIG') ? name : `SIG${name}`;
  for (const [known, number] of Object.entries(constants.signals)) {
    if (known === wanted || name === String(number)) return known as NodeJS.Signals;
  }
  const shown = JSON.stringify(text.slice(0, 40));
  throw new SpritesError(400, 'invalid signal', `signal: ${shown} is no signal such as SIGTERM`);
}

/** Sends a signal and tells what becomes of the session, until it has ended. */
export async function* killSession(
  session: Session,
  signal: NodeJS.Signals,
  timeoutMs: number,
): AsyncGenerator<object> {
  session.signal(signal);
  yield { type: 'signal', message: `sent ${signal} to process ${session.pid}`, signal, pid: session.pid };
  if (timeoutMs === 0) {
    yield { type: 'complete' };
    return;
  }
  if (await endsWithin(session, timeoutMs)) {
    yield { type: 'exited', message: 'the process has exited' };
  } else {
    yield { type: 'timeout', message: `the process did not exit within ${timeoutMs / 1000}s` };
    session.signal('SIGKILL');
    await endsWithin(session, endAfterKillMs);
    yield { type: 'killed', message: 'the process was killed' };
  }
  const exitCode = await Promise.race([session.ended, Promise.resolve(undefined)]);
  yield { type: 'complete', ...(exitCode !== undefined && { exit_code: exitCode }) };
}

async function endsWithin(session: Session, timeoutMs: number): Promise<boolean> {
  const limit = new AbortController();
  const ended = session.ended.then(() => true);
  const late = delay(timeoutMs, false, { signal: limit.signal, ref: false }).catch(() => false);
  try {
    return await Promise.race([ended, late]);
  } finally {
    limit.abort();
  }
}
