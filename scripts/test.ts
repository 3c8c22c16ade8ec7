/**
 * `npm test`: makes the machine ready, then runs all tests, or those of the files that are named. In CI (when
 * the variable CI is set) a skipped test is a failure, since there everything can be run.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { prepareMachine } from './tests/machine.ts';
import { runTests } from './tests/run.ts';

const root = resolve(import.meta.dirname, '..');
process.chdir(root);
process.env.PATH = `${root}/node_modules/.bin:${process.env.PATH ?? ''}`;

const files = process.argv.slice(2);
await prepareMachine(root, files);
const passed = await runTests({
  root,
  files,
  concurrency: Math.min(4, availableParallelism()),
  skippingAllowed: !process.env.CI,
});
process.exitCode = passed ? 0 : 1;
