import { describe } from 'node:test';
import { checkpointPromises } from './conformance/checkpoints.ts';
import { durablePromises } from './conformance/durable.ts';
import { endingPromises } from './conformance/endings.ts';
import { execPromises } from './conformance/exec.ts';
import { insidePromises } from './conformance/inside.ts';
import { mountPromises } from './conformance/mounts.ts';
import { outputPromises } from './conformance/output.ts';
import { pausePromises } from './conformance/pauses.ts';
import { recoveryPromises } from './conformance/recovery.ts';
import { removalPromises } from './conformance/removal.ts';
import { resourcePromises } from './conformance/resources.ts';
import { rootPromises } from './conformance/roots.ts';
import { startPromises } from './conformance/start.ts';
import { terminalPromises } from './conformance/terminals.ts';

export type { MakeRuntime } from './conformance/world.ts';

export interface ConformanceOptions {
  /** What the runtime is to say of itself; what it has not is not tested. */
  readonly survivesServer: boolean;
  readonly limitsMemory: boolean;
  readonly mounts: boolean;
  /** Why the runtime can't work on this machine; false where it can. */
  readonly skip?: string | false;
}

/**
 * Registers a test for every promise that the seam makes.
 *
 * @param subject a module that exports `makeRuntime` ({@link MakeRuntime}); it is loaded here, and by servers
 *   that are killed in the tests
 */
export function runtimeConformance(name: string, subject: URL, options: ConformanceOptions): void {
  describe(`${name} keeps the promises of a runtime`, { skip: options.skip ?? false }, () => {
    startPromises(subject);
    endingPromises(subject);
    outputPromises(subject);
    execPromises(subject);
    terminalPromises(subject);
    durablePromises(subject);
    insidePromises(subject, { isolation: options.survivesServer });
    resourcePromises(subject, options);
    mountPromises(subject, options);
    pausePromises(subject);
    rootPromises(subject);
    checkpointPromises(subject);
    removalPromises(subject);
    recoveryPromises(subject, options);
  });
}
