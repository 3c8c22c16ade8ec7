import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { forEachRuntime } from '../support/index.ts';
import { InstalledClients } from './installed.ts';

const clients = await InstalledClients.find('pypi');
const program = join(import.meta.dirname, 'sprites-python/user.py');

forEachRuntime('the published library for Python', { runtimes: ['oci'], skip: clients.skip }, world => {
  test('runs commands and services, works on files, and makes and restores checkpoints', async () => {
    const { url, token } = world.server;
    const python = spawn('python3', [program, url, token, `py-${process.pid}`], {
      env: { ...process.env, PYTHONPATH: clients.path('site'), PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 120_000,
      killSignal: 'SIGKILL',
    });
    const ended = new Promise(resolve => python.once('close', resolve));
    const said = await text(python.stderr);
    assert.equal(await ended, 0, said);
  });
});
