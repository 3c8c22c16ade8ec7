import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Check } from './check.ts';
import { chooseRuntime } from './choose-runtime.ts';
import { examineMachine } from './examine.ts';
import { checkNode, checkSystem } from './host.ts';
import { missingPackages } from './install.ts';
import { checkOciRuntime } from './programs.ts';

function check(name: string, ok: boolean, packages?: string[]): Check {
  const remedy = { text: `install ${name}`, ...(packages === undefined ? {} : { packages }) };
  return { name, ok, found: '', switchesOff: 'oci', neededByOci: true, ...(ok ? {} : { remedy }) };
}

test('every check that failed names what it switches off and a remedy', async () => {
  const checks = await examineMachine({ dataDir: '/nowhere/at/all', ociRuntime: 'runc' });
  assert.ok(checks.length > 5);
  for (const { name, ok, found, switchesOff, remedy } of checks) {
    assert.ok(found !== '' && switchesOff !== '', name);
    assert.equal(remedy === undefined, ok, name);
  }
});

test('a program is found on the PATH with its version', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-doctor-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'runsc'), '#!/bin/sh\necho "runsc version release-2024.1.0"\n');
  await chmod(join(folder, 'runsc'), 0o755);
  const found = await checkOciRuntime('runsc', folder);
  assert.ok(found.ok);
  assert.equal(found.found, `2024.1.0 (${folder}/runsc)`);
});

test('a program that does not run is a failure', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-doctor-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'runsc'), '#!/bin/sh\nexit 1\n');
  await chmod(join(folder, 'runsc'), 0o755);
  assert.equal((await checkOciRuntime('runsc', folder)).ok, false);
});

test('an old Node and another system are told', () => {
  assert.equal(checkNode('v22.1.0').ok, false);
  assert.equal(checkNode('v24.0.0').ok, true);
  assert.equal(checkSystem('darwin').ok, false);
});

test('auto takes oci where nothing is missing', () => {
  const choice = chooseRuntime('auto', [check('conmon', true), check('privileges', true)]);
  assert.deepEqual(choice, { runtime: 'oci', why: 'this machine has all it needs' });
});

test('auto falls back to process and says how to get oci', () => {
  const checks = [check('conmon', false, ['conmon']), check('nft', false, ['nftables']), check('ip', true)];
  const choice = chooseRuntime('auto', checks);
  assert.equal(choice.runtime, 'process');
  assert.match(choice.why, /oci lacks conmon, nft/);
  assert.match(choice.better ?? '', /berth doctor --install/);
  assert.deepEqual(missingPackages(checks), ['conmon', 'nftables']);
});

test('what no package puts right is named by its own remedy', () => {
  const choice = chooseRuntime('auto', [check('privileges', false)]);
  assert.equal(choice.better, 'install privileges');
});

test('a runtime that was asked for is taken', () => {
  assert.equal(chooseRuntime('process', [check('conmon', true)]).runtime, 'process');
  assert.equal(chooseRuntime('oci', [check('conmon', false, ['conmon'])]).runtime, 'oci');
});
