import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { removeCgroup } from './cgroups.ts';
import { type Answer, call, JsonApi, open, type Place } from './http.ts';
import { makeBridge } from './network.ts';
import { pidOf, startProcess } from './process.ts';
import type { Template } from './template.ts';
import { temporaryFolder } from './temporary.ts';
import { requireRoot, requireTools } from './tools.ts';
import { until } from './until.ts';

const image = 'berth-bench:latest';
const cgroupParent = `berth-bench-docker-${process.pid}`;
const importTimeoutMs = 60_000;
const pushTimeoutMs = 5 * 60_000;

/** Where an image goes, and who asks. */
export interface PushPlace {
  /** `host:port/name`, without a tag. */
  readonly repository: string;
  readonly user?: { readonly name: string; readonly password: string };
}

/** A Docker daemon of its own, with Debian's defaults for storage and logs, and a bridge of its own. */
export class Docker {
  readonly folder: string;
  /** Of dockerd. */
  readonly pid: number;
  readonly #place: Place;
  readonly #api: JsonApi;

  private constructor(folder: string, pid: number, place: Place) {
    this.folder = folder;
    this.pid = pid;
    this.#place = place;
    this.#api = new JsonApi(place, { host: 'docker' });
  }

  /** @throws {NotHere} */
  static async start(cleanUp: AsyncDisposableStack): Promise<Docker> {
    requireRoot();
    await requireTools('dockerd', 'ip');
    const folder = await temporaryFolder(cleanUp);
    const bridge = await makeBridge(cleanUp);
    cleanUp.defer(() => removeCgroup(cgroupParent));
    const socketPath = join(folder, 'socket');
    const log = openSync(join(folder, 'dockerd.log'), 'w');
    const settings = {
      'data-root': join(folder, 'data'),
      'exec-root': join(folder, 'exec'),
      pidfile: join(folder, 'pid'),
      host: `unix://${socketPath}`,
      'storage-driver': 'overlay2',
      bridge: bridge.name,
      'exec-opt': 'native.cgroupdriver=cgroupfs',
      'cgroup-parent': `/${cgroupParent}`,
      // Leaves the machine's packet filter alone: containers are reached at their own addresses.
      iptables: 'false',
      ip6tables: 'false',
      'ip-masq': 'false',
      'ip-forward': 'false',
      'userland-proxy': 'false',
    };
    const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    const child = startProcess(cleanUp, 'dockerd', args, { stdio: ['ignore', log, log] });
    const place = { socketPath };
    await until('the Docker daemon', async () => {
      if (child.exitCode !== null) throw new Error('dockerd ended at once; it may not work on this machine');
      return (await call(place, '/_ping').catch(() => undefined))?.status === 200;
    });
    const docker = new Docker(folder, await pidOf(child), place);
    cleanUp.defer(() => docker.#removeAll());
    return docker;
  }

  /** Makes an image of the files that Berth's own workloads begin with. */
  async importImage({ layer }: Template): Promise<void> {
    const tar = spawn('tar', ['-C', layer, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const body = await buffer(tar.stdout);
    const [repo, tag] = image.split(':');
    const path = `/images/create?fromSrc=-&repo=${repo}&tag=${tag}`;
    const headers = { 'content-type': 'application/x-tar', host: 'docker' };
    const answer = await call(this.#place, path, {
      method: 'POST',
      headers,
      body,
      timeoutMs: importTimeoutMs,
    });
    if (answer.status !== 200) throw new Error(`the image was not imported: ${answer.body}`);
  }

  /** @param archive path of what `docker save` has written, or the like */
  async loadImage(archive: string): Promise<void> {
    const headers = { 'content-type': 'application/x-tar', host: 'docker' };
    const body = await readFile(archive);
    const options = { method: 'POST', headers, body, timeoutMs: pushTimeoutMs };
    told(await call(this.#place, '/images/load?quiet=1', options));
  }

  /** As `docker push`. @param name `name:tag` @returns the time it took, ms */
  async push(name: string, { repository, user }: PushPlace): Promise<number> {
    const tag = 'latest'; // what a service runs unless it is told
    await this.#api.call('POST', `/images/${name}/tag?repo=${encodeURIComponent(repository)}&tag=${tag}`);
    const credentials = user === undefined ? {} : { username: user.name, password: user.password };
    // Filled up to four characters with =, which Node leaves out here and dockerd insists on.
    const text = Buffer.from(JSON.stringify(credentials)).toString('base64url');
    const authorization = text.padEnd(Math.ceil(text.length / 4) * 4, '=');
    const headers = { host: 'docker', 'x-registry-auth': authorization };
    const startedAt = performance.now();
    const options = { method: 'POST', headers, timeoutMs: pushTimeoutMs };
    told(await call(this.#place, `/images/${repository}/push?tag=${tag}`, options));
    const ms = performance.now() - startedAt;
    await this.removeImage(`${repository}:${tag}`);
    return ms;
  }

  /** One of its names, and what has no other. */
  async removeImage(name: string): Promise<void> {
    await this.#api.call('DELETE', `/images/${name}`);
  }

  /** Makes the same container as Berth: command, environment, mounts, user and limits. @returns its id */
  async create({ config }: Template, command = config.process.args): Promise<string> {
    const { args: _, env, cwd, user } = config.process;
    const binds = config.mounts.filter(({ type }) => type === 'bind');
    const { Id } = await this.#api.call<{ Id: string }>('POST', '/containers/create', {
      Image: image,
      Cmd: command,
      Env: env,
      WorkingDir: cwd,
      User: `${user.uid}:${user.gid}`,
      HostConfig: {
        Binds: binds.map(({ source, destination }) => `${source}:${destination}:ro`),
        PidsLimit: config.linux.resources.pids.limit,
        SecurityOpt: ['no-new-privileges'],
        CapDrop: ['NET_RAW'],
      },
    });
    return Id;
  }

  async start(id: string): Promise<void> {
    await this.#api.call('POST', `/containers/${id}/start`);
  }

  /** As `docker exec`: what a command writes to both outputs, as frames. */
  async exec(id: string, ...command: readonly string[]): Promise<string> {
    const body = { Cmd: command, AttachStdout: true, AttachStderr: true };
    const { Id } = await this.#api.call<{ Id: string }>('POST', `/containers/${id}/exec`, body);
    const headers = { host: 'docker', 'content-type': 'application/json' };
    const start = { method: 'POST', headers, body: '{}' };
    const answer = await call(this.#place, `/exec/${Id}/start`, start);
    const { ExitCode: code } = await this.#api.call<{ ExitCode: number }>('GET', `/exec/${Id}/json`);
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
    return answer.body;
  }

  async address(id: string): Promise<string> {
    const { NetworkSettings } = await this.#api.call<{ NetworkSettings: { IPAddress: string } }>(
      'GET',
      `/containers/${id}/json`,
    );
    return NetworkSettings.IPAddress;
  }

  /** The same stream that `docker logs -f` prints. */
  async followLogs(id: string, timeoutMs: number): Promise<IncomingMessage> {
    const headers = { host: 'docker' };
    return open(this.#place, `/containers/${id}/logs?follow=1&stdout=1`, { headers, timeoutMs });
  }

  async remove(id: string): Promise<void> {
    await this.#api.call('DELETE', `/containers/${id}?force=1`);
  }

  async #removeAll(): Promise<void> {
    await until('the end of all containers', async () => {
      const containers = await this.#api.call<{ Id: string }[]>('GET', '/containers/json?all=1');
      // One that is being removed already refuses.
      await Promise.allSettled(containers.map(({ Id }) => this.remove(Id)));
      return containers.length === 0;
    });
  }
}

/** Long tasks are answered with 200 at once; what went wrong stands in the body. @throws {Error} then */
function told({ status, body }: Answer): void {
  if (status !== 200 || body.includes('"errorDetail"')) throw new Error(`Docker said ${status}: ${body}`);
}
