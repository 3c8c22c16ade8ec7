import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { transitiveDependants } from './needs-graph.ts';
import { UnitModel } from './testing/unit-model.ts';
import { definition, type NewUnit, World } from './testing/world.ts';
import type { RestartPolicy } from './unit.ts';

const policy = fc.constantFrom<RestartPolicy>('always', 'on-failure', 'never');
const variant = fc.record({ restart: policy, isMissing: fc.boolean(), version: fc.nat(1) });

const command = fc.oneof(
  fc.constantFrom('start', 'stop', 'restart', 'kill').map(kind => ({ kind }) as const),
  variant.map(put => ({ kind: 'put', put }) as const),
  fc.constantFrom(0, 1, 137).map(exitCode => ({ kind: 'crash', exitCode }) as const),
  fc.constantFrom(1, 999, 1_000, 4_000, 10_000, 35_000).map(ms => ({ kind: 'pass', ms }) as const),
);

test('one unit does what a simple model of it does', async () => {
  await fc.assert(
    fc.asyncProperty(variant, fc.array(command, { maxLength: 30 }), async (first, commands) => {
      const world = new World();
      const unit = ({ isMissing, ...rest }: typeof first): NewUnit => ({
        ...rest,
        ...(isMissing && { missing: 'no' }),
      });
      await world.put('web', unit(first));
      const model = new UnitModel(first);
      for (const step of commands) {
        if (step.kind === 'put') {
          await world.put('web', unit(step.put));
          model.put(step.put);
        } else if (step.kind === 'crash') {
          await world.crash('web', step.exitCode);
          model.crash(step.exitCode);
        } else if (step.kind === 'pass') {
          await world.time.pass(step.ms);
          model.pass(step.ms);
        } else if (step.kind === 'kill') {
          world.kill();
          await world.comeBack();
          model.serverRestarts();
        } else if (step.kind === 'stop') {
          if (model.canStop) await world.stop('web');
          else await assert.rejects(world.stop('web'), { code: 'not-running' });
          if (model.canStop) model.stop();
        } else {
          await world[step.kind]('web');
          model[step.kind]();
        }
        compare(world, model);
      }
    }),
    { numRuns: 100 },
  );
});

function compare(world: World, model: UnitModel): void {
  const { status, restartCount, nextRestartAt } = world.state('web');
  const startMs = world.time.now().getTime() - world.time.elapsedMs();
  assert.deepEqual(
    {
      status,
      restartCount,
      dueAtMs: nextRestartAt && nextRestartAt.getTime() - startMs,
      desired: world.supervisor.unit('web')?.desired,
      launches: world.processes.launches.length,
      live: world.processes.live.size,
    },
    {
      status: model.status,
      restartCount: model.restartCount,
      dueAtMs: model.dueAtMs,
      desired: model.desired,
      launches: model.launches,
      live: model.status === 'running' ? 1 : 0,
    },
  );
  assert.equal(world.records.units.get('web')?.record.restartCount, restartCount);
  assert.deepEqual(world.faults, []);
}

const names = ['a', 'b', 'c', 'd'];
const anyName = fc.constantFrom(...names);
/** Needs come before those that need them, so that no definition is refused. */
const anyUnit = fc.record({
  needs: fc.subarray(names),
  restart: policy,
  launchMs: fc.constantFrom(0, 0, 70),
  termMs: fc.constantFrom(0, 0, 150),
  ignoresTerm: fc.boolean(),
  isMissing: fc.integer({ max: 5, min: 0 }).map(n => n === 0),
  listens: fc.option(fc.constantFrom(0, 300, 20_000)),
  version: fc.nat(1),
});
const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('start' as const), anyName) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('stop' as const), anyName) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('restart' as const), anyName) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('crash' as const), anyName) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('remove' as const), anyName) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('kill' as const), fc.constant('')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('pause' as const), fc.constant('')) },
);

type AnyUnit = typeof anyUnit extends fc.Arbitrary<infer T> ? T : never;

function unitOf(name: string, { isMissing, listens, ...rest }: AnyUnit): NewUnit {
  return {
    ...rest,
    needs: rest.needs.filter(need => need < name),
    ...(isMissing && { missing: 'no' }),
    ...(listens !== null && { port: 1_000 + names.indexOf(name), listensAfterMs: listens }),
  };
}

/** Watches a world for what must never be. */
class Watch {
  readonly #world: World;
  /** Starts that are under way: when they began, and what the unit needed then. */
  readonly #starting = new Map<string, { sinceMs: number; needs: readonly string[] }>();
  readonly #endedAt = new Map<string, number>();
  /** When the last stop of each unit was accepted, unless a start of it or of a dependant came later. */
  readonly stopped = new Set<string>();

