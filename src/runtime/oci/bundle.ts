import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { WorkloadAddress } from '../runtime.ts';

/** Where one server keeps what its containers need; `root` is `<data dir>/oci`. */
export class OciFolders {
  readonly root: string;
  /** A bundle for each workload. */
  readonly bundles: string;
  /** Exit codes as conmon writes them: a file per workload. */
  readonly exits: string;
  /** The OCI runtime's own state. */
  readonly state: string;
  /** Bundles that are being deleted. */
  readonly trash: string;
  /** Root file systems that outlive their workloads. */
  readonly roots: string;
  /** Named pipes for further processes. */
  readonly fifos: string;

  constructor(root: string) {
    this.root = root;
    this.bundles = join(root, 'bundles');
    this.exits = join(root, 'exits');
    this.state = join(root, 'state');
    this.trash = join(root, 'trash');
    this.roots = join(root, 'roots');
    this.fifos = join(root, 'fifos');
  }

  async make(): Promise<void> {
    for (const folder of [this.bundles, this.exits, this.state, this.trash]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
  }

  bundle(id: string): Bundle {
    return new Bundle(this, id);
  }

  async list(folder: string): Promise<string[]> {
    return readdir(folder).catch(() => []);
  }

  /** Removes what was being deleted, and exit files that conmon was killed while it wrote them. */
  async tidy(): Promise<void> {
    const trash = (await this.list(this.trash)).map(name => join(this.trash, name));
    const unfinished = (await this.list(this.exits)).filter(name =>
      /^[a-z0-9-]+\.[A-Za-z0-9]{6}$/.test(name),
    );
    const paths = [...trash, ...unfinished.map(name => join(this.exits, name))];
    await Promise.all(paths.map(path => rm(path, { recursive: true, force: true })));
  }
}

/** What must be known of a workload after a restart of the server; written before anything of it runs. */
export interface BundleRecord {
  readonly address: WorkloadAddress;
  /** Name of its network namespace. */
  readonly namespace: string;
  readonly cpuTimeSeconds?: number;
  /** Folders that its root file system lies over. */
  readonly layers: readonly string[];
  /** Absent for the host base. */
  readonly imageDigest?: string;
  /** What its image asks for; SIGTERM when absent. */
  readonly stopSignal?: NodeJS.Signals;
  /** Its mounts must be looked at before it is started. */
  readonly hasPinned?: boolean;
  /** Name of its persistent root. */
  readonly root?: string;
}

/** A file or folder that the root file system begins with; folders without content, parents first. */
export interface RootFile {
  readonly path: string;
  readonly content?: string;
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** The folder of one workload. */
export class Bundle {
  readonly id: string;
  readonly folder: string;
  readonly exitFile: string;
  readonly stateFolder: string;
  readonly pidFile: string;
  readonly config: string;
  readonly upper: string;
  readonly work: string;
  /** Links to the layers of an image that has many; see `LowerFolders`. */
  readonly lower: string;
  /** Empty: the root file system is mounted over it, inside the container's own mount namespace. */
  readonly rootfs: string;
  /** Where conmon notes that the memory limit was hit. */
  readonly persist: string;
  readonly sessions: string;
  /** A folder for each further process that outlives the server. */
  readonly processes: string;
  readonly #private: string;
  readonly #trash: string;

  constructor(folders: OciFolders, id: string) {
    this.id = id;
    this.folder = join(folders.bundles, id);
    this.exitFile = join(folders.exits, id);
    this.stateFolder = join(folders.state, id);
    this.pidFile = join(this.folder, 'pid');
    this.config = join(this.folder, 'config.json');
    this.upper = join(this.folder, 'upper');
    this.work = join(this.folder, 'work');
    this.lower = join(this.folder, 'lower');
    this.rootfs = join(this.folder, 'rootfs');
    this.persist = join(this.folder, 'persist');
    this.sessions = join(this.folder, 'sessions');
    this.processes = join(this.folder, 'processes');
    this.#private = join(this.folder, 'private');
    this.#trash = join(folders.trash, id);
  }

