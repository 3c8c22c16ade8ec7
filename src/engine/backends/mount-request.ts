import { createHash } from 'node:crypto';
import { BerthError } from '../../lib/errors.ts';
import type { Account, Lock, PlannedMount, Service } from '../../store/store.ts';
import type { VolumeReference } from '../../volumes/volumes.ts';

/** A folder that a backend is to have beside its own files, and that outlives it. */
export interface MountRequest {
  /** That of the lock, which no other has; or a path below the account's folder, which its backends share. */
  readonly folder: { readonly of: 'lock' } | { readonly of: 'account'; readonly path: string };
  /** Absolute path in the workload. */
  readonly target: string;
  /** Variable that tells the program where to find it. */
  readonly variable: string;
  /** The caller's word for it, for error texts. */
  readonly field: string;
}

const segmentPattern = /^[A-Za-z0-9._-]+$/;
const maxPathBytes = 255;

/** @throws {BerthError} `invalid` */
export function planMount(
  { folder, target, variable, field }: MountRequest,
  { account, service, lock }: { account: Account; service: Service; lock: Lock | undefined },
): PlannedMount {
  return { volume: volumeOf(), target, variable, readonly: false };

  function volumeOf(): VolumeReference {
    if (folder.of === 'account') {
      checkPath(folder.path, field);
      return { owner: { kind: 'account', id: account.id }, path: folder.path };
    }
    if (lock === undefined) throw new BerthError('invalid', `${field}: true needs a key`);
    // A name may have any characters; its hash is as good as the name.
    const path = createHash('sha256').update(lock.name).digest('hex');
    return { owner: { kind: 'service', id: service.id }, path };
  }
}

function checkPath(path: string, field: string): void {
  if (path.length > maxPathBytes)
    throw new BerthError('invalid', `${field}: ${path.length} characters; the limit is ${maxPathBytes}`);
  for (const segment of path.split('/')) {
    if (segmentPattern.test(segment) && segment !== '.' && segment !== '..') continue;
    throw new BerthError(
      'invalid',
      `${field}: must be a relative path of letters, digits, dots, hyphens and underscores, without . and ..`,
    );
  }
}
