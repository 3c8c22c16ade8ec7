import type { ImageReference, ResourceLimits } from '../runtime/runtime.ts';
import type { StatusEntry, WorkloadPlan } from './store.ts';

/** A named, long-lived file system with at most one live workload over it. */
export interface Sandbox {
  readonly id: string;
  readonly accountId: string;
  /** Unique within the account. */
  readonly name: string;
  /** The first label of its host at the edge. Unique. */
  readonly host: string;
  readonly image: ImageReference;
  readonly settings: SandboxSettings;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When it last began to execute. */
  readonly lastRunningAt?: Date;
  /** When it was last paused. */
  readonly lastWarmAt?: Date;
  /** Why its last boot failed; absent after one that did not. */
  readonly bootError?: string;
  /** Number of the checkpoint that its files descend from. */
  readonly checkpoint?: number;
}

/** What its owner can change of a sandbox. */
export interface SandboxSettings {
  /** Who reaches its host at the edge: those who have a token of the account, or everybody. */
  readonly access: 'owner' | 'public';
  readonly labels: readonly string[];
  /** Variables of everything that runs in it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: ResourceLimits;
  /** Without activity it is paused after this time; 0 = never; the server's setting when absent. */
  readonly idleWarmMs?: number;
  /** Paused for this long it is stopped; 0 = never; the server's setting when absent. */
  readonly idleColdMs?: number;
  readonly networkPolicy?: readonly NetworkRule[];
  /** From its next boot on. */
  readonly privileges?: SandboxPrivileges;
  readonly memory?: SandboxMemory;
  /** In the words of the dialect that asked for them; nothing of Berth reads them. */
  readonly notes: Readonly<Record<string, unknown>>;
}

/** As they were asked for; what is not there is as usual. */
export interface SandboxPrivileges {
  readonly profile?: '' | 'minimal' | 'standard' | 'privileged';
  /** With or without `/dev/` in front. */
  readonly devices?: readonly string[];
  /** Programs can't become root by files that say so. */
  readonly noNewPrivileges?: boolean;
}

/** As it was asked for, in place of the limit that the sandbox was made with. */
export interface SandboxMemory {
  readonly limitMib?: number;
  readonly autoscale?: boolean;
}

/** Rules about which names may be reached; the most exact one decides. */
export type NetworkRule =
  | {
      /** A host, `*.suffix` or `*`. */
      readonly domain: string;
      readonly action: 'allow' | 'deny';
    }
  | { readonly include: 'defaults' };

/** One boot of a sandbox. */
export interface SandboxBoot {
  /** The workload's id. */
  readonly id: string;
  readonly sandboxId: string;
  readonly plan: WorkloadPlan;
  readonly createdAt: Date;
}

/** A supervised process of a sandbox. */
export interface SandboxService {
  /** Also the id of its log. */
  readonly id: string;
  readonly sandboxId: string;
  /** Unique within the sandbox. */
  readonly name: string;
  readonly definition: SandboxServiceDefinition;
  readonly desired: 'running' | 'stopped';
  /** What must be known of it after a restart of the server. */
  readonly progress: SandboxServiceProgress;
}

export interface SandboxServiceDefinition {
  /** The program, then its arguments. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** Names of services that are started before it. */
  readonly needs: readonly string[];
  /** Where the sandbox's host at the edge leads. */
  readonly httpPort?: number;
  /** The server's setting when absent. */
  readonly restart?: 'always' | 'on-failure' | 'never';
}

export interface SandboxServiceProgress {
  /** The process that was started last, until its end is recorded. */
  readonly runId?: string;
  readonly startedAt?: Date;
  /** Automatic restarts since somebody asked for a start. */
  readonly restartCount: number;
  /** Why it is not running, where it should be. */
  readonly error?: string;
  /** Of the process that ended last. */
  readonly exitCode?: number;
  /** The process runs by an older definition. */
  readonly isOutdated?: boolean;
}

/** Keeps a sandbox awake until it is over. */
export interface SandboxTask {
  readonly sandboxId: string;
  /** Unique within the sandbox. */
  readonly name: string;
  readonly startedAt: Date;
  readonly expiresAt: Date;
}

export interface SandboxCheckpoint {
  readonly sandboxId: string;
  /** From 1; never given twice in a sandbox. */
  readonly number: number;
  readonly comment?: string;
  /** Number of the checkpoint that the copied files descend from. */
  readonly source?: number;
  readonly createdAt: Date;
}

export type SandboxChange = Partial<
  Pick<Sandbox, 'settings' | 'updatedAt' | 'lastRunningAt' | 'lastWarmAt'>
> & {
  /** `null` takes it back. */
  readonly bootError?: string | null;
  readonly checkpoint?: number | null;
};

export interface SandboxStore {
  /** Durable. False when the account has one of this name, or the host is taken. */
  create(sandbox: Sandbox): Promise<boolean>;
  /** By account, then name. */
  list(): Promise<Sandbox[]>;
  /** Durable. Undefined when there is none. */
  change(id: string, change: SandboxChange): Promise<Sandbox | undefined>;
  /** Durable. With its services, checkpoints and ended boots. False when there is none, or one of its boots is live. */
  delete(id: string): Promise<boolean>;

  /**
   * Durable. Writes a workload with its first status, and forgets ended ones of the sandbox. Undefined, and
   * nothing written, while another one is live or when the sandbox is gone.
   */
  boot(boot: SandboxBoot): Promise<StatusEntry | undefined>;
  /** Boots that have not ended. */
  liveBoots(): Promise<(SandboxBoot & { readonly latest: StatusEntry })[]>;

  /** Of one sandbox, by name. */
  services(sandboxId: string): Promise<SandboxService[]>;
  /** Durable. Writes a service, over the one of its id. False when the sandbox is gone. */
  putService(service: SandboxService): Promise<boolean>;
  /** Durable. False when there is none. */
  deleteService(id: string): Promise<boolean>;
  /** Ids of all services of all sandboxes. */
  serviceIds(): Promise<string[]>;

  /** Of all sandboxes. */
  tasks(): Promise<SandboxTask[]>;
  /** Durable. Writes a task, over the one of its name. False when the sandbox is gone. */
  putTask(task: SandboxTask): Promise<boolean>;
  /** Durable. False when there is none. */
  deleteTask(sandboxId: string, name: string): Promise<boolean>;

  /** Durable. Takes the next number. Undefined when the sandbox is gone. */
  nextCheckpoint(sandboxId: string): Promise<number | undefined>;
  /** Durable. */
  addCheckpoint(checkpoint: SandboxCheckpoint): Promise<void>;
  /** Newest first. */
  checkpoints(sandboxId: string): Promise<SandboxCheckpoint[]>;
  /** Durable. False when there is none. */
  deleteCheckpoint(sandboxId: string, number: number): Promise<boolean>;
}
