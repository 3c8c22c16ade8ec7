import ssh2, { type Attributes, type SFTPWrapper } from 'ssh2';
import type { SshFile, SshFileChange, SshFileStats, SshFiles, SshOpenMode, SshTarget } from './ssh-target.ts';

const { STATUS_CODE: status, OPEN_MODE: openBits } = ssh2.utils.sftp;

const maxHandles = 256;
const maxReadBytes = 256 * 1024;
/** Names in one answer. */
const listBatch = 100;
const defaultFileMode = 0o644;
const defaultFolderMode = 0o755;

type Handle =
  | { readonly kind: 'file'; readonly file: SshFile }
  | { readonly kind: 'folder'; readonly entries: Awaited<ReturnType<SshFiles['list']>>[number][] };

/** Serves the files of a machine by SFTP, version 3 (draft-ietf-secsh-filexfer-02). */
export function serveSftp(sftp: SFTPWrapper, target: SshTarget): void {
  const server = new SftpServer(sftp, target);
  sftp.once('end', () => endWell(sftp));
  sftp.once('close', () => void server.close());
}

/** `scp` takes a channel that is closed without an exit status for a failure, and ssh2 has no way to send one here. */
function endWell(sftp: SFTPWrapper): void {
  const { _protocol: protocol, outgoing } = sftp as unknown as {
    _protocol: { exitStatus(channel: number, code: number): void };
    outgoing: { id: number };
  };
  protocol.exitStatus(outgoing.id, 0);
  sftp.end();
}

class SftpServer {
  readonly #sftp: SFTPWrapper;
  readonly #home: string;
  readonly #files: Promise<SshFiles>;
  readonly #handles = new Map<number, Handle>();
  #next = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(sftp: SFTPWrapper, target: SshTarget) {
    this.#sftp = sftp;
    this.#home = target.home;
    this.#files = target.files();
    this.#files.catch(() => {}); // told to each request
    this.#handleRequests();
  }

  async close(): Promise<void> {
    await this.#last;
    for (const id of this.#handles.keys()) await this.#closeHandle(id).catch(() => {});
  }

  #handleRequests(): void {
    const sftp = this.#sftp;
    sftp.on('OPEN', (id, path, flags, attributes) =>
      this.#answer(id, async files => {
        const file = await files.open(this.#absolute(path), openMode(flags, attributes));
        sftp.handle(id, await this.#keep({ kind: 'file', file }));
      }),
    );
    sftp.on('READ', (id, handle, offset, length) =>
      this.#answer(id, async () => {
        const into = Buffer.allocUnsafe(Math.min(length, maxReadBytes));
        const bytes = await this.#file(handle).read(into, offset);
        if (bytes === 0) sftp.status(id, status.EOF);
        else sftp.data(id, into.subarray(0, bytes));
      }),
    );
    sftp.on('WRITE', (id, handle, offset, data) =>
      this.#done(id, () => this.#file(handle).write(data, offset)),
    );
    sftp.on('FSTAT', (id, handle) =>
      this.#answer(id, async () => sftp.attrs(id, attributesOf(await this.#file(handle).stat()))),
    );
    sftp.on('FSETSTAT', (id, handle, attributes) =>
      this.#done(id, () => this.#file(handle).change(changeOf(attributes))),
    );
    sftp.on('CLOSE', (id, handle) => this.#done(id, () => this.#closeHandle(idOf(handle))));
    sftp.on('OPENDIR', (id, path) =>
      this.#answer(id, async files => {
        const entries = [...(await files.list(this.#absolute(path)))];
        sftp.handle(id, await this.#keep({ kind: 'folder', entries }));
      }),
    );
    sftp.on('READDIR', (id, handle) =>
      this.#answer(id, async () => {
        const found = this.#handles.get(idOf(handle));
        if (found?.kind !== 'folder') throw codeError('EINVAL');
        const batch = found.entries.splice(0, listBatch);
        if (batch.length === 0) sftp.status(id, status.EOF);
        else sftp.name(id, batch.map(nameOf));
      }),
    );
    sftp.on('STAT', (id, path) =>
      this.#answer(id, async files => sftp.attrs(id, attributesOf(await files.stat(this.#absolute(path))))),
    );
    sftp.on('LSTAT', (id, path) =>
      this.#answer(id, async files => {
        sftp.attrs(id, attributesOf(await files.stat(this.#absolute(path), { link: true })));
      }),
    );
    sftp.on('SETSTAT', (id, path, attributes) =>
      this.#done(id, files => files.change(this.#absolute(path), changeOf(attributes))),
    );
    sftp.on('REMOVE', (id, path) => this.#done(id, files => files.removeFile(this.#absolute(path))));
    sftp.on('RMDIR', (id, path) => this.#done(id, files => files.removeFolder(this.#absolute(path))));
    sftp.on('MKDIR', (id, path, { mode }) =>
      this.#done(id, files => files.makeFolder(this.#absolute(path), (mode ?? defaultFolderMode) & 0o7777)),
    );
    sftp.on('RENAME', (id, source, target) =>
      this.#done(id, files =>
        files.rename(this.#absolute(source), this.#absolute(target), { replace: false }),
      ),
    );
    sftp.on('SYMLINK', (id, path, target) =>
      this.#done(id, files => files.makeLink(this.#absolute(path), target)),
    );
    sftp.on('READLINK', (id, path) =>
      this.#answer(id, async files => {
        const filename = await files.readLink(this.#absolute(path));
        sftp.name(id, [{ filename, longname: filename, attrs: noAttributes }]);
      }),
    );
    sftp.on('REALPATH', (id, path) =>
      this.#answer(id, async files => {
        const filename = await files.realPath(this.#absolute(path));
        sftp.name(id, [{ filename, longname: filename, attrs: noAttributes }]);
      }),
    );
    sftp.on('EXTENDED', (id, name, data) =>
      this.#done(id, async files => {
        if (name !== 'posix-rename@openssh.com') throw codeError('ENOTSUP');
        const [source, target] = twoTexts(data);
        await files.rename(this.#absolute(source), this.#absolute(target), { replace: true });
      }),
    );
  }

  #absolute(path: string): string {
    return path.startsWith('/') ? path : `${this.#home}/${path}`;
  }

  /** One after the other: OpenSSH takes answers to be in the order of the requests, and cuts a file where one is missing. */
  #answer(id: number, task: (files: SshFiles) => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      try {
        await task(await this.#files);
      } catch (error) {
        this.#sftp.status(id, statusOf(error as Error), (error as Error).message);
      }
    });
    this.#last = this.#last.catch(() => {}); // the channel is closed
  }

  #done(id: number, task: (files: SshFiles) => Promise<void>): void {
    this.#answer(id, async files => {
      await task(files);
      this.#sftp.status(id, status.OK);
    });
  }

  async #keep(handle: Handle): Promise<Buffer> {
    if (this.#handles.size >= maxHandles) {
      if (handle.kind === 'file') await handle.file.close();
      throw codeError('EMFILE');
    }
    const id = this.#next++;
    this.#handles.set(id, handle);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(id);
    return bytes;
  }

  #file(handle: Buffer): SshFile {
    const found = this.#handles.get(idOf(handle));
    if (found?.kind !== 'file') throw codeError('EINVAL');
    return found.file;
  }

  async #closeHandle(id: number): Promise<void> {
    const handle = this.#handles.get(id);
    if (handle === undefined) throw codeError('EINVAL');
    this.#handles.delete(id);
    if (handle.kind === 'file') await handle.file.close();
  }
}

