import { availableParallelism, freemem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Engine, WorkloadStats } from '../../../engine/index.ts';
import { type StreamEvent, sendEventStream } from '../../../http/index.ts';
import { type AccessChecks, subject } from '../access.ts';
import type { JamsocketParts } from '../parts.ts';
import { backendParams } from '../schemas.ts';

/** A first event soon: the contract wants it within a second. */
const firstIntervalMs = 500;

export function metricsRoutes(
  app: FastifyInstance,
  { engine, settings }: JamsocketParts,
  access: AccessChecks,
): void {
  app.get(
    '/backend/:backend/metrics/stream',
    {
      onRequest: [...access.backend],
      exposeHeadRoute: false,
      schema: { summary: 'CPU and memory as they change', params: backendParams },
    },
    (request, reply) => {
      const { id } = subject(request, 'backend');
      const open = (signal: AbortSignal) => samples(engine, id, settings.metricsIntervalMs, signal);
      return sendEventStream(request, reply, open, { keepAliveMs: settings.keepAliveMs });
    },
  );
}

/** Ends with the backend; empty where it has ended already. */
async function* samples(
  engine: Engine,
  id: string,
  intervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const ended = engine.endOf(id);
  if (ended === undefined) return;
  const over = AbortSignal.any([signal, ended]);
  let before: WorkloadStats | undefined;
  let beforeAt = process.hrtime.bigint();
  let waitMs = firstIntervalMs;
  for (let sample = 0; !over.aborted; ) {
    const now = await engine.statsOf(id);
    const at = process.hrtime.bigint();
    if (now !== undefined && before !== undefined) {
      sample += 1;
      yield { id: sample, data: JSON.stringify(figures(before, now, Number(at - beforeAt))) };
      waitMs = intervalMs;
    }
    [before, beforeAt] = [now, at];
    await delay(waitMs, undefined, { signal: over }).catch(() => {});
  }
}

/** All of them positive but `cpu_used`: a client takes logarithms. */
function figures(before: WorkloadStats, now: WorkloadStats, wallNs: number) {
  const limitBytes = now.memoryLimitBytes ?? now.memoryBytes + freemem();
  return {
    cpu_used: Math.max(0, now.cpuNs - before.cpuNs),
    sys_cpu: Math.max(1, wallNs * availableParallelism()),
    mem_used: Math.max(1, now.memoryBytes),
    mem_available: Math.max(1, limitBytes - now.memoryBytes),
  };
}
