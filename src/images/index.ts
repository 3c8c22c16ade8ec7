export type { BaseMount } from './host-base.ts';
export { ImageStore } from './image-store.ts';
