import type { ImageRecords } from '../store.ts';
import type { Database } from './database.ts';
import { imageBlobs } from './image-blobs.ts';
import { imageCollection } from './image-collection.ts';
import { imageContents } from './image-contents.ts';
import { imageManifests } from './image-manifests.ts';
import { imageTags } from './image-tags.ts';

export function imageRecords(database: Database): ImageRecords {
  return {
    ...imageBlobs(database),
    ...imageManifests(database),
    ...imageTags(database),
    ...imageCollection(database),
    ...imageContents(database),
  };
}
