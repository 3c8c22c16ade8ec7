import type { EventEmitter } from 'node:events';
import type { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { InstalledClients } from '../installed.ts';

/** What the tests use of the published library, as its own types have it. */
export interface Sdk {
  readonly SpritesClient: new (token: string, options: ClientOptions) => Client;
  readonly ExecError: new () => Error & CommandResult;
  readonly APIError: new () => Error & {
    readonly errorCode?: string;
    readonly statusCode?: number;
    isConcurrentLimitExceeded(): boolean;
    isRateLimitError(): boolean;
  };
  readonly FilesystemError: new () => Error & { readonly code: string; readonly path: string };
}

export interface ClientOptions {
  readonly baseURL: string;
  readonly controlMode?: boolean;
}

export interface Client {
  sprite(name: string): Sprite;
  createSprite(name: string, options?: object): Promise<Sprite>;
  getSprite(name: string): Promise<Sprite>;
  listSprites(options?: object): Promise<SpriteList>;
  listAllSprites(prefix?: string): Promise<Sprite[]>;
  watchSprites(options?: object): Promise<JsonStream<SpriteNews>>;
  deleteSprite(name: string): Promise<void>;
}

export interface SpriteList {
  readonly sprites: readonly { readonly name: string }[];
  readonly hasMore: boolean;
  readonly nextContinuationToken?: string | null;
  readonly running: number;
  readonly warm: number;
  readonly organizationName: string;
}

export interface SpriteNews {
  readonly name?: string;
  readonly status?: string;
  readonly timestamp?: Date;
  readonly organization: { readonly name: string; readonly running: number };
}

export interface JsonStream<Value> extends AsyncIterable<Value> {
  next(): Promise<Value | null>;
  close(): void;
}

export interface Watcher<Value> extends JsonStream<Value> {
  isClosed(): boolean;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  readonly rows?: number;
  readonly cols?: number;
  readonly encoding?: string;
  readonly input?: string;
  readonly maxRunAfterDisconnect?: string;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface Command extends EventEmitter {
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  wait(): Promise<number>;
  kill(signal?: string): void;
  signal(signal: string): void;
  resize(cols: number, rows: number): void;
  exitCode(): number;
  /** Its own connection; only to drop it. */
  readonly wsCmd: { close(): void };
}

export interface SessionFacts {
  readonly id: string;
  readonly command: string;
  readonly workdir: string;
  readonly created: Date;
  readonly isActive: boolean;
  readonly tty: boolean;
}

export interface Progress {
  readonly type: string;
  readonly message?: string;
  readonly data?: string;
  readonly error?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly logFiles?: Readonly<Record<string, string>>;
}

export interface Checkpoint {
  readonly id: string;
  readonly createTime: Date;
  readonly comment?: string;
  readonly sourceId?: string;
  readonly isAuto: boolean;
}

export interface Service {
  readonly name: string;
  readonly cmd: string;
  readonly args: readonly string[];
  readonly needs: readonly string[];
  readonly httpPort: number | null;
  readonly state: {
    readonly status: string;
    readonly pid?: number;
    readonly startedAt?: string;
    readonly error?: string;
    readonly restartCount?: number;
  };
}

export interface PortNews {
  readonly type: string;
  readonly port?: number;
  readonly address?: string;
  readonly pid?: number;
  readonly ports?: readonly { readonly port: number; readonly address: string }[];
}

export interface FileNews {
  readonly type: string;
  readonly path?: string;
  readonly event?: string;
  readonly paths?: readonly string[];
  readonly isDir?: boolean;
}

export interface ProxySession {
  readonly connections: ReadonlyMap<unknown, unknown>;
  localAddr(): string | null;
  close(): void;
}

interface Stats {
  readonly size: number;
  readonly mode: number;
  readonly mtime: Date;
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

export interface Files {
  readFile(path: string, encoding?: string): Promise<string | Buffer>;
  writeFile(path: string, content: string | Buffer, options?: object): Promise<void>;
  appendFile(path: string, content: string): Promise<void>;
  readdir(path: string, options?: object): Promise<(string | { name: string; isDirectory(): boolean })[]>;
  mkdir(path: string, options?: object): Promise<void>;
  rm(path: string, options?: object): Promise<void>;
  stat(path: string): Promise<Stats>;
  exists(path: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  copyFile(from: string, to: string, options?: object): Promise<void>;
  chmod(path: string, mode: number, options?: object): Promise<void>;
  chown(path: string, owner: object): Promise<void>;
  readJSON(path: string): Promise<unknown>;
  writeJSON(path: string, value: unknown, options?: object): Promise<void>;
  watch(paths: string | readonly string[], options?: object): Promise<Watcher<FileNews>>;
}

export interface Sprite {
  readonly name: string;
  readonly id: string;
  readonly status: string;
  readonly url: string;
  readonly urlSettings: { readonly auth: string; readonly privateAccess: string };
  readonly labels: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly config?: { readonly ramMB?: number; readonly cpus?: number };
  readonly version: string;
  readonly organizationName: string;
  readonly createdAt: Date;
  spawn(command: string, args?: readonly string[], options?: CommandOptions): Command;
  exec(command: string, options?: CommandOptions): Promise<CommandResult>;
  execFile(file: string, args?: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  execFileHTTP(file: string, args?: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  createSession(command: string, args?: readonly string[], options?: CommandOptions): Command;
  attachSession(id: string, options?: CommandOptions): Command;
  listSessions(): Promise<SessionFacts[]>;
  killSession(id: string, signal?: string, timeout?: string): Promise<JsonStream<Progress>>;
  watchPorts(): Promise<Watcher<PortNews>>;
  delete(): Promise<void>;
  destroy(): Promise<void>;
  upgrade(): Promise<void>;
  restart(): Promise<{ spriteName: string; machineId: string; message: string }>;
  check(): Promise<{ spriteName: string; status: string; checkedAt: Date; elapsed: number }>;
  update(options: object): Promise<Sprite>;
  updateURLSettings(settings: object): Promise<void>;
  createCheckpoint(comment?: string): Promise<JsonStream<Progress>>;
  listCheckpoints(history?: string): Promise<Checkpoint[]>;
  getCheckpoint(id: string): Promise<Checkpoint>;
  restoreCheckpoint(id: string): Promise<JsonStream<Progress>>;
  proxyPort(localPort: number, remotePort: number, remoteHost?: string): Promise<ProxySession>;
  proxyPorts(mappings: readonly object[]): Promise<ProxySession[]>;
  listServices(): Promise<Service[]>;
  getService(name: string): Promise<Service>;
  createService(name: string, config: object, duration?: string): Promise<JsonStream<Progress>>;
  deleteService(name: string): Promise<void>;
  startService(name: string, duration?: string): Promise<JsonStream<Progress>>;
  stopService(name: string, timeout?: string): Promise<JsonStream<Progress>>;
  restartService(name: string, duration?: string): Promise<JsonStream<Progress>>;
  getServiceLogs(name: string, options?: object): Promise<JsonStream<Progress>>;
  signalService(name: string, signal: string): Promise<void>;
  getNetworkPolicy(): Promise<{ rules: unknown[] }>;
  updateNetworkPolicy(policy: object): Promise<void>;
  getPrivilegesPolicy(): Promise<object>;
  updatePrivilegesPolicy(policy: object): Promise<void>;
  deletePrivilegesPolicy(): Promise<void>;
  getResourcesPolicy(): Promise<object>;
  updateResourcesPolicy(policy: object): Promise<void>;
  deleteResourcesPolicy(): Promise<void>;
  filesystem(directory?: string): Files;
}

/** The library as it was published; else the reason why it is not there. */
export async function findSdk(): Promise<{ readonly skip: string | false; readonly sdk: Sdk }> {
  const clients = await InstalledClients.find('npm');
  if (clients.skip !== false) return { skip: clients.skip, sdk: {} as Sdk };
  const path = clients.path('node_modules/@fly/sprites/dist/index.js');
  return { skip: false, sdk: (await import(path)) as Sdk };
}

/** Everything that a command says, until it has ended. */
export async function outcome(command: Command): Promise<CommandResult> {
  const [stdout, stderr, exitCode] = await Promise.all([
    text(command.stdout),
    text(command.stderr),
    command.wait(),
  ]);
  return { stdout, stderr, exitCode };
}

/** All of a stream. */
export async function all<Value>(stream: AsyncIterable<Value>): Promise<Value[]> {
  return await Array.fromAsync(stream);
}

/** Waits for the first value of a stream that `isIt`. */
export async function first<Value>(
  stream: JsonStream<Value>,
  isIt: (value: Value) => boolean,
): Promise<Value> {
  const limit = setTimeout(() => stream.close(), 20_000);
  try {
    const seen: Value[] = [];
    for (let value = await stream.next(); value !== null; value = await stream.next()) {
      if (isIt(value)) return value;
      seen.push(value);
    }
    throw new Error(`it did not come; this did: ${JSON.stringify(seen)}`);
  } finally {
    clearTimeout(limit);
  }
}
