export type { WritableLayer } from './root-folder.ts';
export { RootStore } from './root-store.ts';
