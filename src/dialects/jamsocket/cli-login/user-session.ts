import type { CreatedSession, Identity } from '../../../identity/index.ts';

/** A new session, as clients of this API keep it. */
export async function userSession(identity: Identity, { session, secret }: CreatedSession) {
  const principal = await identity.authenticate(secret);
  const email = principal?.user?.email;
  return {
    uuid: session.id,
    user_id: session.accountId,
    user_agent: session.userAgent,
    created_at: session.createdAt,
    expiration: session.expiresAt,
    token: secret,
    user_is_admin: principal?.isAdmin ?? false,
    ...(email !== undefined && { user_email: email }),
  };
}
