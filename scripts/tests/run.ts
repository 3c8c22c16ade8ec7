import { glob } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';

export interface TestRun {
  readonly root: string;
  /** All tests when there are none. */
  readonly files: readonly string[];
  /** Files at a time. */
  readonly concurrency: number;
  readonly skippingAllowed: boolean;
}

const patterns = ['src/**/*.test.ts', 'test/**/*.test.ts'];
/** Of a file, too: only what hangs takes so long. */
const testTimeoutMs = 10 * 60_000;

/** Runs the tests and prints their results, the runner's summary last. @returns true when all is well */
export async function runTests({ root, files, concurrency, skippingAllowed }: TestRun): Promise<boolean> {
  const chosen = [...files];
  if (files.length === 0) for await (const file of glob(patterns, { cwd: root })) chosen.push(file);
  const skipped: string[] = [];
  let failed = chosen.length === 0;

  async function* judged(source: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
    for await (const event of source) {
      if (event.type === 'test:fail') failed = true;
      if (event.type === 'test:pass' && event.data.skip !== undefined) skipped.push(event.data.name);
      if (beginsSummary(event) && skipped.length > 0 && !skippingAllowed) {
        failed = true;
        const message = `skipped, which is a failure here: ${skipped.join('; ')}`;
        yield { type: 'test:diagnostic', data: { nesting: 0, level: 'error', message } };
      }
      yield event;
    }
  }

  const paths = chosen.map(file => resolve(root, file)).sort();
  const events = run({ cwd: root, files: paths, concurrency, timeout: testTimeoutMs });
  await pipeline(events, judged, new spec(), process.stdout, { end: false });
  return !failed;
}

/** The counts of the whole run come as diagnostics that belong to no file, the number of tests first. */
function beginsSummary(event: TestEvent): boolean {
  return (
    event.type === 'test:diagnostic' &&
    event.data.file === undefined &&
    /^tests \d+$/.test(event.data.message)
  );
}
