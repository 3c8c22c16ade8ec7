import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { TestRepository } from '../registry/registry-client.ts';
import { adminToken, forEachRuntime, within } from '../support/index.ts';
import { InstalledClients } from './installed.ts';

const clients = await InstalledClients.find('go');
const timeoutMs = 180_000;

/** The suite's own report. */
interface Results {
  readonly apis: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
}

/** What a registry of version 1.1 need not have, and this one has not. */
const without = ['Manifest put with tag params', 'Sparse Manifests', 'Tag Param', 'Tag Param sha512'];

forEachRuntime('the official suite for registries', { runtimes: ['process'] }, world => {
  test('finds nothing wrong', { skip: clients.skip, timeout: timeoutMs }, async t => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-conformance-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    for (const service of ['first', 'second']) await TestRepository.make(world, service);
    const suite = spawn(clients.path('conformance'), [], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        OCI_VERSION: '1.1',
        OCI_REGISTRY: `localhost:${world.server.port}`,
        OCI_TLS: 'disabled',
        OCI_REPO1: 'admin/first',
        OCI_REPO2: 'admin/second',
        OCI_USERNAME: 'admin',
        OCI_PASSWORD: adminToken,
        OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
        OCI_API_BLOBS_DIGEST_HEADER: 'true',
        OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
      },
      stdio: 'ignore',
    });
    t.after(() => suite.kill('SIGKILL'));
    await within('the end of the suite', once(suite, 'exit'), timeoutMs);
    const { apis, data } = parse(await readFile(join(folder, 'results/results.yaml'), 'utf8')) as Results;
    const results = Object.entries({ ...apis, ...data });
    const passed = results.filter(([, result]) => result === 'Pass');
    const others = results.filter(([name, result]) => result !== 'Pass' && !without.includes(name));
    assert.deepEqual(others, []);
    assert.ok(passed.length >= 40, `only ${passed.length} passed`);
  });
});
