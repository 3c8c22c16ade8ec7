export { openSqliteStore, pendingMigrations, type SqliteStoreOptions } from './sqlite/index.ts';
export type * from './store.ts';
