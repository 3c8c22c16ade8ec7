import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newHostKeys, type SshKeyPair } from '../../network/index.ts';

/** What clients rely on to stay as it is: the keys of a deployment, and the port of a workspace. Files of their own. */
export class WayNotes {
  readonly #keys: string;
  readonly #ports: string;

  constructor(folder: string) {
    this.#keys = join(folder, 'host-keys');
    this.#ports = join(folder, 'ports');
  }

  /** Makes them where there are none. */
  async hostKeys(deploymentId: string): Promise<readonly SshKeyPair[]> {
    const path = join(this.#keys, deploymentId);
    const known = await readFile(path, 'utf8').catch(() => undefined);
    if (known !== undefined) return JSON.parse(known) as SshKeyPair[];
    const made = await newHostKeys();
    await write(this.#keys, deploymentId, JSON.stringify(made));
    return made;
  }

  async port(instanceId: string): Promise<number | undefined> {
    const known = await readFile(join(this.#ports, instanceId), 'utf8').catch(() => undefined);
    return known === undefined ? undefined : Number(known);
  }

  async keepPort(instanceId: string, port: number): Promise<void> {
    await write(this.#ports, instanceId, String(port));
  }

  async forgetPort(instanceId: string): Promise<void> {
    await rm(join(this.#ports, instanceId), { force: true });
  }
}

/** It is there as a whole, or not at all. */
async function write(folder: string, name: string, content: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  await writeFile(`${path}.new`, content, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}
