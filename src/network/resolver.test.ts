import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { workloadResolver } from './resolver.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-resolver-'));
});
after(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

test('workloads ask the name servers of the machine that they can reach', async () => {
  const path = await file('one', '# comment\nnameserver ::1\nnameserver 192.0.2.53\nsearch example.org\n');
  assert.equal(await workloadResolver([path]), 'nameserver 192.0.2.53\nsearch example.org\n');
});

test('where the machine asks a server of its own, they ask the one behind it', async () => {
  const stub = await file('two', 'nameserver 127.0.0.53\noptions edns0\n');
  const real = await file('three', 'nameserver 192.0.2.54\n');
  assert.equal(await workloadResolver([stub, real]), 'nameserver 192.0.2.54\n');
});

test('without any there is none', async () => {
  assert.equal(await workloadResolver([join(folder, 'none')]), '');
});
