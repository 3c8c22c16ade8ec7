import type { RouteEntry } from './routes.ts';
import type { Visit } from './visit.ts';

/** How the wait for a workload went. `forgotten`: ask for it again. */
export type HoldOutcome = 'ready' | 'ended' | 'late' | 'forgotten';

/**
 * Waits until the workload is ready, its end, `deadline` (ms of `performance.now()`). The body of the
 * request stays unread meanwhile. Ends at once, with any outcome, when the client leaves.
 */
export function hold(entry: RouteEntry, visit: Visit, deadline: number): Promise<HoldOutcome> {
  return new Promise(resolve => {
    const finish = (outcome: HoldOutcome): void => {
      clearTimeout(timer);
      unwatch();
      visit.onGone = undefined;
      resolve(outcome);
    };
    const look = (): void => {
      if (entry.forgotten) finish('forgotten');
      else if (entry.pool !== undefined) finish('ready');
      else if (entry.route.phase === 'ended') finish('ended');
    };
    const timer = setTimeout(() => finish('late'), Math.max(0, deadline - performance.now()));
    const unwatch = entry.watch(look);
    visit.onGone = () => finish('late');
    look();
  });
}
