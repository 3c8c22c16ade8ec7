import type { WorkspaceInstance } from '../../store/store.ts';

/** Where those who have a workspace get in. */
export interface WayIn {
  /** TCP port of this server. */
  readonly port: number;
  /** Public keys by which the server is known there, one line of OpenSSH each. */
  readonly hostKeys: readonly string[];
}

/** The seam to whatever lets people into workspaces. */
export interface AccessGateway {
  /**
   * Opens the way into a workspace whose workload runs, also one that an earlier server has opened. Undefined where
   * there is none.
   */
  open(instance: WorkspaceInstance): Promise<WayIn | undefined>;
  /** Cuts who is in. Idempotent. */
  close(instanceId: string): Promise<void>;
}

/** For a server that has no way in. */
export const noGateway: AccessGateway = {
  open: async () => undefined,
  close: async () => {},
};
