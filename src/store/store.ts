import type { EndReason, StopKind, WorkloadStatus } from '../engine/workloads/status.ts';
import type {
  ImageReference,
  ResourceLimits,
  WorkloadAccount,
  WorkloadPrivileges,
} from '../runtime/runtime.ts';
import type { VolumeReference } from '../volumes/volumes.ts';
import type { SandboxStore } from './sandbox-store.ts';
import type { WorkspaceStore } from './workspace-store.ts';

export type * from './sandbox-store.ts';
export type * from './workspace-store.ts';

/**
 * The seam between Berth and its database. It speaks the domain; SQL, rows and transactions stay behind it.
 * Each method is atomic. A method marked *durable* survives a power cut once it has resolved; the others
 * survive a killed server.
 */
export interface Store {
  readonly accounts: AccountStore;
  readonly tokens: TokenStore;
  readonly users: UserStore;
  readonly members: MemberStore;
  readonly sessions: SessionStore;
  readonly services: ServiceStore;
  readonly spawnTokens: SpawnTokenStore;
  readonly backends: BackendStore;
  readonly sandboxes: SandboxStore;
  readonly workspaces: WorkspaceStore;
  readonly journal: JournalStore;
  readonly images: ImageRecords;
  /** Answers when the database can be written to. */
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

// --- People --------------------------------------------------------------------------------------------------

export type Role = 'super_admin' | 'manage' | 'viewer';

/** A person who can log in. Each has an account of their own; its `isAdmin` says whether they are `super_admin`. */
export interface User {
  /** Rising and never given twice, for APIs that number users. */
  readonly number: number;
  readonly accountId: string;
  /** What they log in with. Unique. */
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
  /** Unique, whatever its case. */
  readonly email?: string;
  readonly createdAt: Date;
}

export interface UserChange {
  readonly role?: Role;
  readonly enabled?: boolean;
  readonly passwordHash?: string;
  /** Null takes it away. */
  readonly email?: string | null;
}

export interface UserStore {
  /**
   * Durable. Writes the user, and the account unless it is there already, in one step. Nothing is written when
   * a name or the address is taken.
   */
  create(user: Omit<User, 'number'>, account: Account): Promise<User | 'name-taken' | 'email-taken'>;
  byName(name: string): Promise<User | undefined>;
  byAccount(accountId: string): Promise<User | undefined>;
  /** In the order in which they were created. */
  list(): Promise<User[]>;
  /** Durable. Role and `enabled` are changed at the account, too. */
  change(accountId: string, change: UserChange): Promise<'changed' | 'not-found' | 'email-taken'>;
  /**
   * Durable. With sessions and memberships. Of the account: `keep` leaves it as it is; `close` takes back its
   * tokens and the account itself, which stays, disabled, as long as there are things that belong to it. False
   * when there is no such user.
   */
  delete(accountId: string, account: 'keep' | 'close'): Promise<boolean>;
}

/** Who belongs to which organisation: an account that several users act for. */
export interface MemberStore {
  /** Durable. False when they are a member already. */
  add(organisationId: string, accountId: string): Promise<boolean>;
  /** Durable. False when they are none. */
  remove(organisationId: string, accountId: string): Promise<boolean>;
  /** Accounts of the members, by name. */
  list(organisationId: string): Promise<Account[]>;
  /** By name. */
  organisationsOf(accountId: string): Promise<Account[]>;
}

/** Somebody is logged in until it ends. */
export interface Session {
  /** A UUID. */
  readonly id: string;
  readonly accountId: string;
  /** Where its token counts: in a cookie, or in `Authorization`. */
  readonly kind: 'browser' | 'command-line';
  readonly userAgent: string;
  /** SHA-256 of its token, hex. Unique. */
  readonly hash: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface SessionStore {
  /** Durable. */
  create(session: Session): Promise<void>;
  byHash(hash: string): Promise<Session | undefined>;
  byId(id: string): Promise<Session | undefined>;
  /** Newest first. */
  list(accountId: string): Promise<Session[]>;
  /** Durable. False when there is none. */
  delete(id: string): Promise<boolean>;
  /** Durable. All of an account but one. */
  deleteOthers(accountId: string, exceptId?: string): Promise<void>;
  /** Those that expired by this time. */
  deleteExpired(time: Date): Promise<void>;
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
  byId(id: string): Promise<Service | undefined>;
  /** By name. */
  list(accountId: string): Promise<Service[]>;
  /** Durable. False when the service has an environment of this name, or is gone. */
  addEnvironment(serviceId: string, environment: ServiceEnvironment): Promise<boolean>;
  /** Durable. */
  changeEnvironment(
    serviceId: string,
    name: string,
    change: { readonly name?: string; readonly imageTag?: string },
  ): Promise<'changed' | 'not-found' | 'name-taken'>;
  /** Durable. False when there is none. */
  deleteEnvironment(serviceId: string, name: string): Promise<boolean>;
  /** Durable. Its backends stay. False when there is none. */
  delete(accountId: string, name: string): Promise<boolean>;
}

// --- Spawn tokens --------------------------------------------------------------------------------------------

/** Lets whoever has it spawn backends of one service. */
export interface SpawnToken {
  /** SHA-256, hex. */
  readonly hash: string;
  readonly serviceId: string;
  /** Idle time of its backends, ms. */
  readonly graceMs?: number;
  readonly imageTag?: string;
  readonly createdAt: Date;
}

/** They end with their service. */
export interface SpawnTokenStore {
  /** Durable. */
  create(token: SpawnToken): Promise<void>;
  byHash(hash: string): Promise<SpawnToken | undefined>;
  /** Of one service. */
  count(serviceId: string): Promise<number>;
  /** Durable. False when there is none. */
  revoke(hash: string): Promise<boolean>;
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
  /** Of the image that it runs from; absent before that is resolved, and where it runs from none of the store's. */
  readonly imageDigest?: string;
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
  /** See `WorkloadSpec`. */
  readonly idle?: true;
  readonly root?: string;
  readonly checkpointsAt?: string;
  readonly account?: WorkloadAccount;
  readonly mounts?: readonly PlannedMount[];
  readonly privileges?: WorkloadPrivileges;
}

/** A volume that a workload is to have. */
export interface PlannedMount {
  readonly volume: VolumeReference;
  /** Absolute path in the workload. */
  readonly target: string;
  readonly readonly: boolean;
  /** Variable that tells the program where to find it. */
  readonly variable?: string;
}

export type IdentityField = 'id' | 'key' | 'fencing-token' | 'service';

export type NewBackend = Omit<Backend, 'fencingToken' | 'latest' | 'imageDigest'>;

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
  /**
   * Notes the image that a workload runs from, which is kept for as long as it lives. The first one that is noted
   * stays. @returns the one that is
   */
  noteImage(workloadId: string, digest: string): Promise<string>;
  /** Entries of a workload after `afterSeq`, oldest first. */
  history(workloadId: string, afterSeq?: number): Promise<StatusEntry[]>;
}

// --- Images --------------------------------------------------------------------------------------------------

/**
 * What the repositories of images have; the content itself is in files. Each service is a repository, which
 * is known by the service's id and goes with it. A digest is `sha256:` and 64 hex digits, or `sha512:` and 128; a
 * repository has only what was brought to it, whatever others have of the same digest.
 */
export interface ImageRecords {
  /** Durable. Notes that a repository has a blob, as seen at that time. False when there is no such service. */
  addBlob(serviceId: string, blob: BlobRecord, seenAt: Date): Promise<boolean>;
  blob(serviceId: string, digest: string): Promise<BlobRecord | undefined>;
  /** A blob of any repository of the account. */
  blobOfAccount(accountId: string, digest: string): Promise<BlobRecord | undefined>;
  /** Somebody asked for it: it may be about to be used. */
  seeBlob(serviceId: string, digest: string, seenAt: Date): Promise<void>;
  /** Durable. Takes a blob from a repository unless one of its manifests needs it. */
  deleteBlob(serviceId: string, digest: string): Promise<'deleted' | 'unknown' | 'needed'>;

