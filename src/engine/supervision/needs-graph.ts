/** Names of units, each with the names of those that it needs. */
export type NeedsGraph = ReadonlyMap<string, readonly string[]>;

/** A cycle through `name` as names in order, the first one again at the end; undefined when there is none. */
export function cycleThrough(graph: NeedsGraph, name: string): string[] | undefined {
  const seen = new Set<string>();
  const visit = (path: string[]): string[] | undefined => {
    for (const need of graph.get(path.at(-1) ?? name) ?? []) {
      if (need === name) return [...path, name];
      if (seen.has(need)) continue;
      seen.add(need);
      const cycle = visit([...path, need]);
      if (cycle !== undefined) return cycle;
    }
    return undefined;
  };
  return visit([name]);
}

/** Everything that must be started before `name`, without itself. */
export function transitiveNeeds(graph: NeedsGraph, name: string): Set<string> {
  return reachable(name, each => graph.get(each) ?? []);
}

/** Names of units that name it as a need themselves, sorted. */
export function directDependants(graph: NeedsGraph, name: string): string[] {
  return [...graph]
    .filter(([, needs]) => needs.includes(name))
    .map(([dependant]) => dependant)
    .sort();
}

/** Everything before which `name` must be started, without itself. */
export function transitiveDependants(graph: NeedsGraph, name: string): Set<string> {
  return reachable(name, each => directDependants(graph, each));
}

/**
 * The names by levels: each stands one level after the last of its needs among them. Within a level by name.
 * The graph must have no cycle.
 */
export function startLevels(graph: NeedsGraph, names: ReadonlySet<string>): string[][] {
  const levelOf = new Map<string, number>();
  const find = (name: string): number => {
    const known = levelOf.get(name);
    if (known !== undefined) return known;
    // Needs that are not among the names may still connect two that are.
    const needs = (graph.get(name) ?? []).map(find);
    const level = Math.max(0, ...needs) + (names.has(name) ? 1 : 0);
    levelOf.set(name, level);
    return level;
  };
  const levels: string[][] = [];
  for (const name of [...names].sort()) {
    const index = find(name) - 1;
    levels[index] = [...(levels[index] ?? []), name];
  }
  return levels;
}

function reachable(from: string, next: (name: string) => readonly string[]): Set<string> {
  const found = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const neighbour of next(name)) {
      if (found.has(neighbour) || neighbour === from) continue;
      found.add(neighbour);
      open.push(neighbour);
    }
  }
  return found;
}
