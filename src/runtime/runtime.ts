import type { ProcessExit } from './durable-exec.ts';
import type { ExecProcess, ExecSpec } from './exec.ts';

export * from './durable-exec.ts';
export * from './exec.ts';
export * from './looks-inside.ts';

/**
 * The seam between the engine and whatever runs a workload. A runtime decides nothing: what to run, when to
 * stop it and what its end means is the engine's business.
 *
 * Every method may be called again after a crash of the server: the workload's id is in the name of all that
 * a runtime makes, so that it can adopt, finish or remove it.
 */
export interface Runtime {
  readonly name: RuntimeName;

  capabilities(): RuntimeCapabilities;

  /** Sets up what all workloads share (network, base folders). Called once, before anything else. */
  open(): Promise<void>;

  /** Lets go of workloads (they run on where `survivesServer` is true) and of everything kept ready. */
  close(): Promise<void>;

  /**
   * Makes an image ready to run from.
   * @throws {RuntimeError} `image-error` with a text that the workload's owner may read
   */
  prepare(image: ImageReference, options: { signal: AbortSignal }): Promise<PreparedImage>;

  /**
   * Makes the workload without running its program. What was made is removed again when this fails.
   * @throws {RuntimeError} `start-error`
   */
  create(spec: WorkloadSpec): Promise<WorkloadAddress>;

  /**
   * Runs the program of a created workload.
   * @throws {RuntimeError} `start-error`, for example when the command does not exist
   */
  start(id: string): Promise<void>;

  /**
   * Asks a workload to end; resolves when the request was delivered, not when it ended (that is an event).
   * @returns false when there was nothing to stop
   */
  stop(id: string, request: StopRequest): Promise<boolean>;

  /**
   * Runs a further process inside a running workload; it ends with the server. Resolves when it runs. What it has
   * left in the background when it ends lives on in the workload.
   * @throws {RuntimeError} `start-error` with a reason where there is one
   */
  exec(id: string, spec: ExecSpec): Promise<ExecProcess>;

  /**
   * Everything of this data directory that is still there after a restart, with the exit codes of what ended
   * meanwhile. Called once, after `open` and before `create`; events of adopted workloads follow.
   */
  recover(): Promise<RecoveredWorkload[]>;

  /** Exits as they happen. An exit is reported when no process is left and its log is complete. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;

  stats(id: string): Promise<WorkloadStats>;

  /** Removes every trace of a workload but its log; ends it first where it still runs. Idempotent. */
  remove(id: string): Promise<void>;
}

export type RuntimeName = 'process' | 'oci' | 'docker';

export interface RuntimeCapabilities {
  /** Workloads can't see or reach each other and the host. */
  readonly isolation: boolean;
  /** Workloads run on while the server is away. */
  readonly survivesServer: boolean;
  /** Which limits of a spec are enforced; the others are ignored. */
  readonly limits: readonly (keyof ResourceLimits)[];
  /** Mounts of a spec appear at their targets; else programs use their sources. */
  readonly mounts: boolean;
  /** Privileges of a spec are put in force; else they are ignored. */
  readonly privileges: boolean;
  /** Which kinds of image can be run. */
  readonly images: readonly ImageReference['kind'][];
}

/** What to run from: the machine's own programs, or an image of the store. */
export type ImageReference =
  | { readonly kind: 'host' }
  | { readonly kind: 'repository'; readonly repository: string; readonly reference: string };

export interface PreparedImage {
  readonly reference: ImageReference;
  /** `sha256:…`; absent for the host base. */
  readonly digest?: string;
  /** Folders for the root file system, lowest last; empty where the runtime needs none. */
  readonly layers: readonly string[];
  readonly config: ImageConfig;
}

export interface ImageConfig {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A name of the host base, or `uid:gid`. */
  readonly user: string;
  /** Further groups of the user. */
  readonly groups?: readonly number[];
  readonly workingDirectory: string;
  readonly stopSignal: NodeJS.Signals;
}

export interface WorkloadSpec {
  /** A DNS label, unique on this server for all time. */
  readonly id: string;
  readonly image: PreparedImage;
  /** Arguments, the program first; the image's command when absent. Never a shell line. */
  readonly command?: readonly string[];
  /** Absolute folder of the host that the program starts in (read-only at `/app` where there is isolation). */
  readonly directory?: string;
  /** The main process only waits and reaps; what is to run comes through exec. `command` is absent. */
  readonly idle?: true;
  /** Name of the persistent root that keeps what it writes; its files end with it when absent. */
  readonly root?: string;
  /** Where it finds the checkpoints of its root, for reading; absolute. What it is mounted on has to be there. */
  readonly checkpointsAt?: string;
  /** Whom programs run as when their image's user is not to be it. */
  readonly account?: WorkloadAccount;
  /** Laid over the image's environment. `PORT` is the runtime's: it knows which port is free. */
  readonly env: Readonly<Record<string, string>>;
  readonly limits: ResourceLimits;
  readonly mounts?: readonly WorkloadMount[];
  readonly privileges?: WorkloadPrivileges;
}

