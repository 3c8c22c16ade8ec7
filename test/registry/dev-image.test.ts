import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { adminToken, berthProgram, eventually, forEachRuntime, send, within } from '../support/index.ts';
import { cannotRunImages } from './busybox.ts';
import { cannotRunDocker, DockerDaemon } from './docker-daemon.ts';

const dockerfile = `
FROM scratch
COPY busybox /bin/busybox
COPY page /www/index.html
CMD ["/bin/busybox", "sh", "-c", "exec /bin/busybox httpd -f -p $PORT -h /www"]
`;

describe('berth dev with a Dockerfile', { skip: cannotRunImages || cannotRunDocker }, () => {
  let daemon: DockerDaemon;
  before(async () => {
    daemon = await DockerDaemon.start();
  });
  after(() => daemon.stop());

  forEachRuntime('on', { runtimes: ['oci'] }, world => {
    test('builds, pushes and runs the image, and again at a change', { timeout: 120_000 }, async t => {
      const folder = await mkdtemp(join(tmpdir(), 'berth-dev-'));
      t.after(() => rm(folder, { recursive: true }));
      await copyFile('/bin/busybox', join(folder, 'busybox'));
      await writeFile(join(folder, 'Dockerfile'), dockerfile);
      await writeFile(join(folder, 'page'), 'one');
      const child = spawn(berthProgram, ['dev', '--dir', folder], {
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          DOCKER_HOST: `unix://${join(daemon.folder, 'socket')}`,
          BERTH_URL: world.server.url,
          BERTH_TOKEN: adminToken,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = once(child, 'close') as Promise<[number | null]>;
      const lines: string[] = [];
      for (const output of [child.stdout, child.stderr])
        createInterface({ input: output }).on('line', line => lines.push(line));
      const page = async (since: number): Promise<string> => {
        const url = await eventually(
          'a backend that is ready',
          () => lines.slice(since).flatMap(line => /is ready at (\S+)/.exec(line)?.[1] ?? [])[0],
          60_000,
        ).catch(error => {
          throw new Error(`${(error as Error).message}; but\n${lines.join('\n')}`);
        });
        return (await send(world.server.url, { headers: { host: new URL(url).host } })).text;
      };

      assert.equal(await page(0), 'one');
      const since = lines.length;
      await writeFile(join(folder, 'page'), 'two');
      assert.equal(await page(since), 'two');
      child.kill('SIGINT');
      assert.deepEqual((await within('the end', ended, 30_000))[0], 0, lines.join('\n'));
      assert.deepEqual((await world.api('/user/admin/services')).ok().services, []);
      assert.ok(!lines.join('\n').includes(adminToken));
    });
  });
});
