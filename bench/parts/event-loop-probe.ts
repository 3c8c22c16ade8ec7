/**
 * Loaded into the server before its own code (`--import`): notes the longest time for which the event loop did
 * not get round to a timer. SIGUSR2 writes that to a file and begins anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import process from 'node:process';

export interface LongestBlocks {
  /** With the time in which the kernel let others run. */
  readonly wallMs: number;
  /** Only while this thread was running. */
  readonly cpuMs: number;
}

const tickMs = 1;
const { BERTH_BENCH_EVENT_LOOP: file } = process.env;
// Not for the processes that the server starts.
delete process.env.BERTH_BENCH_EVENT_LOOP;
delete process.env.NODE_OPTIONS;

let longest: LongestBlocks = { wallMs: 0, cpuMs: 0 };
let lastWallMs = performance.now();
let lastCpuMs = threadCpuMs();

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function tick(): void {
  const [wallMs, cpuMs] = [performance.now(), threadCpuMs()];
  longest = {
    wallMs: Math.max(longest.wallMs, wallMs - lastWallMs - tickMs),
    cpuMs: Math.max(longest.cpuMs, cpuMs - lastCpuMs),
  };
  [lastWallMs, lastCpuMs] = [wallMs, cpuMs];
}

if (file !== undefined) {
  setInterval(tick, tickMs).unref();
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.part`, JSON.stringify(longest));
    renameSync(`${file}.part`, file);
    longest = { wallMs: 0, cpuMs: 0 };
  });
}