const noAttributes: Attributes = { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 };

function openMode(flags: number, { mode }: Attributes): SshOpenMode {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  return {
    read: has(openBits.READ),
    write: has(openBits.WRITE),
    append: has(openBits.APPEND),
    create: has(openBits.CREAT),
    truncate: has(openBits.TRUNC),
    exclusive: has(openBits.EXCL),
    permissions: (mode ?? defaultFileMode) & 0o7777,
  };
}

function attributesOf({ mode, uid, gid, size, atimeMs, mtimeMs }: SshFileStats): Attributes {
  const [atime, mtime] = [Math.floor(atimeMs / 1000), Math.floor(mtimeMs / 1000)];
  return { mode, uid, gid, size, atime, mtime };
}

function changeOf({ mode, uid, gid, size, atime, mtime }: Partial<Attributes>): SshFileChange {
  return {
    ...(mode !== undefined && { mode: mode & 0o7777 }),
    ...(uid !== undefined && gid !== undefined && { owner: { uid, gid } }),
    ...(size !== undefined && { size }),
    ...(atime !== undefined && mtime !== undefined && { times: { accessed: atime, modified: mtime } }),
  };
}

function nameOf({ name, stats }: { name: string; stats: SshFileStats }) {
  const date = new Date(stats.mtimeMs).toISOString().slice(0, 16).replace('T', ' ');
  const longname = `${modeText(stats.mode)} 1 ${stats.uid} ${stats.gid} ${stats.size} ${date} ${name}`;
  return { filename: name, longname, attrs: attributesOf(stats) };
}

/** The upper bits of a mode, as inode(7) has them. */
const kinds: Readonly<Record<number, string>> = { 4: 'd', 10: 'l', 6: 'b', 2: 'c', 1: 'p', 12: 's' };

/** As `ls -l` has it. */
function modeText(mode: number): string {
  const bits = Array.from('rwxrwxrwx', (letter, n) => ((mode >> (8 - n)) & 1 ? letter : '-'));
  return `${kinds[(mode >> 12) & 0o17] ?? '-'}${bits.join('')}`;
}

function idOf(handle: Buffer): number {
  return handle.length === 4 ? handle.readUInt32BE() : -1;
}

function twoTexts(data: Buffer): [string, string] {
  const first = textAt(data, 0);
  return [first, textAt(data, 4 + Buffer.byteLength(first))];
}

function textAt(data: Buffer, at: number): string {
  if (at + 4 > data.length) throw codeError('EINVAL');
  const end = at + 4 + data.readUInt32BE(at);
  if (end > data.length) throw codeError('EINVAL');
  return data.toString('utf8', at + 4, end);
}

function codeError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function statusOf(error: Error): number {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return status.NO_SUCH_FILE;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return status.PERMISSION_DENIED;
  if (code === 'ENOTSUP') return status.OP_UNSUPPORTED;
  return status.FAILURE;
}
