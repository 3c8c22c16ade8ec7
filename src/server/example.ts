import { join } from 'node:path';
import type { Engine } from '../engine/index.ts';
import type { Account, Store } from '../store/index.ts';

const exampleName = 'hello';
const exampleFolder = join(import.meta.dirname, '../../examples/hello');

/**
 * Registers the example service in a fresh data directory, so that a first spawn needs nothing else.
 * @returns lines for the banner
 */
export async function registerExample(engine: Engine, account: Account, store: Store): Promise<string[]> {
  if ((await store.services.list(account.id)).length > 0) return [];
  if (!engine.capabilities.images.includes('host')) return [];
  await engine.services.create(account, {
    name: exampleName,
    program: { command: ['node', 'server.js'], directory: exampleFolder },
  });
  return [`example: service ${exampleName} is registered; spawn it with  bin/berth spawn ${exampleName}`];
}
