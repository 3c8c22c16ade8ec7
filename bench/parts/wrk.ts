import { join } from 'node:path';
import { runCommand } from '../../src/lib/command.ts';
import { cpuMs } from './process.ts';

export interface Load {
  readonly url: string;
  /** `Host` must be written so: wrk adds one of its own otherwise. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes every request a POST with this JSON; GET when absent. */
  readonly body?: string;
}

export interface LoadFigures {
  readonly requestsPerSecond: number;
  /** CPU time of the server's process for each request, µs. */
  readonly cpuMicroseconds: number;
}

const durationSeconds = 2;
const connections = 32;
const postScript = join(import.meta.dirname, 'post.lua');

/**
 * Asks a server as fast as it answers, over connections that are kept, and looks at what that costs it.
 * @param pid of the server
 * @throws {Error} when any answer is not 2xx or 3xx
 */
export async function measureLoad(pid: number, { url, headers = {}, body }: Load): Promise<LoadFigures> {
  const options = ['-t', '1', '-c', String(connections), '-d', `${durationSeconds}s`];
  for (const [name, value] of Object.entries(headers)) options.push('-H', `${name}: ${value}`);
  if (body !== undefined) options.push('-s', postScript);
  const cpuBeforeMs = await cpuMs(pid);
  const { stdout } = await runCommand('wrk', [...options, url, ...(body === undefined ? [] : ['--', body])]);
  const usedMs = (await cpuMs(pid)) - cpuBeforeMs;
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`answers to the load were wrong: ${stdout}`);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    cpuMicroseconds: (usedMs * 1000) / requests,
  };
}
