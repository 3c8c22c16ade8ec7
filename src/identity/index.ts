export { hashToken } from '../lib/ids.ts';
export type { Account, Token } from '../store/store.ts';
export { checkAccountName, maxAccountNameLength } from './account-name.ts';
export type { AdminOptions } from './admin.ts';
export { Identity, type IdentityOptions, type NewTokenOptions } from './identity.ts';
export { Principal } from './principal.ts';
export type { CreatedToken } from './tokens.ts';
