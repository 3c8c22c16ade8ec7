import { isUtf8 } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { toolEnvironment } from '../../lib/command.ts';
import { rootLimits } from './limits.ts';
import type { BytePath } from './scan-tree.ts';

/** What a command says about files that a running program has just removed or changed. */
const passing =
  /: (?:No such file or directory|Not a directory|Stale file handle)|changed as we read it|removed before we read it|replaced while being copied/;

export interface CopyOptions {
  /** Programs are changing the source: what disappears under way is left out. */
  readonly restless: boolean;
}

/**
 * Copies everything of a folder into another that is there. These commands, unlike Node, keep owners, times,
 * extended attributes, hard links, holes and device files (whiteouts of an overlay are such), and share the
 * content where the file system can.
 */
export function copyTree(source: string, target: string, options: CopyOptions): void {
  run('cp', ['-a', '--reflink=auto', '-T', '--', source, target], source, options);
}

/** Copies these files; the folders that they are in are there. */
export function copyFiles(
  source: string,
  target: string,
  paths: readonly BytePath[],
  options: CopyOptions,
): void {
  const isText = (path: BytePath) => isUtf8(Buffer.from(path, 'latin1'));
  for (const batch of batches(paths.filter(isText))) {
    const names = batch.map(path => `./${Buffer.from(path, 'latin1').toString()}`);
    run('cp', ['-a', '--reflink=auto', '--parents', '-t', target, '--', ...names], source, options);
  }
  // Names that are no text can't be arguments.
  copyByArchive(
    source,
    target,
    paths.filter(path => !isText(path)),
    options,
  );
}

/** Gives folders that are there the attributes that they have in the source. */
export function copyFolderAttributes(source: string, target: string, folders: readonly BytePath[]): void {
  copyByArchive(source, target, folders, { restless: false });
}

function copyByArchive(
  source: string,
  target: string,
  paths: readonly BytePath[],
  options: CopyOptions,
): void {
  if (paths.length === 0) return;
  const [list, archive] = [`${target}.list`, `${target}.tar`];
  const kept = ['--xattrs', '--xattrs-include=*', '--acls'];
  try {
    writeFileSync(list, paths.map(path => `./${path}\0`).join(''), 'latin1');
    const from = ['--null', '--verbatim-files-from', '--files-from', list];
    const how = ['--no-recursion', '--sparse', '--format=posix', '--pax-option=delete=atime,delete=ctime'];
    run('tar', ['-c', '-f', archive, '-C', source, ...kept, ...how, ...from], source, options);
    run('tar', ['-x', '-f', archive, '-C', target, ...kept, '-p', '--numeric-owner'], source, {
      restless: false,
    });
  } finally {
    for (const file of [list, archive]) rmSync(file, { force: true });
  }
}

/** @throws {Error} with the code `ENOSPC` when the disk is full */
function run(file: string, args: readonly string[], cwd: string, { restless }: CopyOptions): void {
  const { status, error, stderr } = spawnSync(file, args, {
    cwd,
    env: toolEnvironment,
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: rootLimits.commandOutputBytes,
    encoding: 'latin1',
  });
  if (error) throw error;
  if (status === 0) return;
  const lines = stderr
    .split('\n')
    .filter(line => line !== '' && !/previous errors$|has failure status/.test(line));
  const serious = lines.find(line => !(restless && passing.test(line)));
  if (status !== null && serious === undefined && lines.length > 0) return;
  const code = stderr.includes('No space left on device') ? 'ENOSPC' : 'EIO';
  throw Object.assign(new Error(`${file} ended with ${status}: ${serious ?? 'it was killed'}`), { code });
}

function* batches(paths: readonly BytePath[]): Generator<BytePath[]> {
  let batch: BytePath[] = [];
  let bytes = 0;
  for (const path of paths) {
    if (bytes > rootLimits.commandNamesBytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(path);
    bytes += path.length + 16;
  }
  if (batch.length > 0) yield batch;
}
