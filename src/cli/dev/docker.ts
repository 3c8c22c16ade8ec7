import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const answerTimeoutMs = 10_000;

export interface DockerRun {
  readonly signal: AbortSignal;
  readonly tell: (line: string) => Promise<void>;
}

/** Whether a Docker daemon answers. */
export async function hasDocker(): Promise<boolean> {
  const signal = AbortSignal.timeout(answerTimeoutMs);
  return docker(['version', '--format', '{{.Server.Version}}'], { signal, tell: async () => {} }).catch(
    () => false,
  );
}

/** Builds the image of a folder. @returns false when Docker refused, which it has told */
export function buildImage(folder: string, image: string, run: DockerRun): Promise<boolean> {
  return docker(['build', '--tag', image, folder], run);
}

/**
 * Pushes an image with these credentials, which are not left with Docker.
 * @param token of two parts with a dot between, which are user and password
 */
export async function pushImage(image: string, token: string, run: DockerRun): Promise<boolean> {
  const endpoint: string[] = [];
  const look = { ...run, tell: async (line: string) => void endpoint.push(line) };
  await docker(['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], look);
  const host = process.env.DOCKER_HOST === undefined && endpoint[0] ? ['--host', endpoint[0]] : [];
  const folder = await mkdtemp(join(tmpdir(), 'berth-docker-'));
  try {
    const [publicPart = '', ...secret] = token.split('.');
    const auth = Buffer.from(`${publicPart}:${secret.join('.')}`).toString('base64');
    const config = JSON.stringify({ auths: { [image.split('/')[0] ?? '']: { auth } } });
    await writeFile(join(folder, 'config.json'), config, { mode: 0o600 });
    return await docker(['--config', folder, ...host, 'push', '--quiet', image], run);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns whether it ended with code 0 */
async function docker(args: readonly string[], { signal, tell }: DockerRun): Promise<boolean> {
  // A group of its own: a Ctrl-C of the terminal is for us, who end it by the signal.
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, signal });
  const ended = once(child, 'close') as Promise<[code: number | null]>;
  const copies = [child.stdout, child.stderr].map(async output => {
    for await (const line of createInterface({ input: output })) await tell(line);
  });
  try {
    const [[code]] = await Promise.all([ended, ...copies]);
    return code === 0;
  } catch {
    return false; // not installed, or given up
  }
}
