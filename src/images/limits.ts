const mebibyte = 1024 * 1024;
const hourMs = 3_600_000;

/** Sizes and times of the image store; each can be set by who opens it. */
export interface ImageLimits {
  /** All blobs and open uploads together; 0 = no limit but the disk. */
  readonly maxStoreBytes: number;
  /** One blob. */
  readonly maxBlobBytes: number;
  readonly maxUploadsPerRepository: number;
  /** An upload that nobody writes to is given up after this long. */
  readonly uploadIdleMs: number;
  /** What no manifest needs is kept this long, so that a push under way finds it. */
  readonly unusedBlobMs: number;
  /** A manifest that nobody needs is kept this long. */
  readonly untaggedManifestMs: number;
  /** One layer, unpacked. */
  readonly maxLayerBytes: number;
  readonly maxLayerEntries: number;
  /** An unpacked layer that no workload uses is kept this long after its last use. */
  readonly unusedLayerMs: number;
  /** All unpacked layers together: beyond it, those go first that were not used for longest; 0 = no limit. */
  readonly maxLayersBytes: number;
  /** One image from another registry. */
  readonly pullMs: number;
  /** How often it is looked for what nobody needs. */
  readonly collectionIntervalMs: number;
}

export const defaultImageLimits: ImageLimits = {
  maxStoreBytes: 0,
  maxBlobBytes: 32 * 1024 * mebibyte,
  maxUploadsPerRepository: 100,
  uploadIdleMs: 6 * hourMs,
  unusedBlobMs: hourMs,
  untaggedManifestMs: 30 * 24 * hourMs,
  maxLayerBytes: 16 * 1024 * mebibyte,
  maxLayerEntries: 1_000_000,
  unusedLayerMs: 7 * 24 * hourMs,
  maxLayersBytes: 0,
  pullMs: hourMs,
  collectionIntervalMs: hourMs / 4,
};

/** As the OCI distribution specification recommends. */
export const maxManifestBytes = 4 * mebibyte;
/** Of an image that is to be run, as Docker has it. */
export const maxLayers = 127;
/** Indexes and artifacts may name more than an image has layers. */
export const maxDescriptors = 2_000;
/** Pushed images that wait to be unpacked; more are left to their first spawn. */
export const maxUnpacksAhead = 1_000;
/** Unpacking one image that nobody waits for. */
export const unpackAheadMs = 30 * 60_000;
/** A layer that was asked for within this time may be about to be run from: no room is made by removing it. */
export const freshLayerMs = 10 * 60_000;
/** The configuration of an image that is to be run. */
export const maxConfigBytes = 4 * mebibyte;
/** `/etc/passwd` or `/etc/group` of an image. */
export const maxAccountsFileBytes = 4 * mebibyte;
/** How much of an upload is written at a time. */
export const writeBatchBytes = mebibyte / 4;
/** Records that are looked at or deleted at a time. */
export const collectionBatch = 500;
