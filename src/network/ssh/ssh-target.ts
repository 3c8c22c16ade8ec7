import type { Duplex, Readable, Writable } from 'node:stream';

/** What people reach by SSH: a machine that runs commands, has files, and listens on ports. */
export interface SshTarget {
  /** @throws {Error} when it can't be started, with a message that may be shown */
  start(command: SshCommand): Promise<SshProcess>;
  /** A TCP connection from inside. @throws {Error} with a message that may be shown */
  connect(port: number, signal: AbortSignal): Promise<Duplex>;
  /** Where relative paths begin. */
  readonly home: string;
  /** The hosts that mean the machine itself, beside its loopback. */
  readonly addresses: readonly string[];
  /** @throws {Error} when it does not run */
  files(): Promise<SshFiles>;
}

export interface SshCommand {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly tty?: { readonly rows: number; readonly cols: number };
}

export interface SshProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  kill(signal: NodeJS.Signals): void;
  resize(size: { readonly rows: number; readonly cols: number }): void;
  readonly exited: Promise<{ readonly exitCode: number }>;
}

/** The part of `fs.Stats` that SFTP knows. */
export interface SshFileStats {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
}

/** What can be changed of a file; what is absent stays. */
export interface SshFileChange {
  readonly mode?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly size?: number;
  /** Seconds since 1970. */
  readonly times?: { readonly accessed: number; readonly modified: number };
}

export interface SshOpenMode {
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
  readonly create: boolean;
  readonly truncate: boolean;
  readonly exclusive: boolean;
  /** Of a new file. */
  readonly permissions: number;
}

export interface SshFile {
  /** @returns how many bytes there were; 0 at the end */
  read(into: Buffer, position: number): Promise<number>;
  write(bytes: Buffer, position: number): Promise<void>;
  stat(): Promise<SshFileStats>;
  change(change: SshFileChange): Promise<void>;
  close(): Promise<void>;
}

/** Paths are absolute, and never lead out of the machine. Errors have the `code` of the system. */
export interface SshFiles {
  open(path: string, mode: SshOpenMode): Promise<SshFile>;
  list(path: string): Promise<readonly { readonly name: string; readonly stats: SshFileStats }[]>;
  /** Of a link where it leads, unless told otherwise. */
  stat(path: string, options?: { readonly link: boolean }): Promise<SshFileStats>;
  change(path: string, change: SshFileChange): Promise<void>;
  makeFolder(path: string, permissions: number): Promise<void>;
  removeFolder(path: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  rename(source: string, target: string, options: { readonly replace: boolean }): Promise<void>;
  readLink(path: string): Promise<string>;
  makeLink(path: string, target: string): Promise<void>;
  /** Without links; what is missing at the end is allowed to be. */
  realPath(path: string): Promise<string>;
}
