import type { Launcher } from '../../../lib/launcher.ts';
import type { ExecProcess } from '../../runtime.ts';
import type { OciFolders } from '../bundle.ts';
import type { OciTools } from '../conmon.ts';
import type { Fifos } from './fifos.ts';

/** What sessions are made with. */
export interface SessionParts {
  readonly tools: OciTools;
  readonly folders: OciFolders;
  readonly launcher: Launcher;
  readonly fifos: Fifos;
}

/** Where a session is to run. */
export interface SessionPlace {
  /** The container's name. */
  readonly id: string;
  readonly files: SessionFiles;
  /** Processes of the workload as the host counts them. */
  processes(): Promise<readonly number[]>;
}

export interface SessionFiles {
  /** What to run. */
  readonly process: string;
  /** Its number as the host counts it, written by the OCI runtime when it runs. */
  readonly pid: string;
  /** What the OCI runtime says in its own way. */
  readonly log: string;
}

export type Session = ExecProcess;
