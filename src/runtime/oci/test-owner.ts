import { randomInt } from 'node:crypto';
import { eventually, TestWorld } from './test-world.ts';

/**
 * A server to be killed: owns a runtime over the data directory that it is given. As `keep` it makes some
 * workloads and waits; as `churn` it makes, starts, stops and removes
 * workloads without end, as `churn-processes` durable processes of one workload.
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
} else if (mode === 'churn-processes') {
  await world.run({ id: 'host', idle: true });
  process.stdout.write('ready\n');
  await Promise.all(['a', 'b'].map(churnProcesses));
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

/** Starts, stops and forgets processes of one workload. */
async function churnProcesses(name: string): Promise<never> {
  const { runtime } = world;
  for (let round = 0; ; round++) {
    const id = `${name}${round}`;
    const command = ['sh', '-c', 'sleep 100 & echo up; wait'];
    await runtime.startProcess('host', { id, logId: `log-${name}`, command });
    await runtime.stopProcess('host', id, { hard: randomInt(2) === 0, signal: 'SIGTERM', timeoutMs: 1_000 });
    await eventually('its end', async () => {
      const found = (await runtime.processes('host')).find(process => process.id === id);
      return found?.state === 'exited' || undefined;
    });
    if (randomInt(2) === 0) await runtime.forgetProcess('host', id);
  }
}
