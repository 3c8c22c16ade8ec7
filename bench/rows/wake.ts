import { atMost, type Bench } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import { calm } from '../parts/calm.ts';
import { tiny } from '../parts/programs.ts';
import { Sandbox, type SandboxStatus } from '../parts/sandbox.ts';
import { temporaryFolder } from '../parts/temporary.ts';
import { median, milliseconds } from '../statistics.ts';

const rounds = 15;

export const wake: Bench = {
  name: 'wake',
  method:
    'A request at the URL of a sandbox whose service has an HTTP port (a static web server that is up at once): to the ' +
    `answer with status 200, from warm (paused in memory) and from cold (booted anew), ${rounds} rounds each after one ` +
    'that does not count, each when the processors are idle.',

  async run(cleanUp) {
    const berth = await Berth.start(cleanUp);
    const { command, directory } = await tiny(await temporaryFolder(cleanUp));
    const [cmd] = command;
    const service = {
      cmd,
      args: ['httpd', '-f', '-p', '3000', '-h', '/home/sprite'],
      http_port: 3000,
    };
    if (directory === undefined) throw new Error('the program has no folder');

    const timeFrom = async (status: SandboxStatus, config: object): Promise<number[]> => {
      const sandbox = await Sandbox.create(berth, `from-${status}`, config);
      await sandbox.exec('sh', '-c', 'echo ok > /home/sprite/index.html');
      await sandbox.startService('web', service);
      const times: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        await sandbox.reaches(status);
        await calm();
        const began = performance.now();
        await sandbox.visit();
        if (round > 0) times.push(performance.now() - began);
      }
      await sandbox.destroy();
      return times;
    };
    const warm = await timeFrom('warm', { idle_warm: '200ms', idle_cold: '0' });
    const cold = await timeFrom('cold', { idle_warm: '200ms', idle_cold: '100ms' });
    return [
      {
        what: 'a paused sandbox wakes and answers',
        berth: milliseconds(warm),
        budget: atMost(50, median(warm), ' ms'),
      },
      {
        what: 'a stopped sandbox boots, with its service, and answers',
        berth: milliseconds(cold),
        budget: atMost(300, median(cold), ' ms'),
      },
    ];
  },
};
