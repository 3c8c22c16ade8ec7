import { join } from 'node:path';
import type { WorkloadAccount } from '../../runtime/runtime.ts';
import type { Sandbox, WorkloadPlan } from '../../store/store.ts';

/** What the files of a sandbox look like to what runs in it. */
export interface SandboxLayout {
  /** Whom everything in it runs as. */
  readonly account: WorkloadAccount;
  /** Where it finds what the server tells it (logs, policies); it can only read there. */
  readonly privateFolder: string;
}

/** Folders of the server with what each sandbox finds in its private folder. */
export class PrivateFolders {
  readonly #root: string;

  /** @param root absolute path; the sandboxes' folders are below it, by id */
  constructor(root: string) {
    this.#root = root;
  }

  of(sandboxId: string): string {
    return join(this.#root, sandboxId);
  }
}

/** Where programs are looked for in images that do not say; it begins with what the host base brings. */
export const standardPath = '/opt/berth/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a boot of a sandbox runs: nothing by itself; everything in it comes through exec. */
export function planBoot(sandbox: Sandbox, layout: SandboxLayout): WorkloadPlan {
  const { name, home } = layout.account;
  return {
    image: sandbox.image,
    idle: true,
    root: sandbox.id,
    account: layout.account,
    env: { HOME: home, USER: name, LANG: 'C.UTF-8', ...sandbox.settings.environment },
    limits: sandbox.settings.limits,
  };
}