  /**
   * Durable. Writes a manifest, over the one of the same digest, and points a tag to it, in one step. Nothing
   * is written when the repository lacks something that it needs: those digests are returned.
   */
  putManifest(manifest: ManifestRecord, tag?: string): Promise<{ readonly missing: readonly string[] }>;
  manifest(serviceId: string, digest: string): Promise<ManifestRecord | undefined>;
  manifestOfTag(serviceId: string, tag: string): Promise<ManifestRecord | undefined>;
  /** Manifests that are about another one, by digest. */
  referrers(serviceId: string, subject: string): Promise<ManifestRecord[]>;
  /** Durable. With its tags. False when there is none. */
  deleteManifest(serviceId: string, digest: string): Promise<boolean>;

  /** Durable. With its tags, but only where nobody needs it, see {@link unusedManifests}. False when it stays. */
  deleteUnusedManifest(serviceId: string, digest: string): Promise<boolean>;

  /** Durable. The manifest stays. False when there is none. */
  deleteTag(serviceId: string, tag: string): Promise<boolean>;
  /** In alphabetical order whatever their case, those that come after `after`. */
  tags(serviceId: string, page: Page): Promise<string[]>;
  newestTags(serviceId: string, limit: number): Promise<TagRecord[]>;
  /** All that a repository has: manifests newest first, tags in order; empty where there is no such service. */
  contents(serviceId: string): Promise<RepositoryContents>;
  /** Names of an account's services that have manifests, in order, those after `after`. */
  repositories(accountId: string, page: Page): Promise<string[]>;

  /** Whether any repository has this blob or manifest. */
  isKept(digest: string): Promise<boolean>;
  /**
   * Manifests that nobody needs: older than `before`, without a tag, no part of another one, about none that
   * is there, named by no service environment and by no live workload.
   */
  unusedManifests(before: Date, limit: number): Promise<ManifestKey[]>;
  /** Takes up to `limit` blobs that no manifest needs and nobody asked for since `before` from their repositories. */
  deleteUnusedBlobs(before: Date, limit: number): Promise<number>;
}

export interface RepositoryContents {
  readonly manifests: readonly ManifestRecord[];
  readonly tags: readonly TagRecord[];
  readonly blobs: readonly BlobRecord[];
}

export interface Page {
  readonly after?: string;
  readonly limit: number;
}

export interface BlobRecord {
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface ManifestKey {
  readonly serviceId: string;
  readonly digest: string;
}

export interface ManifestRecord extends ManifestKey {
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly pushedAt: Date;
  /** Blobs and manifests without which it is not complete; no digest twice. */
  readonly needs: readonly ManifestNeed[];
  /** Digest of the manifest that it is about, which need not be there. */
  readonly subject?: string;
  readonly artifactType?: string;
  /** Of a manifest that has a subject. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ManifestNeed {
  readonly digest: string;
  readonly kind: 'blob' | 'manifest';
}

export interface TagRecord {
  readonly name: string;
  readonly digest: string;
  /** When it was last pushed, also where it did not change. */
  readonly pushedAt: Date;
}
