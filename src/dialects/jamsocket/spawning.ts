import type { IdentityField } from '../../engine/index.ts';

/** The published variables; `PORT` is set by the runtime. */
export const identityVariables: Readonly<Record<string, IdentityField>> = {
  SESSION_BACKEND_ID: 'id',
  SESSION_BACKEND_KEY: 'key',
  SESSION_BACKEND_FENCING_TOKEN: 'fencing-token',
  JAMSOCKET_SERVICE: 'service',
};