  /**
   * With a persistent root `files` are made to be mounted, else in its own upper folder.
   * @throws {Error} EEXIST when there is such a workload
   */
  async make(record: BundleRecord, config: object, files: readonly RootFile[]): Promise<void> {
    await mkdir(this.folder, { mode: 0o700 });
    await writeFile(join(this.folder, 'record.json'), JSON.stringify(record));
    const inner = [this.work, this.rootfs, this.persist, this.sessions, this.processes].map(path =>
      mkdir(path),
    );
    const filled = record.root === undefined ? this.#fillUpper(files) : this.#writePrivate(files);
    await Promise.all([...inner, writeFile(this.config, JSON.stringify(config)), filled]);
  }

  /** Where a file of this workload only is, to be mounted over its persistent root. */
  privateFile(path: string): string {
    return join(this.#private, basename(path));
  }

  async #writePrivate(files: readonly RootFile[]): Promise<void> {
    await makeFolder(this.#private);
    for (const { path, content } of files) {
      if (content !== undefined) await writeShared(this.privateFile(path), content);
    }
  }

  async #fillUpper(files: readonly RootFile[]): Promise<void> {
    await makeFolder(this.upper);
    for (const file of files.filter(({ content }) => content === undefined)) {
      await makeFolder(join(this.upper, file.path), file.owner);
    }
    const contents = files.map(async ({ path, content }) => {
      if (content !== undefined) await writeShared(join(this.upper, path), content);
    });
    await Promise.all(contents);
  }

  /** Undefined when the server was killed before it was written. */
  async record(): Promise<BundleRecord | undefined> {
    return readJson<BundleRecord>(join(this.folder, 'record.json'));
  }

  async readConfig<T>(): Promise<T | undefined> {
    return readJson<T>(this.config);
  }

  /** The main process as the host counts it; undefined before it was made. */
  async mainPid(): Promise<number | undefined> {
    return readNumber(this.pidFile);
  }

  /** As conmon wrote it, with the time of that. */
  async exit(): Promise<{ exitCode: number; exitedAt: Date } | undefined> {
    const exitCode = await readNumber(this.exitFile);
    if (exitCode === undefined) return undefined;
    return { exitCode, exitedAt: (await stat(this.exitFile)).mtime };
  }

  async sawOutOfMemory(): Promise<boolean> {
    return exists(join(this.persist, 'oom'));
  }

  /** Notes that SIGKILL was sent in place of a signal that the main process would not have noticed. */
  async noteSubstitutedSignal(number: number): Promise<void> {
    await writeFile(join(this.folder, 'substituted-signal'), `${number}\n`);
  }

  async substitutedSignal(): Promise<number | undefined> {
    return readNumber(join(this.folder, 'substituted-signal'));
  }

  /** Created but not started: the OCI runtime's first process waits at this FIFO. */
  async awaitsStart(): Promise<boolean> {
    return exists(this.execFifo);
  }

  get execFifo(): string {
    return join(this.stateFolder, 'exec.fifo');
  }

  async hasState(): Promise<boolean> {
    return exists(this.stateFolder);
  }

  async removeState(): Promise<void> {
    await rm(this.stateFolder, { recursive: true, force: true });
  }

  /** Disappears at once, whatever happens to the server then. */
  async remove(): Promise<void> {
    await rm(this.exitFile, { recursive: true, force: true });
    await rm(this.#trash, { recursive: true, force: true });
    try {
      await rename(this.folder, this.#trash);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    await rm(this.#trash, { recursive: true, force: true });
  }
}

/** Readable for all, whatever the server's umask is: programs in the workload must get in. */
async function makeFolder(path: string, owner?: { uid: number; gid: number }): Promise<void> {
  await mkdir(path);
  await chmod(path, 0o755);
  if (owner) await chown(path, owner.uid, owner.gid);
}

async function writeShared(path: string, content: string): Promise<void> {
  await writeFile(path, content);
  await chmod(path, 0o644); // a new file's mode is cut by the umask
}

export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined; // not there, or cut off by a crash
  }
}

export async function readNumber(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
