import { join, resolve } from 'node:path';
import { type EcosystemName, findClients } from '../../scripts/tests/clients/index.ts';

const root = resolve(import.meta.dirname, '../..');

/** Clients of one ecosystem, which the set-up of `npm test` installs. */
export class InstalledClients {
  /** For `describe(..., { skip })`. */
  readonly skip: string | false;
  readonly #folder: string | undefined;

  private constructor(found: { folder: string } | { missing: string }) {
    this.skip = 'missing' in found && found.missing;
    this.#folder = 'folder' in found ? found.folder : undefined;
  }

  static async find(name: EcosystemName): Promise<InstalledClients> {
    return new InstalledClients(await findClients(root, name));
  }

  /** @param path below the folder of the ecosystem; none for the folder itself */
  path(path = ''): string {
    if (this.#folder === undefined) throw new Error(String(this.skip));
    return join(this.#folder, path);
  }
}
