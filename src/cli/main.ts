import { enableCompileCache } from 'node:module';
import { resolve } from 'node:path';

// Compiled once, a command starts in a fraction of the time. Where the folder can't be written, it just takes longer.
enableCompileCache(resolve(import.meta.dirname, '../../.cache/compiled'));
const { run } = await import('./run.ts');
const { processInput } = await import('./input.ts');
const { processStreams } = await import('./streams.ts');
const { outputsFlushed, processTerminal } = await import('./terminal.ts');

const context = {
  terminal: processTerminal(),
  input: processInput(),
  streams: processStreams(),
  env: process.env,
};
const exitCode = await run(process.argv.slice(2), context);
await outputsFlushed();
// Not left to the event loop: a server that failed to start may hold something open.
process.exit(exitCode);
