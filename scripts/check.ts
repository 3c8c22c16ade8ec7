/** `npm run check`: types, format and lint, types-aware lint, layers. Runs all, then says which failed. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const steps: readonly Step[] = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'format and lint', command: ['biome', 'check', '.'] },
  { name: 'lint with types', command: ['oxlint', '--type-aware'] },
  { name: 'layers', command: ['node', '--test', '--test-reporter=dot', 'test/layers.test.ts'] },
];

const stepTimeoutMs = 5 * 60_000;
const root = resolve(import.meta.dirname, '..');
const env = { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH ?? ''}` };

async function passes({ name, command: [program, ...args] }: Step): Promise<boolean> {
  const startedAt = performance.now();
  const child = spawn(program, args, { cwd: root, env, stdio: 'inherit', timeout: stepTimeoutMs });
  const code = await new Promise<number | null>(ended => {
    child.once('error', error => {
      console.error(`${program}: ${error.message}. Are the dependencies installed (npm ci)?`);
      ended(null);
    });
    child.once('close', ended);
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'}  ${name} (${seconds} s)\n`);
  return code === 0;
}

const failed: string[] = [];
for (const step of steps) {
  if (!(await passes(step))) failed.push(step.name);
}
console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
