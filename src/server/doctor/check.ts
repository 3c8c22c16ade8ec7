/** One thing that the machine should have. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What is there: version and path, or what is wrong. */
  readonly found: string;
  /** What can't be used without it. */
  readonly switchesOff: string;
  /** True when the `oci` runtime can't work without it. */
  readonly neededByOci: boolean;
  /** What puts it right; absent when it is. */
  readonly remedy?: Remedy;
}

export interface Remedy {
  readonly text: string;
  /** Debian packages that `berth doctor --install` installs. */
  readonly packages?: readonly string[];
}
