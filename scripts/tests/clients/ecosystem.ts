/** A registry of packages, as tests use it for clients that others wrote. */
export interface Ecosystem {
  /** Also the folder of its lists in `test/client/packages`. */
  readonly name: string;
  /** Files that say exactly what is installed, with checksums. */
  readonly lists: readonly string[];
  /**
   * Installs what the lists say into the folder that they are in, which is moved afterwards.
   * @throws {Error} with a reason that a person understands
   */
  readonly install: (folder: string) => Promise<void>;
}