  constructor(world: World) {
    this.#world = world;
    world.processes.onLaunch = name => this.#launched(name);
    world.processes.onEnd = name => this.#endedAt.set(name, world.time.elapsedMs());
  }

  follow(): void {
    const { supervisor } = this.#world;
    this.#starting.clear();
    supervisor.onChange(name => {
      if (supervisor.state(name)?.status !== 'starting') {
        this.#starting.delete(name);
        return;
      }
      const needs = supervisor.unit(name)?.definition.needs ?? [];
      const sinceMs = this.#world.time.elapsedMs();
      if (!this.#starting.has(name)) this.#starting.set(name, { sinceMs, needs });
      this.wants(name);
    });
  }

  /** It is to run, and with it all that it needs. */
  wants(name: string): void {
    this.stopped.delete(name);
    const graph = new Map(this.#world.supervisor.units().map(unit => [unit.name, unit.definition.needs]));
    for (const other of names) if (transitiveDependants(graph, other).has(name)) this.stopped.delete(other);
  }

  #launched(name: string): void {
    const { processes } = this.#world;
    assert.equal(processes.of(name).length, 0, `two processes of ${name}`);
    const start = this.#starting.get(name);
    // A launch that was under way when the server was killed.
    if (start === undefined) return;
    for (const need of start.needs) {
      const wasUp = processes.of(need).length > 0 || (this.#endedAt.get(need) ?? -1) >= start.sinceMs;
      assert.ok(wasUp, `${name} was launched before ${need}`);
    }
  }
}

test('whatever is asked at once, whatever crashes: one process each, needs first, a stop wins', async () => {
  const script = fc.array(fc.tuple(anyStep, fc.constantFrom(0, 0, 0, 30, 120, 1_000, 12_000)), {
    maxLength: 25,
  });
  const redefinitions = fc.array(fc.tuple(anyName, anyUnit, fc.nat(25)), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(anyUnit, { minLength: 4, maxLength: 4 }), script, redefinitions, runScript),
    { numRuns: 100 },
  );
});

async function runScript(
  units: readonly AnyUnit[],
  script: readonly (readonly [typeof anyStep extends fc.Arbitrary<infer T> ? T : never, number])[],
  redefinitions: readonly (readonly [string, AnyUnit, number])[],
): Promise<void> {
  const world = new World();
  const watch = new Watch(world);
  watch.follow();
  const requests: Promise<unknown>[] = [];
  const ask = (request: Promise<unknown>, accepted: () => void): void => {
    requests.push(request.then(accepted, () => {}));
  };
  const define = (name: string, unit: AnyUnit): void => {
    const needs = unitOf(name, unit).needs?.filter(need => world.supervisor.unit(need)) ?? [];
    ask(world.supervisor.define(name, definition({ ...unitOf(name, unit), needs })), () => watch.wants(name));
  };
  for (const [index, name] of names.entries()) {
    const unit = units[index];
    if (unit !== undefined) define(name, unit);
    await world.time.settle();
  }
  for (const [index, [[kind, name], ms]] of script.entries()) {
    for (const [redefined, unit, at] of redefinitions) if (at === index) define(redefined, unit);
    const { supervisor } = world;
    if (kind === 'stop') ask(supervisor.stop(name, 500), () => watch.stopped.add(name));
    else if (kind === 'start') ask(supervisor.start(name), () => watch.wants(name));
    else if (kind === 'restart') ask(supervisor.restart(name, 500), () => watch.wants(name));
    else if (kind === 'remove') ask(supervisor.remove(name), () => watch.stopped.add(name));
    else if (kind === 'crash') world.processes.crash(name, ms % 100 === 0 ? 1 : 0);
    else if (kind === 'pause') supervisor.pause();
    else {
      await world.time.settle();
      world.kill();
      await world.time.pass(ms);
      await world.comeBack(undefined, () => watch.follow());
    }
    await world.time.pass(ms);
    supervisor.resume();
  }

  await world.time.pass(300_000);
  assert.deepEqual(world.faults, []);
  for (const unit of world.supervisor.units()) {
    const { name, desired } = unit;
    const state = world.state(name);
    const live = world.processes.of(name);
    assert.equal(live.length, state.status === 'running' ? 1 : 0, `${name} is ${state.status}`);
    assert.equal(live[0]?.pid, state.pid);
    assert.equal(world.records.units.get(name)?.desired, desired);
    if (watch.stopped.has(name)) {
      assert.deepEqual([name, desired, state.status], [name, 'stopped', 'stopped']);
      assert.equal(state.nextRestartAt, undefined);
    }
    if (desired === 'stopped') assert.equal(live.length, 0);
  }
  for (const { unit } of world.processes.live.values())
    assert.ok(world.supervisor.unit(unit), `${unit} is left`);
}
