import type { AdmissionRequest, AdmissionTerms, RefusalReason } from '../engine/workspaces/admission.ts';
import type { QueueLimits } from '../engine/workspaces/hand-over.ts';
import type { InstanceStatus } from '../engine/workspaces/instance-status.ts';
import type { QueueRecords } from '../engine/workspaces/queue-state.ts';
import type { ImageReference } from '../runtime/runtime.ts';
import type { StatusEntry } from './store.ts';

/** A slot that one workspace of its type runs in at a time. */
export interface WorkspaceDeployment {
  /** A UUID. */
  readonly id: string;
  readonly type: string;
  readonly typeVersion: number;
  /** `local`: its workspaces are workloads of this server; `device`: they run on a machine of its owner. */
  readonly kind: 'local' | 'device';
  readonly description: string;
  readonly region: string;
  readonly owner: { readonly id: string; readonly name: string };
  /** Of a local one. */
  readonly image?: ImageReference;
  /** Only for its owner, and for those whom a rule names. */
  readonly isHidden: boolean;
  /** Whom no rule is about gets no workspace. */
  readonly deniesByDefault: boolean;
  /** Refuses new workspaces for the time being. */
  readonly isLocked: boolean;
  /** Workspaces that have ended after they were ready, or because somebody asked for it. */
  readonly finishedCount: number;
  /** Workspaces that did not get ready, since one did. */
  readonly failuresInARow: number;
  readonly createdAt: Date;
  /** It has ended for good. */
  readonly dissolvedAt?: Date;
}

export type NewDeployment = Omit<
  WorkspaceDeployment,
  'isLocked' | 'finishedCount' | 'failuresInARow' | 'dissolvedAt'
>;

/** Says whether somebody may have a workspace of a deployment. */
export interface AccessRule {
  readonly deploymentId: string;
  /** From 1 to 65535; unique within the deployment. */
  readonly number: number;
  /** Name of an account, `*`, or a class of callers. Unique within the deployment. */
  readonly subject: string;
  readonly allows: boolean;
  readonly createdAt: Date;
}

/** Which deployments somebody is content with. */
export type QueueTarget =
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'one'; readonly ids: readonly [string] }
  | { readonly kind: 'list'; readonly ids: readonly string[] };

/** How a workspace was asked for. */
export interface InstanceOptions {
  /** One line of OpenSSH; a pair is made when it is absent. */
  readonly publicKey?: string;
  readonly vpn?: true;
  /** It ends this long after its start. */
  readonly expireSeconds?: number;
  /** It ends when nobody says for a while that it is still needed. */
  readonly keepAlive?: true;
  /** What it brings. */
  readonly repository?: { readonly url: string; readonly program?: string };
  /** Is told what becomes of it. */
  readonly eventUrl?: string;
}

/** One use of a deployment: a workspace that runs, or has run. */
export interface WorkspaceInstance {
  /** A UUID; also the id of the workload of a local one. */
  readonly id: string;
  readonly deploymentId: string;
  readonly account: { readonly id: string; readonly name: string };
  readonly status: InstanceStatus;
  readonly options: InstanceOptions;
  /** Of the pair that was made for it, PEM; absent before it is made, and from the end on. */
  readonly privateKey?: string;
  /** It was a reservation. */
  readonly wasReserved: boolean;
  readonly startedAt: Date;
  readonly expiresAt?: Date;
  readonly endedAt?: Date;
}

/** A place in the queue. */
export interface WorkspaceReservation {
  /** A UUID, which the workspace will have. */
  readonly id: string;
  /** Rising: the order of the queue. */
  readonly seq: number;
  readonly account: { readonly id: string; readonly name: string; readonly enabled: boolean };
  readonly target: QueueTarget;
  readonly options: InstanceOptions;
  /** No rule is about whoever made it. */
  readonly isExempt: boolean;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
}

/** Something that is to be told to a URL. */
export interface WorkspaceEvent {
  /** A UUID. */
  readonly id: string;
  /** Rising; those of one subject are told in this order. */
  readonly seq: number;
  /** An instance, or a reservation. */
  readonly subjectId: string;
  /** Of an instance. */
  readonly deploymentId?: string;
  readonly accountName: string;
  /** The status that an instance has entered, or why a reservation is gone. */
  readonly kind: Exclude<InstanceStatus, 'stopping'> | 'expired' | 'dissolved';
  readonly wasReserved: boolean;
  readonly url: string;
  /** How often it could not be told. */
  readonly failures: number;
  readonly dueAt: Date;
}

/** A workspace that has just begun, with the first status of its workload where it is one of this server. */
export interface BegunInstance {
  readonly instance: WorkspaceInstance;
  readonly latest?: StatusEntry;
}

export type Admission =
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'joined'; readonly instanceId: string }
  | ({ readonly kind: 'started' } & BegunInstance)
  | { readonly kind: 'reserved'; readonly reservation: WorkspaceReservation };

export type IsOnline = (deployment: WorkspaceDeployment) => boolean;

/** What a workspace's end or failure brings about. */
export interface StepTerms {
  readonly at: Date;
  /** So many failures in a row lock a deployment; 0 = never. */
  readonly lockAfterFailures: number;
}

