import type { RefusalReason } from '../../../engine/index.ts';
import { RerobotsError } from '../errors.ts';

const refusals: Readonly<Record<RefusalReason, { status: number; text: string; isResult?: true }>> = {
  unknown: { status: 404, text: 'no matching wdeployment found' },
  'some-unknown': { status: 404, text: 'some given IDs have no matching wdeployment' },
  dissolved: { status: 400, text: 'workspace deployment is permanently unavailable' },
  'some-dissolved': {
    status: 400,
    text: 'some of the given workspace deployments are permanently unavailable',
  },
  'mixed-types': {
    status: 400,
    text: 'multiple request for wdeployments of different wtype not supported',
  },
  locked: { status: 400, text: 'workspace deployment is locked out (unavailable), please contact us' },
  offline: { status: 503, text: 'workspace deployment temporarily unavailable, try again later' },
  denied: { status: 403, text: 'permission denied' },
  'no-vpn': { status: 501, text: 'VPN is not supported by this workspace deployment' },
  busy: {
    status: 503,
    text: 'All matching workspace deployments are busy. Try again later.',
    isResult: true,
  },
  'too-many-active': { status: 400, text: 'too many active instances' },
  'too-many-reservations': { status: 400, text: 'too many reservations' },
};

export function refusal(reason: RefusalReason): RerobotsError {
  const { status, text, isResult = false } = refusals[reason];
  return new RerobotsError(status, text, { isResult });
}
