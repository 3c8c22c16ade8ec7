import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import type { SshFile, SshFileChange, SshFiles, SshOpenMode, SshProcess, SshTarget } from '../ssh-target.ts';

/** This machine, with a folder for its files: commands are children, without a terminal. */
export function localTarget(folder: string): SshTarget & { readonly resized: string[] } {
  const resized: string[] = [];
  return {
    resized,
    home: '/root',
    addresses: ['192.0.2.1'],
    async start({ command: [program = '', ...args], env, tty }): Promise<SshProcess> {
      if (tty !== undefined) resized.push(`${tty.cols}x${tty.rows}`);
      const child = spawn(program, args, { env: { ...process.env, ...env }, cwd: folder, detached: true });
      const exited = new Promise<{ exitCode: number }>((done, fail) => {
        child.once('error', fail);
        child.once('exit', (code, signal) => done({ exitCode: code ?? (signal === 'SIGTERM' ? 143 : 137) }));
      });
      const { stdin, stdout, stderr } = child;
      return {
        stdin,
        stdout,
        stderr,
        exited,
        kill: signal => process.kill(-(child.pid ?? 0), signal),
        resize: ({ rows, cols }) => resized.push(`${cols}x${rows}`),
      };
    },
    connect: port =>
      new Promise((done, fail) => {
        const socket = connect(port, '127.0.0.1', () => done(socket));
        socket.once('error', fail);
      }),
    files: async () => new LocalFiles(folder),
  };
}

class LocalFiles implements SshFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(path: string, mode: SshOpenMode): Promise<SshFile> {
    const { O_RDWR, O_WRONLY, O_RDONLY, O_CREAT, O_TRUNC } = constants;
    const kind = mode.write ? (mode.read ? O_RDWR : O_WRONLY) : O_RDONLY;
    const flags = kind | (mode.create ? O_CREAT : 0) | (mode.truncate ? O_TRUNC : 0);
    const file = await open(this.#at(path), flags, mode.permissions);
    return {
      read: async (into, position) => (await file.read(into, 0, into.length, position)).bytesRead,
      write: async (bytes, position) => void (await file.write(bytes, 0, bytes.length, position)),
      stat: () => file.stat(),
      change: async ({ mode: bits }) => (bits === undefined ? undefined : file.chmod(bits)),
      close: () => file.close(),
    };
  }

  async list(path: string) {
    const names = await readdir(this.#at(path));
    return Promise.all(names.map(async name => ({ name, stats: await lstat(join(this.#at(path), name)) })));
  }

  stat(path: string, { link: ofLink } = { link: false }) {
    return (ofLink ? lstat : stat)(this.#at(path));
  }

  async change(path: string, { mode, times }: SshFileChange): Promise<void> {
    if (mode !== undefined) await chmod(this.#at(path), mode);
    if (times !== undefined) await utimes(this.#at(path), times.accessed, times.modified);
  }

  async makeFolder(path: string, permissions: number): Promise<void> {
    await mkdir(this.#at(path), permissions);
  }

  removeFolder(path: string): Promise<void> {
    return rmdir(this.#at(path));
  }

  removeFile(path: string): Promise<void> {
    return unlink(this.#at(path));
  }

  async rename(source: string, target: string, { replace }: { replace: boolean }): Promise<void> {
    if (replace) return rename(this.#at(source), this.#at(target));
    await link(this.#at(source), this.#at(target));
    return unlink(this.#at(source));
  }

  readLink(path: string): Promise<string> {
    return readlink(this.#at(path));
  }

  makeLink(path: string, target: string): Promise<void> {
    return symlink(target, this.#at(path));
  }

  async realPath(path: string): Promise<string> {
    const real = await realpath(this.#at(path)).catch(() => this.#at(path));
    return real.slice(this.#folder.length) || '/';
  }

  #at(path: string): string {
    return join(this.#folder, resolve('/', path));
  }
}
