import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Person } from '../../../identity/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, principalOf } from '../access.ts';
import type { BerthParts } from '../parts.ts';

const role = Type.Union([Type.Literal('super_admin'), Type.Literal('manage'), Type.Literal('viewer')]);
const createBody = Type.Object({
  name: Type.String(),
  password: Type.String(),
  role: Type.Optional(role),
  email: Type.Optional(Type.String()),
});
const changeBody = Type.Object({
  role: Type.Optional(role),
  enabled: Type.Optional(Type.Boolean()),
  email: Type.Optional(Type.String({ description: 'an empty one takes it away' })),
});
const passwordBody = Type.Object({
  password: Type.String(),
  current_password: Type.Optional(Type.String({ description: 'needed of all but administrators' })),
});

interface UserRoute {
  Params: { user: string };
}

export function userRoutes(app: FastifyInstance, { identity }: BerthParts, access: AccessChecks): void {
  app.post<{ Body: Type.Static<typeof createBody> }>(
    '/berth/v1/users',
    { onRequest: [...access.administrator], schema: { summary: 'Create a user', body: createBody } },
    async request => shape(await identity.users.create(request.body)),
  );

  app.get(
    '/berth/v1/users',
    { onRequest: [...access.administrator], schema: { summary: 'List users, oldest first' } },
    async () => ({ users: (await identity.users.list()).map(shape) }),
  );

  app.patch<UserRoute & { Body: Type.Static<typeof changeBody> }>(
    '/berth/v1/users/:user',
    {
      onRequest: [...access.administrator],
      schema: { summary: 'Change role, address or whether a user is let in', body: changeBody },
    },
    async request => {
      const by = principalOf(request).account;
      return shape(await identity.users.change(request.params.user, request.body, by));
    },
  );

  app.put<UserRoute & { Body: Type.Static<typeof passwordBody> }>(
    '/berth/v1/users/:user/password',
    {
      onRequest: [...access.token],
      schema: { summary: 'Set a password; ends the other sessions of the user', body: passwordBody },
    },
    async request => {
      const { isAdmin, user, session } = principalOf(request);
      const { user: name } = request.params;
      const { password, current_password: current } = request.body;
      if (!isAdmin && user?.name !== name) {
        throw new BerthError('forbidden', 'passwords of others are for administrators');
      }
      if (!isAdmin && current === undefined) throw new BerthError('invalid', 'current_password is missing');
      await identity.users.setPassword(name, password, {
        ...(current !== undefined && { current }),
        ...(session && { session }),
      });
      return { status: 'ok' };
    },
  );

  app.delete<UserRoute>(
    '/berth/v1/users/:user',
    { onRequest: [...access.administrator], schema: { summary: 'Delete a user' } },
    async request => {
      await identity.users.delete(request.params.user, principalOf(request).account);
      return { status: 'ok' };
    },
  );
}

function shape({ user, account }: Person) {
  return {
    name: user.name,
    account: account.name,
    role: user.role,
    enabled: account.enabled,
    email: user.email ?? null,
    created_at: user.createdAt,
  };
}
