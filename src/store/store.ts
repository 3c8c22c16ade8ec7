import type { EndReason, StopKind, WorkloadStatus } from '../engine/workloads/status.ts';
import type { ImageReference, ResourceLimits } from '../runtime/runtime.ts';

/**
 * The seam between Berth and its database. It speaks the domain; SQL, rows and transactions stay behind it.
 * Each method is atomic. A method marked *durable* survives a power cut once it has resolved; the others
 * survive a killed server.
 */
export interface Store {
  readonly accounts: AccountStore;
  readonly tokens: TokenStore;
  readonly services: ServiceStore;
  readonly backends: BackendStore;
  readonly journal: JournalStore;
  /** Answers when the database does. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

// --- Accounts and tokens -------------------------------------------------------------------------------------

export interface Account {
  readonly id: string;
  /** Unique. */
  readonly name: string;
  readonly isAdmin: boolean;
  readonly enabled: boolean;
  readonly createdAt: Date;
}

export interface AccountStore {
  /** Durable. Undefined when the name is taken. */
  create(account: Account): Promise<Account | undefined>;
  byName(name: string): Promise<Account | undefined>;
  byId(id: string): Promise<Account | undefined>;
  /** By name. */
  list(): Promise<Account[]>;
}

export interface Token {
  readonly id: string;
  readonly accountId: string;
  /** What its owner calls it; may be empty. */
  readonly label: string;
  /** The part before the first dot; shown in lists. */
  readonly publicPart: string;
  /** SHA-256 of the whole token, hex. Unique. */
  readonly hash: string;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
}

export interface TokenStore {
  /** Durable. Undefined when a token with this hash exists. */
  create(token: Token): Promise<Token | undefined>;
  byHash(hash: string): Promise<Token | undefined>;
  /** Newest first. */
  list(accountId: string): Promise<Token[]>;
  /** Durable. False when the account has no such token. */
  revoke(accountId: string, id: string): Promise<boolean>;
}

// --- Services ------------------------------------------------------------------------------------------------

export interface Service {
  readonly id: string;
  readonly accountId: string;
  /** Unique within the account. */
  readonly name: string;
  /** Present for a service that runs a command of this machine; absent for one that runs its image. */
  readonly program?: ServiceProgram;
  readonly env: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly lastSpawnedAt?: Date;
  /** Never empty: `default` always exists. By name, `default` first. */
  readonly environments: readonly ServiceEnvironment[];
}

export interface ServiceProgram {
  /** Arguments, the program first. */
  readonly command: readonly string[];
  readonly directory?: string;
}

export interface ServiceEnvironment {
  readonly name: string;
  /** Tag or digest. */
  readonly imageTag: string;
  readonly createdAt: Date;
  readonly lastSpawnedAt?: Date;
}

export interface ServiceStore {
  /** Durable. Undefined when the account has a service of this name. */
  create(service: Service): Promise<Service | undefined>;
  byName(accountId: string, name: string): Promise<Service | undefined>;
  /** By name. */
  list(accountId: string): Promise<Service[]>;
  /** Durable. Its backends stay. False when there is none. */
  delete(accountId: string, name: string): Promise<boolean>;
}

// --- Backends ------------------------------------------------------------------------------------------------

/** A workload that was spawned from a service. */
export interface Backend {
  /** The workload's id. */
  readonly id: string;
  readonly accountId: string;
  readonly serviceId: string;
  /** The service may be gone, its name stays. */
  readonly serviceName: string;
  readonly environmentName: string;
  readonly lock?: Lock;
  /** What the program finds as its key: the lock's name, or a random one. */
  readonly key: string;
  /** Greater than that of every backend before it. */
  readonly fencingToken: number;
  readonly access: 'open' | 'token';
  /** Idle time before it is swept, ms. */
  readonly graceMs: number;
  /** Total time from its creation, ms. */
  readonly lifetimeMs?: number;
  readonly plan: WorkloadPlan;
  readonly createdAt: Date;
  /** The last entry of its history. */
  readonly latest: StatusEntry;
}

/** A name that at most one live workload holds; names of different scopes are different locks. */
export interface Lock {
  readonly scope: string;
  readonly name: string;
}

/** All that is needed to run a workload, also after a restart. */
export interface WorkloadPlan {
  readonly image: ImageReference;
  readonly command?: readonly string[];
  readonly directory?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Variables that tell the program who it is, laid over `env`: name -> what it is to hold. */
  readonly identity?: Readonly<Record<string, IdentityField>>;
  readonly limits: ResourceLimits;
}

export type IdentityField = 'id' | 'key' | 'fencing-token' | 'service';

export type NewBackend = Omit<Backend, 'fencingToken' | 'latest'>;

export interface BackendStore {
  /**
   * Durable. Claims the lock and writes the backend with its first status, `scheduled`, in one step, and
   * notes the time at the service and its environment. While the lock is held nothing is written and the
   * holder is returned.
   */
  spawn(backend: NewBackend): Promise<{ readonly spawned: boolean; readonly backend: Backend }>;
  get(id: string): Promise<Backend | undefined>;
  /** The live holder of a lock. */
  holder(lock: Lock): Promise<Backend | undefined>;
  /** Not yet terminated, newest first; of one account, or of all. */
  live(accountId?: string): Promise<Backend[]>;
  /** Takes back an ended backend with its history and connection tokens; at most `limit`, oldest first. */
  deleteEndedBefore(time: Date, limit: number): Promise<string[]>;

  /** Durable. */
  addConnectionToken(token: ConnectionToken): Promise<void>;
  /** Kept as long as the backend's history: at an ended one it still opens the page that says why. */
  connectionToken(backendId: string, hash: string): Promise<ConnectionToken | undefined>;
}

export interface ConnectionToken {
  readonly backendId: string;
  /** SHA-256, hex. */
  readonly hash: string;
  readonly kind: 'connection' | 'bearer';
  readonly username?: string;
  readonly userData: unknown;
  readonly secret: string;
}

// --- The journal ---------------------------------------------------------------------------------------------

/** One step of a workload's status history. */
export interface StatusEntry {
  readonly workloadId: string;
  /** Rising over all workloads. */
  readonly seq: number;
  readonly status: WorkloadStatus;
  /** Strictly rising within a workload. */
  readonly at: Date;
  /** From `terminating` on. */
  readonly reason?: EndReason;
  /** Present when it was asked to end. */
  readonly kind?: StopKind;
  /** At `terminated`, when known. */
  readonly exitCode?: number;
  /** At `terminated`: the last status before `terminating`. */
  readonly lastStatus?: WorkloadStatus;
  /** At `terminated`: the memory limit ended it. */
  readonly outOfMemory?: boolean;
}

export type NewStatus = Omit<StatusEntry, 'seq'>;

export interface JournalStore {
  /**
   * Appends; sets `at` one millisecond after the entry before where it is not later. `terminated` frees the
   * workload's lock in the same step. Undefined, and nothing written, when
   * `canStep` forbids the step.
   */
  append(entry: NewStatus): Promise<StatusEntry | undefined>;
  /** Entries of a workload after `afterSeq`, oldest first. */
  history(workloadId: string, afterSeq?: number): Promise<StatusEntry[]>;
}
