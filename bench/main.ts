/**
 * `npm run bench [name…]`: measures Berth beside what a user would pick instead, and prints a table. A run of
 * all measurements also writes `RESULTS.md`. Needs root on Debian, and installs what it needs: conmon, runc, iproute2,
 * nftables and busybox-static; docker.io, docker-registry, haproxy and wrk for what Berth is compared with. What can't
 * be measured says so.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, NotHere, type Row } from './bench.ts';
import { load, machineFacts } from './machine.ts';
import { markdown, type Result, table } from './report.ts';
import { checkpoint } from './rows/checkpoint.ts';
import { edge } from './rows/edge.ts';
import { eventLoop } from './rows/event-loop.ts';
import { exec } from './rows/exec.ts';
import { growth } from './rows/growth.ts';
import { heldLock } from './rows/held-lock.ts';
import { logs } from './rows/logs.ts';
import { memory } from './rows/memory.ts';
import { registry } from './rows/registry.ts';
import { spawn } from './rows/spawn.ts';
import { wake } from './rows/wake.ts';

const benches: readonly Bench[] = [
  spawn,
  heldLock,
  edge,
  logs,
  memory,
  growth,
  registry,
  eventLoop,
  exec,
  wake,
  checkpoint,
];

const resultsFile = join(import.meta.dirname, 'RESULTS.md');

const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => reject(new Error(`${signal}: nothing more is measured`)));
  }
});
interrupted.catch(() => {}); // nothing may be under way when it comes

/** Whatever happens, nothing that was started or made is left. */
async function measure(bench: Bench): Promise<readonly Row[]> {
  const cleanUp = new AsyncDisposableStack();
  try {
    return await Promise.race([bench.run(cleanUp), interrupted]);
  } catch (error) {
    if (error instanceof NotHere) return [{ what: bench.name, notMeasured: error.message }];
    throw error;
  } finally {
    await cleanUp.disposeAsync();
  }
}

function chosen(names: readonly string[]): readonly Bench[] {
  const unknown = names.filter(name => !benches.some(bench => bench.name === name));
  if (unknown.length > 0) {
    const known = benches.map(({ name }) => name).join(', ');
    throw new Error(`no such measurement: ${unknown.join(', ')}. There are: ${known}`);
  }
  return names.length === 0 ? benches : benches.filter(({ name }) => names.includes(name));
}

async function main(names: readonly string[]): Promise<void> {
  const loadBefore = await load();
  const results: Result[] = [];
  for (const bench of chosen(names)) {
    console.error(`measuring ${bench.name} ...`);
    results.push({ bench, rows: await measure(bench) });
  }
  console.log(table(results));
  if (names.length > 0) return;
  const facts = await machineFacts();
  facts.push(`Load of the machine when the run began: ${loadBefore}`);
  await writeFile(resultsFile, markdown(results, facts));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error);
  process.exit(1); // the rest of what was interrupted does not matter any more
}