/** A folder (or a single file or socket) of the host that a workload has, too. */
export interface WorkloadMount {
  /** Absolute path; links in it are followed. */
  readonly source: string;
  /**
   * Another path of the same folder, which nobody can lead elsewhere: for sources that programs could replace by
   * a link while the workload is made. With anything else in the folder's place it is not made.
   */
  readonly pinned?: string;
  /** Absolute path in the workload; made where it is missing. */
  readonly target: string;
  readonly readonly: boolean;
  /** A folder that still belongs to the server is given to the user that the program runs as. */
  readonly handOver?: boolean;
}

/** What programs of a workload may do beyond, or short of, what all may. */
export interface WorkloadPrivileges {
  /**
   * What root in it may do: `none` nothing that needs a capability; `all` everything, also to the machine: it is not
   * confined any more. As in a container of Docker's when absent.
   */
  readonly capabilities?: 'none' | 'all';
  /** Programs may become root by files that say so (`sudo`). */
  readonly setUserId?: boolean;
  /** Devices of the machine that it has, too: paths below `/dev`. */
  readonly devices?: readonly string[];
}

/** An account that is made in a workload's files where it is missing. */
export interface WorkloadAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Absolute path; made, and given to the account, where it is missing. */
  readonly home: string;
}

export interface ResourceLimits {
  readonly memoryBytes?: number;
  /** CPU time per period: quota / period = number of CPUs. Microseconds. */
  readonly cpu?: { readonly quotaUs: number; readonly periodUs: number };
  /** Processes and threads. */
  readonly pids?: number;
  readonly diskBytes?: number;
  /** Total CPU time after which the workload is killed. */
  readonly cpuTimeSeconds?: number;
}

/** Where the server reaches the program. */
export interface WorkloadAddress {
  readonly host: string;
  readonly port: number;
}

export type StopRequest =
  | { readonly hard: true }
  /** The signal goes to the main process; whatever lives after `timeoutMs` is killed. */
  | { readonly hard: false; readonly signal: NodeJS.Signals; readonly timeoutMs: number };

export type RecoveredWorkload =
  | (LivingWorkload & { readonly state: 'created' })
  | (LivingWorkload & {
      readonly state: 'running';
      /** It was paused, and still is. */
      readonly paused?: true;
    })
  | ({ readonly state: 'exited' } & WorkloadExit);

interface LivingWorkload {
  readonly id: string;
  readonly address: WorkloadAddress;
  /** What its image asks for; SIGTERM when absent. */
  readonly stopSignal?: NodeJS.Signals;
}

export type RuntimeEvent = ExitEvent | ProcessExitEvent;

export type ExitEvent = { readonly type: 'exit' } & WorkloadExit;

/** The end of a durable process; told before the exit of its workload. */
export type ProcessExitEvent = { readonly type: 'process-exit'; readonly workloadId: string } & ProcessExit;

export interface WorkloadExit {
  readonly id: string;
  /** 128 + n after signal n; absent when nobody saw the end. */
  readonly exitCode?: number;
  readonly exitedAt: Date;
  /** The memory limit ended it. */
  readonly outOfMemory: boolean;
}

export interface WorkloadStats {
  /** CPU time used so far, nanoseconds. */
  readonly cpuNs: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number;
}

export type RuntimeErrorCode =
  | 'image-error'
  | 'start-error'
  | 'not-found'
  | 'unsupported'
  /** What is there does not allow it now: the workload is paused, its root is in use, … */
  | 'conflict'
  | 'disk-full';

/** An expected failure. Its message is shown to the workload's owner: no host paths, no secrets. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;
  /** Of a `start-error`, as far as it is known. */
  readonly reason: StartErrorReason | undefined;

  constructor(
    code: RuntimeErrorCode,
    message: string,
    { reason, ...options }: ErrorOptions & { reason?: StartErrorReason } = {},
  ) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
    this.reason = reason;
  }
}

export type StartErrorReason = 'not-found' | 'not-executable' | 'bad-directory';

/** Optional ability: tells which image a reference means now, which may be another one tomorrow. */
export interface PinsImages {
  /**
   * @returns the digest; undefined for the host base
   * @throws {RuntimeError} `image-error`
   */
  resolve(image: ImageReference): Promise<string | undefined>;
}

export function pinsImages(runtime: Runtime): runtime is Runtime & PinsImages {
  return 'resolve' in runtime;
}

/** Optional ability: tells what of the image store its workloads lie over. */
export interface UsesImages {
  imagesInUse(): Promise<ImagesInUse>;
}

export interface ImagesInUse {
  readonly digests: ReadonlySet<string>;
  /** Folders. */
  readonly layers: ReadonlySet<string>;
}

export function usesImages(runtime: Runtime): runtime is Runtime & UsesImages {
  return 'imagesInUse' in runtime;
}

/** Optional ability: the program's output goes into the log file without passing through the server. */
export interface ReopensLogs {
  /**
   * Makes the writer of the workload's log open the active file anew, after it was renamed.
   * @param id of the log: that of a workload, or the `logId` of a durable process
   * @returns false when nobody writes it any more
   */
  reopenLog(id: string): Promise<boolean>;
}

