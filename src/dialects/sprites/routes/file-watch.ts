import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Check } from 'typebox/schema';
import { type FileChange, FileError, type LiveSandbox } from '../../../engine/index.ts';
import { acceptWebSocket } from '../../../http/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, sandboxOf } from '../access.ts';
import { pathOf } from '../files/parameters.ts';
import { spriteParams } from '../schemas.ts';
import { closeCodes, TextSocket } from '../sockets/text-socket.ts';
import { requireUpgrade } from '../sockets/upgrade.ts';

const maxMessageBytes = 256 * 1024;
const subscribeTimeoutMs = 10_000;

const subscription = Type.Object({
  type: Type.Literal('subscribe'),
  paths: Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { minItems: 1, maxItems: 256 }),
  recursive: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  workingDir: Type.Optional(Type.Union([Type.String({ maxLength: 4096 }), Type.Null()])),
});
type Subscription = Type.Static<typeof subscription>;

/** Changes of a sprite's files, told over a WebSocket. */
export function fileWatchRoute(app: FastifyInstance, access: AccessChecks): void {
  app.get(
    '/sprites/:name/fs/watch',
    { onRequest: [...access.sprite], schema: { summary: 'Watch files', params: spriteParams } },
    async (request, reply) => {
      requireUpgrade(request);
      const accepted = await acceptWebSocket(request, reply, { maxMessageBytes });
      const socket = new TextSocket(accepted, request.server.closing);
      const message = await socket.first(subscribeTimeoutMs);
      if (message !== undefined && Check(subscription, message)) {
        await watch(socket, sandboxOf(request), message);
      } else {
        const expected = '{"type":"subscribe","paths":["…"],"recursive":true,"workingDir":"/"}';
        socket.tell({ type: 'error', message: `the first message must be ${expected}` });
        socket.close(closeCodes.badStart);
      }
      return reply;
    },
  );
}

async function watch(socket: TextSocket, sandbox: LiveSandbox, wanted: Subscription): Promise<void> {
  // What is told while paths are still added comes after the answer.
  const waiting: object[] = [];
  let tell = (message: object): void => void waiting.push(message);
  try {
    const paths = wanted.paths.map(path => pathOf('paths', path, wanted.workingDir ?? undefined));
    const close = await sandbox.fileWatches.open({
      paths,
      recursive: wanted.recursive ?? false,
      onChange: change => tell(eventShape(change)),
      onTrouble: text => tell({ type: 'error', message: text }),
      onEnd: () => socket.close(closeCodes.serverStops),
      signal: socket.gone,
    });
    if (socket.gone.aborted) return await close();
    socket.gone.addEventListener('abort', () => void close());
    socket.tell({ type: 'subscribed', paths });
    tell = message => socket.tell(message);
    for (const message of waiting) tell(message);
  } catch (error) {
    if (socket.gone.aborted) return;
    const isTold = error instanceof FileError || error instanceof BerthError;
    if (isTold) socket.tell({ type: 'error', message: error.message });
    socket.close(isTold ? closeCodes.badStart : closeCodes.serverStops);
    if (!isTold) throw error;
  }
}

function eventShape({ path, event, sizeBytes, isDir }: FileChange): object {
  return { type: 'event', path, event, timestamp: new Date().toISOString(), size: sizeBytes, isDir };
}
