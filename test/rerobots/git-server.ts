import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A repository with these files that is cloned from the URL; gone after the test. */
export async function serveRepository(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-git-'));
  const [work, bare] = [join(folder, 'work'), join(folder, 'bare')];
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-C', work, ...args]);
  await mkdir(work);
  await git('init', '-q', '-b', 'main');
  for (const [name, content] of Object.entries(files)) await writeFile(join(work, name), content);
  await git('add', '.');
  await git('commit', '-q', '-m', 'first');
  await git('clone', '-q', '--bare', work, bare);
  await run('git', ['-C', bare, 'update-server-info']);
  const server = createServer((req, res) => {
    const [path = ''] = (req.url ?? '').split('?', 1);
    readFile(join(bare, path.replace(/^\/x\.git/, ''))).then(
      content => res.end(content),
      () => res.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`;
}
