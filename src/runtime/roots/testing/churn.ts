import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RootStore } from '../root-store.ts';

/**
 * A server to be killed: makes and restores checkpoints of one root without end, over a folder that it is given.
 * Checkpoint `cN` has a folder `sN`, whose files all say N.
 */
export const filesOfState = 60;

if (import.meta.main) await churn(process.argv[2] ?? '');

async function churn(folder: string): Promise<never> {
  const store = new RootStore(folder);
  await store.open();
  const { signal } = new AbortController();
  let since: string | undefined;
  await store.make('box');
  process.stdout.write('ready\n');
  for (;;) {
    const number = Date.now(); // rises from one server to the next
    writeState((await store.make('box')).upper, number);
    const name = `c${number}`;
    await store.createCheckpoint('box', name, { ...(since && { since }), signal });
    since = name;
    process.stdout.write('made\n');
    const [oldest = name, ...others] = await store.listCheckpoints('box');
    if (others.length > 0 && number % 2 === 0) {
      await store.restoreCheckpoint('box', oldest);
      since = oldest;
      process.stdout.write('restored\n');
    }
    if (others.length > 3) await store.removeCheckpoint('box', oldest);
  }
}

/** The new state is there at once, and then the old ones go. */
function writeState(upper: string, number: number): void {
  const fresh = join(upper, 'new');
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  for (let file = 0; file < filesOfState; file++) writeFileSync(join(fresh, `f${file}`), `${number}`);
  renameSync(fresh, join(upper, `s${number}`));
  for (const name of readdirSync(upper)) {
    if (name === `s${number}` || name === 'kept') continue;
    renameSync(join(upper, name), join(upper, 'new'));
    rmSync(join(upper, 'new'), { recursive: true });
  }
  writeFileSync(join(upper, 'kept'), 'the same in all', { flag: 'a' });
}
