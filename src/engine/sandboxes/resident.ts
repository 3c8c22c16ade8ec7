/** Something that lives in a sandbox and follows its ups and downs. What returns a promise is waited for. */
export interface Resident {
  /**
   * The sandbox executes, for nobody else yet. Throws = the boot has failed.
   * @param adopted an earlier server has booted it: what was in it may still run
   */
  booted?(workloadId: string, adopted: boolean): Promise<void>;
  /** The sandbox is about to go cold: end in good order. Bounded in time. */
  stopping?(workloadId: string): Promise<void>;
  /** The sandbox is about to be paused, or to stand still for a moment: nothing can be started in it. */
  pausing?(): void;
  /** It goes on. */
  resumed?(): void;
  /** Nothing runs in it any more. `expected`: it was asked to end. */
  ended?(workloadId: string, expected: boolean): void;
}
