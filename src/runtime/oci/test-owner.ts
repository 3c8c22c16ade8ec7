import { randomInt } from 'node:crypto';
import { TestWorld } from './test-world.ts';

/**
 * A server to be killed: owns a runtime over the data directory that it is given. As `keep` it makes some
 * workloads and waits; as `churn` it makes, starts, stops and removes workloads without end.
 */
const [dataDir = '', mode] = process.argv.slice(2);
const world = await TestWorld.open(dataDir);
await world.runtime.recover();

if (mode === 'keep') {
  await world.run({ id: 'running', command: ['sh', '-c', 'while sleep 0.05; do echo tick; done'] });
  await world.run({ id: 'ending', command: ['sh', '-c', 'sleep 1.5; exit 7'] });
  await world.create({ id: 'created', command: ['sh', '-c', 'echo started; exec sleep 100'] });
  await world.runtime.exec('running', { command: ['sleep', '4321'] });
  process.stdout.write('ready\n');
  setInterval(() => {}, 1_000);
} else {
  process.stdout.write('ready\n');
  await Promise.all(['a', 'b', 'c'].map(churn));
}

async function churn(name: string): Promise<never> {
  for (let round = 0; ; round++) {
    const id = `${name}${round}`;
    await world.run(name === 'a' ? { id, idle: true, root: name } : { id, command: ['sleep', '100'] });
    if (name === 'a' && randomInt(2) === 0) await world.runtime.pause(id);
    if (randomInt(2) === 0) {
      await world.runtime.stop(id, { hard: randomInt(2) === 0, signal: 'SIGTERM', timeoutMs: 1_000 });
    }
    await world.runtime.remove(id);
  }
}
