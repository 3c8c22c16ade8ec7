import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { OciFolders } from './bundle.ts';
import type { CgroupMoves } from './cgroup-moves.ts';
import type { Cgroups } from './cgroups.ts';
import type { OciTools } from './conmon.ts';
import type { ConmonWatch } from './conmon-watch.ts';
import type { DurableProcesses } from './durable/durable-processes.ts';
import type { Fifos } from './exec/fifos.ts';
import type { Sessions } from './exec/sessions.ts';
import type { Dialers } from './inside/dialers.ts';
import type { PortScanner } from './inside/listening-ports.ts';
import type { Kernel } from './kernel.ts';
import { removeShortcuts } from './lower-folders.ts';
import type { OciRoots } from './oci-roots.ts';

/** What the runtime has while it is open. */
export interface Opened {
  readonly tools: OciTools;
  readonly folders: OciFolders;
  readonly roots: OciRoots;
  readonly cgroups: Cgroups;
  readonly moves: CgroupMoves;
  readonly watch: ConmonWatch;
  readonly kernel: Kernel;
  readonly fifos: Fifos;
  readonly sessions: Sessions;
  readonly durable: DurableProcesses;
  readonly dialers: Dialers;
  readonly ports: PortScanner;
}

/** Makes the folders of a data directory that are missing. @throws {Error} where its path can't be used */
export async function openFolders(dataDir: string): Promise<OciFolders> {
  const folders = new OciFolders(join(await realpath(dataDir), 'oci'));
  if (/[,:\\]/.test(folders.root)) {
    throw new Error(
      'the data directory of the oci runtime must have no comma, colon or backslash in its path',
    );
  }
  await folders.make();
  await removeShortcuts(folders.bundles);
  return folders;
}
