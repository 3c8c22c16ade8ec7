import type { FastifyInstance } from 'fastify';
import type { BerthParts } from '../parts.ts';

/** Prometheus text format 0.0.4. */
const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export function metricsRoutes(app: FastifyInstance, { engine, version, images: store }: BerthParts): void {
  const spawned = { total: 0 };
  const ended = new Map<string, number>();
  engine.journal.onEntry(({ status, reason = 'unknown' }) => {
    if (status === 'scheduled') spawned.total += 1;
    if (status === 'terminated') ended.set(reason, (ended.get(reason) ?? 0) + 1);
  });

  app.get('/metrics', { schema: { summary: 'Figures for Prometheus' } }, async (_, reply) => {
    const memory = process.memoryUsage();
    const images = store.usage;
    const lines = [
      ...family('berth_info', 'gauge', 'Version of the server.', [[{ version }, 1]]),
      ...family('berth_workloads_live', 'gauge', 'Workloads that have not ended.', [[{}, engine.liveCount]]),
      ...family('berth_workloads_spawned_total', 'counter', 'Workloads spawned since the start.', [
        [{}, spawned.total],
      ]),
      ...family(
        'berth_workloads_ended_total',
        'counter',
        'Workloads ended since the start, by reason.',
        [...ended].map(([reason, count]) => [{ reason }, count]),
      ),
      ...family('berth_image_bytes', 'gauge', 'Disk that images take.', [
        [{ of: 'blobs' }, images.blobBytes],
        [{ of: 'uploads' }, images.uploadBytes],
        [{ of: 'layers' }, images.layerBytes],
      ]),
      ...family('berth_image_limit_bytes', 'gauge', 'Disk that images may take; 0 = no limit.', [
        [{ of: 'blobs and uploads' }, store.limits.maxStoreBytes],
        [{ of: 'layers' }, store.limits.maxLayersBytes],
      ]),
      ...family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [[{}, memory.rss]]),
      ...family('nodejs_heap_used_bytes', 'gauge', 'Memory in use by the heap.', [[{}, memory.heapUsed]]),
    ];
    return reply.type(contentType).send(`${lines.join('\n')}\n`);
  });
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

function family(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map(sample => line(name, sample))];
}

function line(name: string, [labels, value]: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
  return pairs.length === 0 ? `${name} ${value}` : `${name}{${pairs.join(',')}} ${value}`;
}
