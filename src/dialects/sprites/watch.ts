import type { LiveSandbox } from '../../engine/index.ts';
import type { Account } from '../../identity/index.ts';
import { AsyncQueue } from '../../lib/async-queue.ts';
import { spriteVersion } from './access.ts';
import type { SpritesParts } from './parts.ts';
import { countsShape } from './sprite-shape.ts';

/** A line for each sprite of an account first, then one for each change of a status; a heartbeat in between. */
export async function* watchSprites(
  { engine, settings }: SpritesParts,
  account: Account,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<object> {
  const changes = new AsyncQueue<LiveSandbox | 'heartbeat'>();
  const last = new Map<string, string>();
  const stopListening = engine.sandboxes.onChange(sandbox => {
    const { accountId, name } = sandbox.record;
    if (accountId === account.id && name.startsWith(prefix)) changes.push(sandbox);
  });
  const heartbeat = setInterval(() => changes.push('heartbeat'), settings.heartbeatMs);
  signal.addEventListener('abort', () => changes.abort(), { once: true });
  try {
    for (const sandbox of engine.sandboxes.list(account)) {
      if (!sandbox.record.name.startsWith(prefix)) continue;
      last.set(sandbox.record.id, sandbox.status);
      yield line(sandbox);
    }
    for await (const change of changes) {
      if (change === 'heartbeat') {
        yield { type: 'heartbeat', timestamp: new Date().toISOString(), org: org() };
        continue;
      }
      const status = change.deleted ? 'destroyed' : change.status;
      if (last.get(change.record.id) === status) continue;
      last.set(change.record.id, status);
      yield line(change, status);
    }
  } finally {
    clearInterval(heartbeat);
    stopListening();
  }

  function line({ record, status }: LiveSandbox, told: string = status): object {
    return {
      name: record.name,
      status: told,
      running_version: spriteVersion,
      ...(record.lastRunningAt && { last_running_at: record.lastRunningAt.toISOString() }),
      ...(record.lastWarmAt && { last_warming_at: record.lastWarmAt.toISOString() }),
      timestamp: new Date().toISOString(),
      org: org(),
    };
  }

  function org(): object {
    return { name: account.name, ...countsShape(engine.sandboxes.counts(account), settings) };
  }
}
