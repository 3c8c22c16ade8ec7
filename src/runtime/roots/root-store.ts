import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDnsLabel } from '../../lib/dns-label.ts';
import { Turns } from '../../lib/turns.ts';
import { type ImagesInUse, type PreparedImage, RuntimeError } from '../runtime.ts';
import { createCheckpoint, type RootCheckpointOptions, restoreCheckpoint } from './checkpoints.ts';
import { endCommandsIn } from './left-commands.ts';
import { RootFolder, type WritableLayer } from './root-folder.ts';
import { Trash } from './trash.ts';

interface ImageNote {
  readonly digests: readonly string[];
  readonly layers: readonly string[];
}

const imageNote = 'image.json';

/** The persistent roots of one runtime, a folder for each. */
export class RootStore {
  readonly #folder: string;
  readonly #trash: Trash;
  readonly #turns = new Turns();

  /** @param folder a place of their own; made where it is missing */
  constructor(folder: string) {
    this.#folder = folder;
    this.#trash = new Trash(join(folder, '.trash'));
  }

  /** Takes away what a killed server has left behind. Call before any workload is made. */
  async open(): Promise<void> {
    const deleted = await this.#trash.open();
    const names = await this.list();
    const leftOvers = await Promise.all(names.map(name => this.#root(name).leftOvers()));
    if (leftOvers.flat().length + deleted.length > 0) await endCommandsIn(this.#folder);
    for (const path of leftOvers.flat()) {
      const taken = await this.#trash.take(path, 'left');
      if (taken !== undefined) deleted.push(taken);
    }
    for (const path of deleted) this.#trash.deleteLater(path);
  }

  async close(): Promise<void> {
    await this.#turns.allSettled();
    await this.#trash.close();
  }

  /** Where its workload is to write; makes the root where it is missing. */
  make(name: string): Promise<WritableLayer> {
    return this.#turns.run(name, () => this.#root(name).make());
  }

  /** What a root lies over must stay as long as the root does. */
  async noteImage(name: string, { digest, layers }: PreparedImage): Promise<void> {
    const note: ImageNote = { digests: digest === undefined ? [] : [digest], layers };
    await this.#root(name).write(imageNote, JSON.stringify(note));
  }

  async imagesInUse(): Promise<ImagesInUse> {
    const notes = await Promise.all((await this.list()).map(name => readNote(this.#root(name).path)));
    return {
      digests: new Set(notes.flatMap(({ digests }) => digests)),
      layers: new Set(notes.flatMap(({ layers }) => layers)),
    };
  }

  /** Gone at once; the room of many files is given back by and by. */
  remove(name: string): Promise<void> {
    return this.#turns.run(name, () => this.#trash.discard(this.#root(name).path, name));
  }

  /** @throws {RuntimeError} `not-found`, `conflict` when there is one of that name, `disk-full` */
  createCheckpoint(
    name: string,
    checkpoint: string,
    options: RootCheckpointOptions,
  ): Promise<{ bytes: number }> {
    return this.#turns.run(name, async () => {
      const { root, live } = await this.#made(name);
      if (await exists(this.checkpointPath(name, checkpoint))) {
        throw new RuntimeError('conflict', `checkpoint ${checkpoint} exists already`);
      }
      return createCheckpoint(root, live, checkpoint, options);
    });
  }

  /** No workload may use the root. @throws {RuntimeError} `not-found`, `disk-full` */
  restoreCheckpoint(name: string, checkpoint: string): Promise<void> {
    return this.#turns.run(name, async () => {
      const { root, live } = await this.#made(name);
      if (!(await exists(this.checkpointPath(name, checkpoint)))) {
        throw new RuntimeError('not-found', `checkpoint ${checkpoint} does not exist`);
      }
      await restoreCheckpoint(root, live, checkpoint);
    });
  }

  removeCheckpoint(name: string, checkpoint: string): Promise<void> {
    return this.#turns.run(name, () => this.#trash.discard(this.checkpointPath(name, checkpoint), name));
  }

  async listCheckpoints(name: string): Promise<string[]> {
    const names: string[] = await readdir(this.#root(name).checkpoints).catch(() => []);
    return names.toSorted();
  }

  /** Where the checkpoints of a root are, by name. */
  checkpointsFolder(name: string): string {
    return this.#root(name).checkpoints;
  }

  /** Where the files of a checkpoint are. */
  checkpointPath(name: string, checkpoint: string): string {
    const root = this.#root(name);
    if (isDnsLabel(checkpoint)) return join(root.checkpoints, checkpoint);
    throw new RuntimeError('not-found', `"${checkpoint}" is not a DNS label`);
  }

  async #made(name: string): Promise<{ root: RootFolder; live: WritableLayer }> {
    const root = this.#root(name);
    const live = await root.live();
    if (live === undefined) throw new RuntimeError('not-found', `root ${name} does not exist`);
    return { root, live };
  }

  async list(): Promise<string[]> {
    return (await readdir(this.#folder).catch(() => [])).filter(isDnsLabel);
  }

  /** It is a part of paths: nothing but a DNS label may get there. */
  #root(name: string): RootFolder {
    if (isDnsLabel(name)) return new RootFolder(join(this.#folder, name));
    throw new RuntimeError('start-error', `"${name}" is not a DNS label`);
  }
}

async function readNote(root: string): Promise<ImageNote> {
  try {
    return JSON.parse(await readFile(join(root, imageNote), 'utf8')) as ImageNote;
  } catch {
    return { digests: [], layers: [] }; // never booted
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
