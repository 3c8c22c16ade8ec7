/**
 * `npm test`: makes the machine ready, then runs all tests, or those of the files that are named. In CI (when
 * the variable CI is set) a skipped test is a failure, since there everything can be run.
 */
import { rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { removeLeftovers } from './tests/leftovers.ts';
import { prepareMachine } from './tests/machine.ts';
import { runTests } from './tests/run.ts';
import { makeRunFolder } from './tests/run-folder.ts';

const root = resolve(import.meta.dirname, '..');
process.chdir(root);
process.env.PATH = `${root}/node_modules/.bin:${process.env.PATH ?? ''}`;
// For the process of each file; where that of the command line is, since they have most code in common.
process.env.NODE_COMPILE_CACHE ??= `${root}/.cache/compiled`;

const files = process.argv.slice(2);
await prepareMachine(root, files);
await removeLeftovers(tmpdir());
const runFolder = await makeRunFolder(tmpdir());
process.env.TMPDIR = runFolder;
const passed = await runTests({
  root,
  files,
  concurrency: Math.min(4, availableParallelism()),
  skippingAllowed: !process.env.CI,
});
await rm(runFolder, { recursive: true, force: true });
process.exitCode = passed ? 0 : 1;
