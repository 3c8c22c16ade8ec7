import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import { atTime } from '../../lib/deadline.ts';
import type { Logs } from '../../logs/logs.ts';
import { type Runtime, RuntimeError } from '../../runtime/runtime.ts';
import type {
  StatusEntry,
  WorkspaceDeployment,
  WorkspaceInstance,
  WorkspaceStore,
} from '../../store/store.ts';
import type { Journal } from '../events.ts';
import { type EndReason, isEnding, type StopKind } from '../workloads/status.ts';
import type { Workloads } from '../workloads/workloads.ts';
import type { AccessGateway, WayIn } from './access-gateway.ts';
import type { Firewall } from './firewall.ts';
import { canStepInstance, type InstanceStatus } from './instance-status.ts';
import { planWorkspace, type WorkspaceLayout } from './layout.ts';
import { type WorkspaceLimits, writeRetryMs } from './limits.ts';
import { newLoginKey } from './login-key.ts';
import { NotReadyError, prepareWorkspace } from './prepare.ts';

export interface LiveInstanceParts {
  readonly store: WorkspaceStore;
  readonly runtime: Runtime;
  readonly workloads: Workloads;
  readonly journal: Journal;
  readonly logs: Logs;
  readonly gateway: AccessGateway;
  readonly firewall: Firewall;
  readonly layout: WorkspaceLayout;
  readonly limits: WorkspaceLimits;
  readonly clock: Clock;
  readonly reportFault: (subject: string, error: unknown) => string;
  /** A step was written, and maybe an event with it. */
  readonly changed: () => void;
  /** Its deployment is free. */
  readonly over: (id: string) => void;
  /** Fires when the server stops: what happens then is looked at by the next one. */
  readonly closing: AbortSignal;
}

/** A workspace that has not ended: drives it from its start to its end, and keeps its deadlines. */
export class LiveInstance {
  readonly deployment: WorkspaceDeployment;
  readonly #parts: LiveInstanceParts;
  readonly #timers: (() => void)[] = [];
  /** Fires when it is about to end: what is done to get it ready is given up. */
  #giveUp = new AbortController();
  #instance: WorkspaceInstance;
  #key: Promise<string | undefined> | undefined;
  #wayIn: WayIn | undefined;
  #neededUntilMs = Number.POSITIVE_INFINITY;
  #isPreparing = false;
  /** The end of its workload is being dealt with. */
  #sawEnd = false;

  constructor(instance: WorkspaceInstance, deployment: WorkspaceDeployment, parts: LiveInstanceParts) {
    this.#instance = instance;
    this.deployment = deployment;
    this.#parts = parts;
    this.ping();
  }

  get instance(): WorkspaceInstance {
    return this.#instance;
  }

  /** How people get in, once they can. */
  get wayIn(): WayIn | undefined {
    return this.#wayIn;
  }

  /** The key that was made for it, once it is there; undefined where none is. */
  get key(): Promise<string | undefined> {
    this.#key ??= this.#makeKey();
    return this.#key;
  }

