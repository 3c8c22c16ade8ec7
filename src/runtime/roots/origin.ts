import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { BytePath, Tree } from './scan-tree.ts';

/**
 * What a live layer was when it last was equal to a checkpoint: files that have not changed since then are equal
 * to those of the checkpoint. Kept beside the layer, and gone with it.
 */
export interface Origin {
  readonly checkpoint: string;
  readonly files: ReadonlyMap<BytePath, string>;
}

/** @param isKnown leaves out files that may change without a trace */
export function writeOrigin(
  file: string,
  checkpoint: string,
  tree: Tree,
  isKnown: (path: BytePath) => boolean = () => true,
): void {
  const files = [...tree].flatMap(([path, { kind, state }]) =>
    kind !== 'folder' && isKnown(path) ? [[path, state] as const] : [],
  );
  writeFileSync(`${file}.new`, JSON.stringify({ checkpoint, files }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Undefined where it is none. */
export function readOrigin(file: string): Origin | undefined {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as {
      checkpoint: string;
      files: (readonly [BytePath, string])[];
    };
    return { checkpoint: read.checkpoint, files: new Map(read.files) };
  } catch {
    return undefined; // never written, or cut off by a crash
  }
}
