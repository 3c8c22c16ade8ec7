/**
 * Runs a task for each item, so many at a time; the first failure stops the others, and is thrown when all have
 * ended.
 * @returns the results in the order of the items
 */
export async function eachOf<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  signal: AbortSignal,
  task: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const rest = [...items.entries()];
  const results: Result[] = [];
  let failure: { readonly error: unknown } | undefined;
  const work = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [at, item] = next;
      try {
        results[at] = await task(item, either);
      } catch (error) {
        failure ??= { error };
        rest.length = 0;
        stop.abort(error);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  if (failure !== undefined) throw failure.error;
  return results;
}
