import type { WorkspaceInstance } from '../../store/store.ts';
import type { Verdict } from './firewall.ts';

/** Where those who have a workspace get in. */
export interface WayIn {
  /** TCP port of this server. */
  readonly port: number;
  /** Public keys by which the server is known there, one line of OpenSSH each. */
  readonly hostKeys: readonly string[];
}

/** Who gets in. */
export interface AccessTerms {
  /** The public key of who asked for the workspace, one line of OpenSSH; or a private key that was made for it, as PEM. */
  readonly key: string;
  /** @param address of the other end */
  judge(address: string): Verdict;
}

/** The seam to whatever lets people into workspaces. */
export interface AccessGateway {
  /**
   * Opens the way into a workspace whose workload runs, also one that an earlier server has opened. Undefined where
   * there is none.
   */
  open(instance: WorkspaceInstance, terms: AccessTerms): Promise<WayIn | undefined>;
  /** Cuts who would not be let in any more. */
  recheck(instanceId: string): void;
  /** Cuts who is in. Idempotent. */
  close(instanceId: string): Promise<void>;
}

/** For a server that has no way in. */
export const noGateway: AccessGateway = {
  open: async () => undefined,
  recheck: () => {},
  close: async () => {},
};
