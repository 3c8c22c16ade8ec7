import { join } from 'node:path';
import { writeUntilKilled } from '../conformance.ts';
import { openSqliteStore } from './index.ts';

/** For the conformance suite: writes to the store in the folder given as argument until it is killed. */
const [, , directory] = process.argv;
if (directory === undefined) throw new Error('usage: endless-writer.ts DIRECTORY');
await writeUntilKilled(await openSqliteStore({ path: join(directory, 'berth.db') }));
