import type { Style } from '../../colours.ts';

/** The colour of a service's status. */
export function serviceStyle(status: string): Style | undefined {
  if (status === 'running') return 'green';
  if (status === 'starting' || status === 'stopping') return 'yellow';
  return status === 'failed' ? 'red' : 'dim';
}
