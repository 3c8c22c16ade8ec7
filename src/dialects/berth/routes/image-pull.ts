import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { sendJsonLines } from '../../../http/index.ts';
import { type PullEvent, parseRemoteReference } from '../../../images/index.ts';
import { AsyncQueue } from '../../../lib/async-queue.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, accountNamed, principalOf } from '../access.ts';
import { berthErrors } from '../errors.ts';
import type { BerthParts } from '../parts.ts';

const pullBody = Type.Object({
  image: Type.String({ minLength: 1, description: '[HOST/]NAME[:TAG][@DIGEST], as Docker has it' }),
  service: Type.String({ description: 'whose image it is to be' }),
  tag: Type.Optional(Type.String({ description: "that it is to have; by default the image's own" })),
  username: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
  password: Type.Optional(Type.String({ maxLength: 65_536 })),
  plain_http: Type.Optional(Type.Boolean({ description: 'speak to the registry without TLS' })),
  account: Type.Optional(Type.String({ description: 'another account than the own; administrators only' })),
});
type PullBody = Type.Static<typeof pullBody>;

/** Brings an image of another registry to a service; the answer tells how far it is, and ends with what it was. */
export function imagePullRoute(app: FastifyInstance, parts: BerthParts, access: AccessChecks): void {
  const { engine, identity, images, settings, reportFault } = parts;
  app.post<{ Body: PullBody }>(
    '/berth/v1/images/pull',
    {
      onRequest: [...access.token],
      schema: { summary: 'Pull an image from another registry (JSON lines)', body: pullBody },
    },
    async (request, reply) => {
      const { body } = request;
      const principal = principalOf(request);
      const account = await accountNamed(identity, principal, body.account);
      const service = await engine.services.get(account, body.service);
      const reference = parseRemoteReference(body.image);
      const pull = {
        reference,
        tag: body.tag ?? reference.tag,
        credentials: credentialsIn(body),
        plainHttp: body.plain_http ?? false,
        // Administrators may run any command of this machine: it hides nothing from them.
        mayBePrivate: principal.isAdmin || settings.pullPrivate,
      };
      const open = (signal: AbortSignal) =>
        told(tell => images.pull(service, pull, tell, signal), {
          service: service.name,
          tag: pull.tag ?? null,
        });
      const options = { errors: berthErrors, reportFault, keepAliveMs: settings.keepAliveMs };
      await sendJsonLines(request, reply, open, options);
      return reply;
    },
  );
}

/** Events of a pull as documents, then what it has brought. */
async function* told(
  pull: (tell: (event: PullEvent) => void) => ReturnType<BerthParts['images']['pull']>,
  where: object,
): AsyncGenerator<object> {
  const events = new AsyncQueue<PullEvent>();
  const pulling = pull(event => events.push(event)).finally(() => events.end());
  pulling.catch(() => {}); // told below
  try {
    for await (const event of events) yield shape(event);
    const image = await pulling;
    yield {
      status: 'done',
      ...where,
      digest: image.digest,
      media_type: image.mediaType,
      image_digest: image.imageDigest,
      size_bytes: image.sizeBytes,
      fetched_bytes: image.fetchedBytes,
    };
  } finally {
    await pulling.catch(() => {});
  }
}

function shape(event: PullEvent): object {
  switch (event.kind) {
    case 'resolved':
      return { status: 'resolved', digest: event.digest, blobs: event.blobs, total_bytes: event.totalBytes };
    case 'progress':
      return {
        status: 'progress',
        done_blobs: event.doneBlobs,
        blobs: event.blobs,
        bytes: event.bytes,
        total_bytes: event.totalBytes,
      };
    case 'retrying':
      return { status: 'retrying', digest: event.digest, reason: event.reason };
  }
}

/** @throws {BerthError} `invalid` */
function credentialsIn({ username, password }: PullBody): { username: string; password: string } | undefined {
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) {
    throw new BerthError('invalid', 'username and password go together');
  }
  if (username.includes(':')) throw new BerthError('invalid', 'username: must have no colon');
  return { username, password };
}
