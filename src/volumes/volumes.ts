/**
 * The seam between the engine and the folders that outlive workloads. A volume is known by ids, never by names
 * that may be given again.
 */
export interface Volumes {
  /**
   * Makes the folder where it is missing and holds it.
   * @throws {VolumeError} when something in its place is no folder
   */
  open(volume: VolumeReference): Promise<OpenVolume>;

  /** Owners of a kind that have volumes. */
  owners(kind: VolumeOwner['kind']): Promise<string[]>;

  /** Removes all volumes of an owner, which nothing uses any more. Idempotent. */
  removeOwner(owner: VolumeOwner): Promise<void>;
}

export interface VolumeReference {
  readonly owner: VolumeOwner;
  /** Segments of `[A-Za-z0-9._-]`, separated by slashes, none of them `.` or `..`. */
  readonly path: string;
}

/** Whose volumes go together. */
export interface VolumeOwner {
  readonly kind: 'account' | 'service' | 'sandbox';
  /** A DNS label. */
  readonly id: string;
}

export interface OpenVolume extends AsyncDisposable {
  /** Its place on the disk. Programs that may write above it can put something else there at any time. */
  readonly path: string;
  /**
   * The same folder for as long as it is open, whatever programs do to the path, for every process of this
   * machine that may look into this one's. The path itself where the system has no such thing.
   */
  readonly pinnedPath: string;
}

/** An expected failure; its message names no path of the machine. */
export class VolumeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VolumeError';
  }
}
