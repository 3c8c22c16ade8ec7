export { VolumeFolders } from './volume-folders.ts';
export * from './volumes.ts';