/** Something that a program in a workspace has told. */
export interface WorkspaceReport {
  readonly instanceId: string;
  readonly kind: string;
  readonly content: unknown;
  readonly at: Date;
}

/** What becomes of connections from some addresses to a workspace. */
export interface FirewallRule {
  /** IPv4 or IPv6 in CIDR notation, with the bits behind the mask cleared. */
  readonly source: string;
  /** `drop` closes without a byte, `reject` resets. */
  readonly action: 'accept' | 'drop' | 'reject';
}

export interface WorkspaceStore {
  /** Durable. False when there is such a type already. */
  addType(name: string, createdAt: Date): Promise<boolean>;
  /** By name. */
  types(): Promise<string[]>;

  /** Durable. Its type is made where it is missing; a rule lets its owner in. */
  createDeployment(deployment: NewDeployment): Promise<void>;
  /** All that there ever were, oldest first. */
  deployments(): Promise<WorkspaceDeployment[]>;
  deployment(id: string): Promise<WorkspaceDeployment | undefined>;
  /** Durable. False when there is none, or it was dissolved. */
  lockDeployment(id: string, isLocked: boolean): Promise<boolean>;
  /**
   * Durable. With the reservations that nothing else could meet, whose events are queued. False when there is none,
   * or it was dissolved before. A workspace in it goes on.
   */
  dissolveDeployment(id: string, at: Date): Promise<boolean>;

  /** Of all deployments, by number. */
  accessRules(): Promise<AccessRule[]>;
  /**
   * Durable. The rule that is there where it says the same; else a new one, in place of the one about the same
   * subject. Undefined when there are too many, or the deployment is gone.
   */
  putAccessRule(rule: Omit<AccessRule, 'number'>): Promise<AccessRule | undefined>;
  /** Durable. False when there is none. */
  deleteAccessRule(deploymentId: string, number: number): Promise<boolean>;

  /** All that decides who gets which workspace, at one moment. */
  queue(): Promise<QueueRecords>;
  /**
   * Durable. Decides about a request (`decideAdmission`) and writes what follows, in one step: the instance with the
   * first status of its workload and its event, or the reservation.
   * @param id that the instance or the reservation gets
   */
  admit(
    id: string,
    request: AdmissionRequest,
    terms: AdmissionTerms & { readonly isOnline: IsOnline },
  ): Promise<Admission>;
  /**
   * Durable. Makes an instance of the reservation whose turn it is (`nextHandOver`), under its id, in one step.
   * Undefined when there is none that could be met.
   */
  nextReservation(
    terms: QueueLimits & { readonly now: Date; readonly isOnline: IsOnline },
  ): Promise<BegunInstance | undefined>;
  /** Durable. Of one account, or of any. False when there is none. */
  deleteReservation(id: string, accountId?: string): Promise<boolean>;
  /** Durable. Takes back those whose time is over, and queues their events. @returns how many */
  expireReservations(now: Date): Promise<number>;

  instance(id: string): Promise<WorkspaceInstance | undefined>;
  /** Those of one account, or of all, newest first. */
  instances(accountId?: string): Promise<WorkspaceInstance[]>;
  /** Workloads that have not ended. */
  liveWorkloads(): Promise<
    { readonly id: string; readonly latest: StatusEntry; readonly imageDigest?: string }[]
  >;
  /**
   * Durable. Begins the workload of an instance that is `starting` anew, after it was lost. Undefined where the
   * instance is something else, or its workload has not ended.
   */
  restartWorkload(id: string, at: Date): Promise<StatusEntry | undefined>;
  /** Durable. While it has not ended. */
  keepPrivateKey(id: string, privateKey: string): Promise<void>;
  /**
   * Durable. A step of an instance, with what it means for its deployment, and its event. Undefined, and nothing
   * written, when `canStepInstance` forbids it.
   */
  stepInstance(id: string, status: InstanceStatus, terms: StepTerms): Promise<WorkspaceInstance | undefined>;
  /** Keeps the newest `keep` of an instance. */
  addReport(report: WorkspaceReport, keep: number): Promise<void>;
  /** Of those who want to come in, in the order in which they are looked at. */
  firewallRules(instanceId: string): Promise<FirewallRule[]>;
  /** Durable. Behind the others. False when there are `most` already. */
  addFirewallRule(instanceId: string, rule: FirewallRule, most: number): Promise<boolean>;
  /** Durable. Removes all of an instance. */
  clearFirewallRules(instanceId: string): Promise<void>;
  /** Oldest first. */
  reports(instanceId: string): Promise<WorkspaceReport[]>;

  /** Not yet told, in order. */
  events(): Promise<WorkspaceEvent[]>;
  /** It could not be told: again then. */
  postponeEvent(id: string, failures: number, dueAt: Date): Promise<void>;
  /** It was told, or is given up. */
  removeEvent(id: string): Promise<void>;

  /** Takes back workloads that have ended, with their history; at most `limit`, oldest first. @returns their ids */
  deleteWorkloadsEndedBefore(time: Date, limit: number): Promise<string[]>;
  /** Takes back instances that have ended; at most `limit`. @returns how many */
  deleteInstancesEndedBefore(time: Date, limit: number): Promise<number>;
}
