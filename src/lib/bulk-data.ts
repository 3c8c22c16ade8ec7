import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'minor' }) => void;

/** Between two collections; 8 MiB are decompressed in about 20 ms, a collection takes about 1 ms. */
const intervalBytes = 8 * 1024 * 1024;

let collect: Collect | undefined;
let bytesSince = 0;

/**
 * Tell it of each chunk of a large content that has passed through memory. Node's chunks lie outside of the heap of
 * V8, which sees only how little of the heap they take and lets 64 MB of them gather before it looks: so that the
 * server stays small, the young ones, which are nearly all garbage, are collected after every few of them.
 */
export function bulkDataPassed(bytes: number): void {
  bytesSince += bytes;
  if (bytesSince < intervalBytes) return;
  bytesSince = 0;
  collect ??= findCollector();
  collect({ type: 'minor' });
}

/** V8 hands out its collector to contexts that are made after it was told to. */
function findCollector(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
