import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allEvents, forEachRuntime } from '../support/index.ts';
import { InstalledClients } from './installed.ts';

/** What the published types check of an answer before they take it for one. */
interface Checks {
  isBackendState(message: unknown): boolean;
  isConnectResponse(message: unknown): boolean;
}

const { skip, checks } = await findChecks();
const settings = { 'jamsocket.startup_timeout_seconds': 1, 'jamsocket.stop_grace_seconds': 1 };

forEachRuntime('the published types', { runtimes: ['process'], settings }, world => {
  for (const [what, program, args, body, last] of [
    ['ends by itself', 'exit-late.js', ['0'], {}, { exit_error: false }],
    ['fails', 'exit-late.js', ['3'], {}, { exit_error: true }],
    ['fails before it listens', 'exit.js', ['3'], {}, { exit_error: true }],
    [
      'never listens',
      'silent.js',
      [],
      {},
      { termination_reason: 'startuptimeout', termination_kind: 'hard' },
    ],
    ['is terminated', 'echo.js', [], {}, { termination_reason: 'external', termination_kind: 'soft' }],
    ['will not end', 'stubborn.js', [], {}, { termination_reason: 'external', termination_kind: 'soft' }],
    [
      'is killed',
      'echo.js',
      [],
      { hard: true },
      { termination_reason: 'external', termination_kind: 'hard' },
    ],
  ] as const) {
    test(`know every state of a backend that ${what}`, { skip }, async () => {
      const service = await world.service(program, { args });
      const path = `/v2/service/admin/${service}/connect`;
      const connected = (await world.api(path, { body: { key: 'k' } })).ok();
      assert.ok(checks?.isConnectResponse(connected), JSON.stringify(connected));
      const held = (await world.api(path, { body: { key: 'k' } })).ok();
      assert.ok(checks?.isConnectResponse(held), JSON.stringify(held));

      const backend = `/v2/backend/${String(connected.backend_id)}`;
      if ('termination_reason' in last && last.termination_reason === 'external') {
        await readyOrEnded(backend);
        (await world.api(`${backend}/terminate`, { body })).ok();
      }
      const events = await allEvents(await world.server.openApi(`${backend}/status/stream`, { token: null }));
      const states = events.map(({ data }) => JSON.parse(data) as Record<string, unknown>);
      const { statuses } = (await world.api(backend)).ok<{ statuses: Record<string, unknown>[] }>();
      const now = (await world.api(`${backend}/status`, { token: null })).ok();
      for (const state of [...states, ...statuses, now]) {
        assert.ok(checks?.isBackendState(state), JSON.stringify(state));
        assert.ok(!Object.values(state).includes(null), JSON.stringify(state));
      }
      const { status, time, ...rest } = states.at(-1) ?? {};
      assert.equal(status, 'terminated');
      assert.ok(!Number.isNaN(Date.parse(String(time))));
      assert.deepEqual({ ...rest, ...last }, rest, what);
    });
  }

  async function readyOrEnded(backend: string): Promise<void> {
    const stream = await world.server.openApi(`${backend}/status/stream`, { token: null });
    for await (const chunk of stream) if (/"(ready|terminated)"/.test(String(chunk))) break;
  }
});

async function findChecks(): Promise<{ skip: string | false; checks?: Checks }> {
  const clients = await InstalledClients.find('npm');
  if (clients.skip !== false) return clients;
  const path = clients.path('node_modules/@jamsocket/types/dist/main.mjs');
  return { skip: false, checks: (await import(path)) as Checks };
}
