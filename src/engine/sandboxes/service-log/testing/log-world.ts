import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { FileLogs, type LogWriter } from '../../../../logs/index.ts';
import { defaultServiceLogLimits, type ServiceLogLimits } from '../limits.ts';
import { ServiceLog, type ServiceLogParts } from '../service-log.ts';

/** A log that is written to, and the files that it is copied to; in a folder of its own. */
export async function logWorld(t: TestContext, limits: Partial<ServiceLogLimits> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'berth-service-log-'));
  const logs = new FileLogs({ root: join(root, 'logs') });
  const faults: unknown[] = [];
  const stop = new AbortController();
  const open: ServiceLog[] = [];
  const writers = new Map<string, LogWriter>();
  const parts = (logId = 'a'): ServiceLogParts => ({
    logs,
    logId,
    path: join(root, 'services', 'web.log'),
    notePath: join(root, 'notes', 'web.json'),
    limits: { ...defaultServiceLogLimits, retryMs: 20, ...limits },
    reportFault: error => faults.push(error),
  });
  t.after(async () => {
    stop.abort();
    await Promise.all(open.map(log => log.close()));
    await Promise.all([...writers.values()].map(writer => writer.close()));
    await rm(root, { recursive: true });
  });
  return {
    root,
    logs,
    faults,
    parts,
    signal: stop.signal,
    folder: join(root, 'services'),
    open: async (logId?: string): Promise<ServiceLog> => {
      const log = await ServiceLog.open(parts(logId));
      open.push(log);
      return log;
    },
    write: async (text: string | Buffer, stream: 'stdout' | 'stderr' = 'stdout', logId = 'a') => {
      await logs.create(logId);
      const writer = writers.get(logId) ?? logs.writer(logId);
      writers.set(logId, writer);
      await writer.write(stream, Buffer.from(text));
    },
    /** Copies what is written by now, as when the process has ended. */
    copy: async (log: ServiceLog, logId = 'a') =>
      log.copy({ end: Promise.resolve(await logs.end(logId)), signal: stop.signal }),
    /** Texts of all files, oldest first. */
    files: async (): Promise<string[]> => {
      const names = await readdir(join(root, 'services'));
      const sorted = names.sort((a, b) => numberOf(b) - numberOf(a));
      return Promise.all(sorted.map(name => readFile(join(root, 'services', name), 'utf8')));
    },
  };
}

function numberOf(name: string): number {
  return Number(/\.log\.(\d+)$/.exec(name)?.[1] ?? 0);
}

/** The lines of files without their times. */
export function linesOf(files: readonly string[]): string[] {
  const lines = files.join('').split('\n');
  return lines.slice(0, -1).map(line => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ''));
}

/** Lines as they are read: some at a time; with `follow` until the signal. */
export async function* readLines(
  log: ServiceLog,
  { lines, follow, signal }: { lines?: number; follow: boolean; signal: AbortSignal },
) {
  const end = log.position;
  const reader = await log.reader(lines);
  try {
    while (!signal.aborted) {
      const found = await reader.next(follow ? log.position : end);
      if (found.length > 0) yield found;
      else if (!follow) return;
      else if (reader.position >= log.position) await log.changed(signal);
    }
  } finally {
    await reader.close();
  }
}
