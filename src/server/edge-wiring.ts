import { v1StateAfter } from '../dialects/index.ts';
import { createEdge, type Edge, type EdgeOptions, type EdgeOwner, type Route } from '../edge/index.ts';
import { type Engine, isEnding } from '../engine/index.ts';
import type { ReportFault } from '../http/index.ts';
import type { Backend, StatusEntry } from '../store/index.ts';

/** Tells the edge where workloads are, and the engine who is connected to them. */
export function wireEdge(engine: Engine, reportFault: ReportFault, options: EdgeOptions): Edge {
  /** Of live workloads, in the words of the dialect that made them. */
  const stateNames = new Map<string, ReturnType<typeof v1StateAfter>>();
  const owner: EdgeOwner = {
    lookUpRoute: id =>
      reporting(id, async () => {
        const backend = await engine.backends.get(id);
        return backend && routeOf(backend, backend.latest);
      }),
    lookUpToken: (id, token) => reporting(id, () => engine.backends.lookUpToken(id, token)),
    connectionsChanged: (id, open) => engine.backends.connectionsChanged(id, open),
  };
  const edge = createEdge(options, owner);
  engine.journal.onEntry(entry => {
    const { workloadId: id, status } = entry;
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