export function reopensLogs(runtime: Runtime): runtime is Runtime & ReopensLogs {
  return 'reopenLog' in runtime;
}

/**
 * Optional ability: workloads can be stopped in memory. Both are idempotent and outlive the server where the
 * workload does. A paused workload can be stopped and removed; `exec` in it is refused (`conflict`).
 */
export interface Pausable {
  /** Resolves when none of its processes executes. @throws {RuntimeError} `not-found` when it does not run */
  pause(id: string): Promise<void>;
  /** @throws {RuntimeError} `not-found` when it does not run */
  resume(id: string): Promise<void>;
}

export function isPausable(runtime: Runtime): runtime is Runtime & Pausable {
  return 'pause' in runtime;
}

/** Optional ability: a limit can be changed while the workload runs. */
export interface AdjustsLimits {
  /**
   * In force when it resolves; no limit when absent. It holds until the workload ends.
   * @throws {RuntimeError} `conflict` when more is in use and can't be taken back
   */
  setLimits(id: string, limits: Pick<ResourceLimits, 'memoryBytes'>): Promise<void>;
}

export function adjustsLimits(runtime: Runtime): runtime is Runtime & AdjustsLimits {
  return 'setLimits' in runtime;
}

/**
 * Optional ability: writable root file systems that outlive their workloads; `WorkloadSpec.root` names one. At
 * most one workload that has not ended has it. Names are DNS labels.
 */
export interface PersistentRoots {
  /** Idempotent; a workload makes its root by itself where it is missing. */
  createRoot(name: string): Promise<void>;
  /** With its checkpoints. Idempotent. @throws {RuntimeError} `conflict` when a workload uses it */
  removeRoot(name: string): Promise<void>;
  listRoots(): Promise<string[]>;
}

/**
 * Optional ability: copies of persistent roots, with DNS labels as names. A copy is there only when it is
 * complete; what a crash leaves behind is removed at the next start.
 */
export interface Checkpointable extends PersistentRoots {
  /**
   * Copies what is written, while it is written: `pause` is called before what changed meanwhile is copied, and
   * `resume` after that, whatever happens. Where the root was equal to the checkpoint `since` (it was made last,
   * or restored) what has not changed takes no more room.
   * @returns the room on disk of its files, with what it shares
   * @throws {RuntimeError} `not-found`, `conflict` when the name is taken, `disk-full`
   */
  createCheckpoint(
    root: string,
    name: string,
    options: CheckpointOptions,
  ): Promise<{ readonly bytes: number }>;
  /**
   * Interrupted, the root is as it was before, or as the checkpoint.
   * @throws {RuntimeError} `not-found`, `conflict` when a workload uses the root, `disk-full`
   */
  restoreCheckpoint(root: string, name: string): Promise<void>;
  /** Idempotent. */
  removeCheckpoint(root: string, name: string): Promise<void>;
  listCheckpoints(root: string): Promise<string[]>;
  /** Folder of the host with its files, to be mounted for reading. */
  checkpointPath(root: string, name: string): string;
}

export interface CheckpointOptions {
  readonly since?: string;
  readonly pause?: () => Promise<void>;
  readonly resume?: () => Promise<void>;
  readonly signal: AbortSignal;
}

export function isCheckpointable(runtime: Runtime): runtime is Runtime & Checkpointable {
  return 'createCheckpoint' in runtime;
}

export function hasPersistentRoots(runtime: Runtime): runtime is Runtime & PersistentRoots {
  return 'createRoot' in runtime;
}

/** Optional ability: the files of a running workload can be reached from outside. */
export interface ShowsFiles {
  /**
   * A path of the host that leads to the root as the workload sees it, for as long as the workload runs. What is
   * below it is in the hands of its programs.
   * @throws {RuntimeError} `not-found` when it does not run
   */
  rootPath(id: string): Promise<string>;
}

export function showsFiles(runtime: Runtime): runtime is Runtime & ShowsFiles {
  return 'rootPath' in runtime;
}

/** Optional ability: what a workload reaches outside can be limited to names, and that changed while it runs. */
export interface NetworkPolicies {
  /**
   * In force when it resolves, and until the workload ends, also while no server runs; connections to what is not
   * allowed any more are cut. Without a policy everything outside is in reach. Set it again after a restart of
   * the server: until then names are not answered.
   * @throws {RuntimeError} `not-found` when it does not run
   */
  setNetworkPolicy(id: string, policy: NetworkPolicy | undefined): Promise<void>;
}

/**
 * What may be reached by name; the most exact rule decides (host, longest suffix, `*`), a denial among equals. What no
 * rule names is denied, and so are addresses that no name was asked for, and all that are not public.
 */
export interface NetworkPolicy {
  readonly rules: readonly {
    /** A host, `*.suffix` or `*`. */
    readonly domain: string;
    readonly action: 'allow' | 'deny';
  }[];
}

export function hasNetworkPolicies(runtime: Runtime): runtime is Runtime & NetworkPolicies {
  return 'setNetworkPolicy' in runtime;
}
