import type { WorkloadAddress } from '../runtime.ts';
import { endsWhenCalled, mirror, ticking } from './programs.ts';
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
}

/** A server to be killed. Its argument is the module under test. */
const world = await World.open(new URL(process.argv[2] ?? ''));
await world.recover();
const ended = await world.run({ command: node('process.exit(3)') });
await world.exit(ended.id);
const owned: OwnedWorkloads = {
  dataDir: world.dataDir,
  survivesServer: world.runtime.capabilities().survivesServer,
  created: await world.create({ command: node(mirror), env: { COLOR: 'green' } }),
  ending: await world.run({ command: node(endsWhenCalled) }),
  ended,
  sleeping: await world.run({ command: node(mirror) }),
  ticking: await world.run({ command: node(ticking) }),
};
await eventually('some lines', async () => (await world.lines(owned.ticking.id)).length > 20);
process.stdout.write(`${JSON.stringify(owned)}\n`);
