import { ApiError, type BerthClient, hasEnded } from '../../client/index.ts';
import { CommandError } from '../command-error.ts';
import type { Connection } from '../connection.ts';
import { baseToRun, packFolder } from '../image/pack/pack-folder.ts';
import { buildImage, pushImage } from './docker.ts';
import type { Output } from './output.ts';
import { patiently } from './patiently.ts';
import { type Project, serviceNameOf } from './project.ts';

type PackedProject = Extract<Project, { kind: 'pack' }>;

const packedFolder = '/app';
/** Longer than a server lets a program take for its end. */
const endTimeoutMs = 20_000;
const imageTag = 'dev';

export interface DevServiceParts extends Connection {
  readonly folder: string;
  readonly project: Project;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** The service that stands for a folder while it is worked on. */
export class DevService {
  readonly name: string;
  readonly account: string;
  readonly client: BerthClient;
  readonly #parts: DevServiceParts;
  /** Backends that may still live. */
  readonly #backends = new Set<string>();

  private constructor(parts: DevServiceParts, account: string, name: string) {
    this.name = name;
    this.account = account;
    this.client = parts.client;
    this.#parts = parts;
  }

  /** Makes it; what an earlier run that was killed has left of it is removed first. */
  static async register(parts: DevServiceParts): Promise<DevService> {
    const { client, folder, project, output } = parts;
    const account = await parts.account();
    const name = serviceNameOf(folder);
    const [command, ...args] = project.kind === 'command' ? project.command : [];
    const wanted = { name, ...(command !== undefined && { command, args, dir: folder }) };
    const service = new DevService(parts, account, name);
    try {
      await client.services.create(account, wanted);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'AlreadyExists') throw error;
      await output.tell('taking over what an earlier run has left');
      for (const backend of await client.backends.list(account))
        if (backend.service_name === name) service.#backends.add(backend.name);
      await service.remove();
      await client.services.create(account, wanted);
    }
    await output.tell(`${folder}: ${told(project)}`);
    return service;
  }

  /** Tag of the image that its backends run from; undefined for a command. */
  get imageTag(): string | undefined {
    return this.#parts.project.kind === 'command' ? undefined : imageTag;
  }

  /** Brings what is to run up to date. @returns false when that failed, which is told */
  async prepare(signal: AbortSignal): Promise<boolean> {
    const { project, folder, output, token, client } = this.#parts;
    if (project.kind === 'command') return true;
    if (project.kind === 'pack') return this.#pack(project, signal);
    if (token === undefined) throw new CommandError('Pushing an image needs a token. Set BERTH_TOKEN.');
    const image = `${await client.services.imageName(this.account, this.name)}:${imageTag}`;
    const run = { signal, tell: (line: string) => output.line('docker', line) };
    await output.tell('building the image');
    const isPushed = (await buildImage(folder, image, run)) && (await pushImage(image, token, run));
    if (!isPushed && !signal.aborted) await output.tell('there is no new image');
    return isPushed;
  }

  async #pack({ base: name, command }: PackedProject, signal: AbortSignal): Promise<boolean> {
    const { folder, output, client } = this.#parts;
    const image = { workdir: packedFolder, ...(command && { command }) };
    await output.tell(`packing the folder on ${name}`);
    try {
      const target = { client, account: this.account, service: this.name, tag: imageTag };
      const base = await baseToRun(client, this.account, name, image);
      await packFolder({ ...target, folder, base, into: packedFolder, image, onBytes: () => {} });
      return !signal.aborted;
    } catch (error) {
      if (!(error instanceof CommandError) && !(error instanceof ApiError)) throw error;
      await output.tell(`there is no new image: ${error.message}`);
      return false;
    }
  }

  started(backend: string): void {
    this.#backends.add(backend);
  }

  ended(backend: string): void {
    this.#backends.delete(backend);
  }

  /** Removes it and waits until its backends have ended. A server that is away is waited for. */
  async remove(): Promise<void> {
    const limit = AbortSignal.timeout(endTimeoutMs);
    try {
      await patiently(() => this.client.services.delete(this.account, this.name), limit);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'NotFound') throw error;
    }
    await Promise.all([...this.#backends].map(backend => this.#untilEnded(backend, limit)));
  }

  async #untilEnded(backend: string, limit: AbortSignal): Promise<void> {
    for await (const { state } of this.client.backends.states(backend, limit)) {
      if (!hasEnded(state)) continue;
      this.ended(backend);
      return;
    }
    await this.#parts.output.tell(`${backend} has not ended; see \`berth backend status ${backend}\``);
  }
}

/** What is run, in few words. */
function told(project: Project): string {
  if (project.kind === 'image') return 'its Dockerfile';
  const { command } = project;
  const what = command === undefined ? 'what its base runs' : command.join(' ');
  return project.kind === 'pack' ? `${what}, on ${project.base}` : what;
}
