import { type DurableExec, hasDurableExec, type WorkloadAddress } from '../runtime.ts';
import { counting, endsWhenCalled, gentle, mirror, ticking } from './programs.ts';
import { eventually, node, World } from './world.ts';

interface Owned {
  readonly id: string;
  readonly address: WorkloadAddress;
}

/** What the owner prints when all of its workloads are there. */
export interface OwnedWorkloads {
  readonly dataDir: string;
  readonly survivesServer: boolean;
  readonly created: Owned;
  readonly ending: Owned;
  readonly ended: Owned;
  readonly sleeping: Owned;
  readonly ticking: Owned;
  /** Runs durable processes: `over` has ended, `ending` ends when it is called, `running` prints numbers. */
  readonly host: (Owned & { readonly pid: number }) | undefined;
}

/** A server to be killed. Its argument is the module under test. */
const world = await World.open(new URL(process.argv[2] ?? ''));
await world.recover();
const ended = await world.run({ command: node('process.exit(3)') });
await world.exit(ended.id);
const owned = {
  dataDir: world.dataDir,
  survivesServer: world.runtime.capabilities().survivesServer,
  created: await world.create({ command: node(mirror), env: { COLOR: 'green' } }),
  ending: await world.run({ command: node(endsWhenCalled) }),
  ended,
  sleeping: await world.run({ command: node(mirror) }),
  ticking: await world.run({ command: node(ticking) }),
};
await eventually('some lines', async () => (await world.lines(owned.ticking.id)).length > 20);
const host = hasDurableExec(world.runtime) ? await runProcesses(world.runtime) : undefined;
process.stdout.write(`${JSON.stringify({ ...owned, host } satisfies OwnedWorkloads)}\n`);

async function runProcesses(runtime: DurableExec): Promise<Owned & { pid: number }> {
  const workload = await world.runUntilUp(gentle);
  const commands = { over: node('process.exit(3)'), ending: node(endsWhenCalled), running: node(counting) };
  let pid = 0;
  for (const [name, command] of Object.entries(commands)) {
    ({ pid } = await runtime.startProcess(workload.id, {
      id: name,
      logId: `${workload.id}-${name}`,
      command,
    }));
  }
  await eventually('an end', () => world.processExits.some(({ processId }) => processId === 'over'));
  await eventually('some numbers', async () => (await world.lines(`${workload.id}-running`)).length > 20);
  return { ...workload, pid };
}
