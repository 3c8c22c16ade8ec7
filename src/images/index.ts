export { ImageError, type ImageErrorCode } from './errors.ts';
export type { BaseMount } from './host-base.ts';
export { ImageStore, type ImageStoreOptions, type ImageUsage } from './image-store.ts';
export { type ImageLimits, maxManifestBytes } from './limits.ts';
export { mediaTypes } from './repositories/manifest.ts';
export type { Repository, RepositoryOwner } from './repositories/repository.ts';
