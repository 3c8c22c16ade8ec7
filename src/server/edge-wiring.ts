import { openFrontDoor, type SpritesParts, v1StateAfter } from '../dialects/index.ts';
import { createEdge, type Edge, type EdgeOptions, type EdgeOwner, type Route } from '../edge/index.ts';
import { isEnding, type LiveSandbox } from '../engine/index.ts';
import type { ReportFault } from '../http/index.ts';
import type { Backend, StatusEntry } from '../store/index.ts';

/** Tells the edge where workloads are, and the engine who is connected to them. */
export function wireEdge(sprites: SpritesParts, reportFault: ReportFault, options: EdgeOptions): Edge {
  const { engine } = sprites;
  const holds = new SandboxHolds();
  /** Of live workloads, in the words of the dialect that made them. */
  const stateNames = new Map<string, ReturnType<typeof v1StateAfter>>();
  const owner: EdgeOwner = {
    lookUpRoute: id =>
      reporting(id, async () => {
        const sandbox = engine.sandboxes.byHost(id);
        if (sandbox !== undefined) return sandboxRoute(sandbox);
        const backend = await engine.backends.get(id);
        return backend && routeOf(backend, backend.latest);
      }),
    lookUpToken: (id, token) => reporting(id, () => engine.backends.lookUpToken(id, token)),
    admit: (id, token) =>
      reporting(id, async () => {
        const sandbox = engine.sandboxes.byHost(id);
        if (sandbox === undefined) throw new Error('only sandboxes ask');
        return openFrontDoor(sprites, sandbox, token);
      }),
    connectionsChanged: (id, open) => {
      const sandbox = engine.sandboxes.byHost(id);
      if (sandbox === undefined) engine.backends.connectionsChanged(id, open);
      else holds.set(sandbox, open > 0);
    },
  };
  const edge = createEdge(options, owner);
  engine.sandboxes.onChange(sandbox => {
    if (sandbox.deleted) edge.forget(sandbox.record.host);
  });
  engine.journal.onEntry(entry => {
    const { workloadId: id, status } = entry;
    // Sandboxes are reached through their front door only, and workspaces not at all here.
    if (engine.sandboxes.byWorkload(id) !== undefined || engine.workspaces.instances.isWorkload(id)) return;
    stateNames.set(id, v1StateAfter(stateNames.get(id), entry));
    const backend = engine.backends.getLive(id);
    edge.update(routeOf(backend ?? { id, access: 'open' }, entry));
    if (status !== 'terminated') return;
    stateNames.delete(id);
    edge.forget(id);
  });
  return edge;

  async function reporting<Result>(id: string, lookUp: () => Promise<Result>): Promise<Result> {
    try {
      return await lookUp();
    } catch (error) {
      reportFault(id, error);
      throw error;
    }
  }

  function routeOf({ id, access }: Pick<Backend, 'id' | 'access'>, latest: StatusEntry): Route {
    const target = latest.status === 'ready' ? engine.addressOf(id) : undefined;
    return {
      id,
      phase: isEnding(latest.status) ? 'ended' : target ? 'ready' : 'pending',
      access,
      stateName: stateNames.get(id) ?? v1StateAfter(undefined, latest),
      ...(target && { target }),
    };
  }
}

/** Each of its requests is put before the sandbox's front door. */
function sandboxRoute({ record, status }: LiveSandbox): Route {
  return { id: record.host, phase: 'pending', access: 'asks', stateName: status };
}

/** Sandboxes with open connections are awake. */
class SandboxHolds {
  readonly #releases = new Map<string, () => void>();

  set(sandbox: LiveSandbox, isOpen: boolean): void {
    const { id } = sandbox.record;
    const release = this.#releases.get(id);
    if (isOpen === (release !== undefined)) return;
    release?.();
    if (isOpen) this.#releases.set(id, sandbox.hold());
    else this.#releases.delete(id);
  }
}
