/** The status machine of a workspace, as data. */
export const instanceSteps = {
  /** Written together with the claim of its deployment. */
  starting: ['ready', 'stopping', 'ended', 'failed'],
  /** A shell could be run in it, and what it was to bring is there. */
  ready: ['stopping', 'ended'],
  /** It was asked to end. */
  stopping: ['ended'],
  /** It has ended after it was ready, or because somebody asked for it; final. */
  ended: [],
  /** It did not get ready; final. */
  failed: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type InstanceStatus = keyof typeof instanceSteps;

export function canStepInstance(from: InstanceStatus, to: InstanceStatus): boolean {
  return (instanceSteps[from] as readonly string[]).includes(to);
}

/** Its deployment is free again. */
export function isOver(status: InstanceStatus): boolean {
  return instanceSteps[status].length === 0;
}