  /** It has just been written. @param latest of its workload, which has no owner yet */
  launch(latest: StatusEntry): void {
    this.key.catch(error => this.#parts.reportFault(this.#instance.id, error));
    this.#watchTime();
    this.#runWorkload(latest);
  }

  /** Takes it up after a restart of the server; its workload, if it is live, has its owner again. */
  async resume(): Promise<void> {
    const { id, status } = this.#instance;
    this.key.catch(error => this.#parts.reportFault(id, error));
    this.#watchTime();
    const lifecycle = this.#parts.workloads.get(id);
    if (this.#sawEnd) return;
    if (lifecycle === undefined) await this.#ended(true);
    else if (status === 'stopping') await lifecycle.requestStop('external', 'soft');
    // Without an address the runtime had nothing of it any more, and its end is about to be told.
    else if (lifecycle.address === undefined) return;
    else if (status === 'ready' && lifecycle.latest.status === 'ready') await this.#becomeReady();
    else this.entered(lifecycle.latest);
  }

  /** The journal's news of its workload. */
  entered({ status, reason }: Pick<StatusEntry, 'status' | 'reason'>): void {
    if (isEnding(status)) this.#giveUp.abort();
    if (status === 'ready') this.#own(this.#becomeReady());
    if (status === 'terminated' && !this.#parts.closing.aborted) this.#own(this.#ended(reason === 'lost'));
  }

  /** It is still needed. @returns false where nobody watches for that */
  ping(): boolean {
    if (!this.#instance.options.keepAlive) return false;
    this.#neededUntilMs = this.#parts.clock.now().getTime() + this.#parts.limits.keepAliveMs;
    return true;
  }

  /** Nobody has said for too long that it is needed. */
  get isForgotten(): boolean {
    return this.#parts.clock.now().getTime() > this.#neededUntilMs;
  }

  /** Asks it to end. @returns the status that does not allow it; undefined when its end has begun */
  async terminate(
    reason: EndReason = 'external',
    kind: StopKind = 'soft',
  ): Promise<InstanceStatus | undefined> {
    if (!canStepInstance(this.#instance.status, 'stopping')) return this.#instance.status;
    if (!(await this.#step('stopping'))) return this.#instance.status;
    this.#giveUp.abort();
    await this.#stopWorkload(reason, kind);
    return undefined;
  }

  close(): void {
    this.#giveUp.abort();
    for (const stop of this.#timers) stop();
  }

  /** When it has to be ready. */
  get #latestStart(): Date {
    return new Date(this.#instance.startedAt.getTime() + this.#parts.limits.startTimeoutMs);
  }

  async #makeKey(): Promise<string | undefined> {
    const { options, privateKey, id } = this.#instance;
    if (options.publicKey !== undefined || privateKey !== undefined) return privateKey;
    const made = await newLoginKey();
    await this.#parts.store.keepPrivateKey(id, made);
    this.#parts.changed();
    return made;
  }

  #runWorkload(latest: StatusEntry): void {
    const { workloads, layout } = this.#parts;
    const { id } = this.#instance;
    workloads.add({ id, plan: planWorkspace(id, this.deployment, layout), latest });
  }

  #watchTime(): void {
    const { clock, reportFault } = this.#parts;
    const { id, expiresAt } = this.#instance;
    const end = (ending: Promise<unknown>): void => void ending.catch(error => reportFault(id, error));
    this.#timers.push(
      atTime(this.#latestStart, clock, () => {
        if (this.#instance.status === 'starting') end(this.#stopWorkload('start-timeout', 'hard'));
      }),
    );
    if (expiresAt !== undefined)
      this.#timers.push(atTime(expiresAt, clock, () => end(this.terminate('swept'))));
  }

  async #becomeReady(): Promise<void> {
    if (this.#isPreparing) return;
    this.#isPreparing = true;
    const { runtime } = this.#parts;
    const { id, status, options } = this.#instance;
    if (status !== 'starting' && status !== 'ready') return;
    try {
      if (status === 'starting') await prepareWorkspace(runtime, id, options, this.#giveUp.signal);
      this.#wayIn = await this.#openWayIn();
      if (status === 'starting') await this.#step('ready');
    } catch (error) {
      if (this.#giveUp.signal.aborted) return;
      if (error instanceof NotReadyError || error instanceof RuntimeError) await this.#note(error.message);
      else this.#parts.reportFault(id, error);
      await this.#stopWorkload('start-error', 'hard');
    }
  }

  async #openWayIn(): Promise<WayIn | undefined> {
    const { gateway, firewall } = this.#parts;
    const { id, options } = this.#instance;
    const key = options.publicKey ?? (await this.key);
    if (key === undefined) throw new Error('a workspace has no key');
    await firewall.load(id);
    return gateway.open(this.#instance, { key, judge: address => firewall.judge(id, address) });
  }

  async #stopWorkload(reason: EndReason, kind: StopKind): Promise<void> {
    await this.#parts.workloads.get(this.#instance.id)?.requestStop(reason, kind);
  }

  /** Its workload has ended. What was lost with a server or the machine on its way up is tried again. */
  async #ended(wasLost: boolean): Promise<void> {
    if (this.#sawEnd) return;
    this.#sawEnd = true;
    const { workloads, store, clock, journal } = this.#parts;
    const { id, status } = this.#instance;
    await workloads.gone(id);
    const again =
      wasLost &&
      status === 'starting' &&
      clock.now() < this.#latestStart &&
      (await store.restartWorkload(id, clock.now()));
    if (!again) return this.#finish();
    this.#sawEnd = false;
    this.#isPreparing = false;
    this.#giveUp = new AbortController();
    journal.publish(again);
    this.#runWorkload(again);
  }

  /** Its deployment becomes free. */
  async #finish(): Promise<void> {
    const { gateway, firewall, over, reportFault, closing } = this.#parts;
    const { id } = this.#instance;
    this.close();
    await gateway.close(id).catch(error => reportFault(id, error));
    firewall.forget(id);
    // A full disk must not keep the deployment for ever.
    while (!closing.aborted) {
      try {
        await this.#step(this.#instance.status === 'starting' ? 'failed' : 'ended');
        over(id);
        return;
      } catch (error) {
        reportFault(id, error);
        await delay(writeRetryMs, undefined, { ref: false });
      }
    }
  }

  /** @returns false where another step came first */
  async #step(status: InstanceStatus): Promise<boolean> {
    const { store, clock, limits, changed } = this.#parts;
    const terms = { at: clock.now(), lockAfterFailures: limits.lockAfterFailures };
    const next = await store.stepInstance(this.#instance.id, status, terms);
    if (next === undefined) return false;
    this.#instance = next;
    changed();
    return true;
  }

  /** A line in the log of its workload. */
  async #note(text: string): Promise<void> {
    const { logs, reportFault } = this.#parts;
    const { id } = this.#instance;
    await logs.note(id, `berth: ${text}`).catch(error => void reportFault(id, error));
  }

  #own(task: Promise<void>): void {
    task.catch(error => this.#parts.reportFault(this.#instance.id, error));
  }
}
