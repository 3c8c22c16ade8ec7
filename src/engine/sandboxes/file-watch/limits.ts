/** What one watch of files may hold open and remember. */
export const maxWatchedFolders = 512;
export const maxWatchedEntries = 50_000;
/** Changes of one name within this time are told as one. */
export const settleMs = 20;
/** Watches of one sandbox at a time. */
export const maxWatches = 32;
