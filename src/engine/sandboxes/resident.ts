/** Something that lives in a sandbox and follows its ups and downs. Each call is waited for, but for `ended`. */
export interface Resident {
  /**
   * The sandbox executes, for nobody else yet. Throws = the boot has failed.
   * @param adopted an earlier server has booted it: what was in it may still run
   */
  booted?(workloadId: string, adopted: boolean): Promise<void>;
  /** The sandbox is about to go cold: end in good order. Bounded in time. */
  stopping?(workloadId: string): Promise<void>;
  /** Nothing runs in it any more. `expected`: it was asked to end. */
  ended?(workloadId: string, expected: boolean): void;
}
