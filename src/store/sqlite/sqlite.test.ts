import { join } from 'node:path';
import { storeConformance } from '../conformance.ts';
import { openSqliteStore } from './index.ts';

storeConformance('SQLite', {
  open: (directory, clock) => openSqliteStore({ path: join(directory, 'berth.db'), clock }),
  writer: new URL('./endless-writer.ts', import.meta.url),
});
