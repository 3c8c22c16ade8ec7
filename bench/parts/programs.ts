import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Program } from './berth.ts';
import { toolPath } from './tools.ts';

export const workloadPort = 8080;

/** The example of the first steps: a Node program, whose own start takes longer than its container's. */
export const hello: Program = {
  name: 'hello',
  command: ['node', 'server.js'],
  directory: resolve(import.meta.dirname, '../../examples/hello'),
};

/** A static program of one megabyte that is up at once, so that the container is what is measured. */
export async function tiny(folder: string): Promise<Program> {
  const directory = join(folder, 'site');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'index.html'), 'ok\n');
  const busybox = await toolPath('busybox');
  return {
    name: 'tiny',
    command: [busybox, 'httpd', '-f', '-p', String(workloadPort), '-h', '/app'],
    directory,
    startsAtOnce: true,
  };
}
