import { setTimeout as delay } from 'node:timers/promises';

/** Before each further attempt: registries and networks have bad moments. */
const pausesMs = [2_000, 10_000];

/** Does something of which another attempt may succeed. @throws what the last one failed with */
export async function patiently(attempt: () => Promise<void>): Promise<void> {
  for (const pauseMs of pausesMs) {
    try {
      return await attempt();
    } catch {
      await delay(pauseMs);
    }
  }
  await attempt();
}
