import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { SandboxFiles } from '../../../engine/index.ts';
import { beginRawAnswer, clientGone } from '../../../http/index.ts';
import { type AccessChecks, sandboxOf } from '../access.ts';
import { SpritesError } from '../errors.ts';
import { accountNumber } from '../files/account-number.ts';
import { byteRange } from '../files/byte-range.ts';
import { entryShape } from '../files/entry-shape.ts';
import {
  type CommonFields,
  commonFields,
  type FileQuery,
  type Flag,
  fileQuery,
  isSet,
  modeOf,
  octal,
  pathOf,
} from '../files/parameters.ts';
import { spriteParams } from '../schemas.ts';

const defaultMode = '0644';
const text = Type.Optional(Type.String({ maxLength: 16_384 }));
const flag = Type.Optional(Type.Union([Type.Boolean(), Type.Literal('true'), Type.Literal('false')]));
const numberOrName = Type.Optional(
  Type.Union([Type.Integer({ minimum: 0, maximum: 0xffff_fffe }), Type.String({ maxLength: 64 })]),
);

const moveBody = Type.Object({
  ...commonFields,
  source: text,
  dest: text,
  recursive: flag,
  preserveAttrs: flag,
});
type MoveBody = Type.Static<typeof moveBody>;
const changeBody = Type.Object({
  ...commonFields,
  path: text,
  mode: text,
  uid: numberOrName,
  gid: numberOrName,
  recursive: flag,
});
type ChangeBody = Type.Static<typeof changeBody>;

/** Files of a sprite, read and changed from outside. */
export function fileRoutes(app: FastifyInstance, access: AccessChecks): void {
  const options = (summary: string, more: object = {}) => ({
    onRequest: [...access.sprite],
    schema: { summary, params: spriteParams, ...more },
  });

  app.get<{ Querystring: FileQuery }>(
    '/sprites/:name/fs/read',
    options('Read a file', { querystring: fileQuery }),
    async (request, reply) => {
      const { query } = request;
      const path = pathOf('path', query.path, query.workingDir);
      await withFiles(request, reply, query, files => sendFile(request, reply, files, path));
      return reply;
    },
  );

  app.get<{ Querystring: FileQuery }>(
    '/sprites/:name/fs/list',
    options('List a folder', { querystring: fileQuery }),
    async (request, reply) => {
      const { query } = request;
      const path = pathOf('path', query.path, query.workingDir);
      const entries = await withFiles(request, reply, query, files =>
        files.list(path, {
          recursive: isSet(query.recursive),
          ...(query.pattern !== undefined && query.pattern !== '' && { pattern: query.pattern }),
        }),
      );
      return { path, entries: entries.map(entryShape), count: entries.length };
    },
  );

  app.delete<{ Querystring: FileQuery }>(
    '/sprites/:name/fs/delete',
    options('Delete a file or folder', { querystring: fileQuery }),
    async (request, reply) => {
      const { query } = request;
      const path = pathOf('path', query.path, query.workingDir);
      const deleted = await withFiles(request, reply, query, files =>
        files.delete(path, { recursive: isSet(query.recursive) }),
      );
      return { deleted, count: deleted.length };
    },
  );

  app.post<{ Body: MoveBody }>(
    '/sprites/:name/fs/rename',
    options('Rename a file or folder', { body: moveBody }),
    async (request, reply) => {
      const { body } = request;
      const source = pathOf('source', body.source, body.workingDir);
      const dest = pathOf('dest', body.dest, body.workingDir);
      await withFiles(request, reply, body, files => files.rename(source, dest));
      return { source, dest };
    },
  );

  app.post<{ Body: MoveBody }>(
    '/sprites/:name/fs/copy',
    options('Copy a file or folder', { body: moveBody }),
    async (request, reply) => {
      const { body } = request;
      const source = pathOf('source', body.source, body.workingDir);
      const dest = pathOf('dest', body.dest, body.workingDir);
      const { copied, totalBytes } = await withFiles(request, reply, body, files =>
        files.copy(source, dest, {
          recursive: isSet(body.recursive),
          keepAttributes: isSet(body.preserveAttrs),
        }),
      );
      return { copied, count: copied.length, totalBytes };
    },
  );

  app.post<{ Body: ChangeBody }>(
    '/sprites/:name/fs/chmod',
    options('Change the mode of files', { body: changeBody }),
    async (request, reply) => {
      const { body } = request;
      const path = pathOf('path', body.path, body.workingDir);
      const mode = modeOf(body.mode ?? '');
      const changed = await withFiles(request, reply, body, files =>
        files.chmod(path, mode, isSet(body.recursive)),
      );
      return { affected: changed.map(each => ({ path: each, mode: octal(mode) })), count: changed.length };
    },
  );

  app.post<{ Body: ChangeBody }>(
    '/sprites/:name/fs/chown',
    options('Change the owner of files', { body: changeBody }),
    async (request, reply) => {
      const { body } = request;
      const path = pathOf('path', body.path, body.workingDir);
      if (body.uid === undefined && body.gid === undefined) {
        throw new SpritesError(400, 'invalid request', 'uid, gid: at least one of them is required');
      }
      const { changed, owner } = await withFiles(request, reply, body, async files => {
        const uid = await accountNumber(files, 'uid', body.uid);
        const gid = await accountNumber(files, 'gid', body.gid);
        const owner = { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
        return { owner, changed: await files.chown(path, owner, isSet(body.recursive)) };
      });
      return { affected: changed.map(each => ({ path: each, ...owner })), count: changed.length };
    },
  );
}

/** For an app that hands out bodies as streams. */
export function fileWriteRoute(app: FastifyInstance, access: AccessChecks, maxBytes: number): void {
  app.put<{ Querystring: FileQuery; Body: Readable | undefined }>(
    '/sprites/:name/fs/write',
    {
      onRequest: [...access.sprite],
      bodyLimit: maxBytes,
      schema: { summary: 'Write a file', params: spriteParams, querystring: fileQuery },
    },
    async (request, reply) => {
      const { query } = request;
      const path = pathOf('path', query.path, query.workingDir);
      const mode = modeOf(query.mode === undefined || query.mode === '' ? defaultMode : query.mode);
      const makeParents = isSet(query.mkdirParents) || isSet(query.mkdir);
      const content = bounded(request.body ?? Readable.from([]), maxBytes);
      const { size } = await withFiles(request, reply, query, files =>
        files.write(path, content, { mode, makeParents }),
      );
      return { path, size, mode: octal(mode) };
    },
  );
}

function withFiles<Result>(
  request: FastifyRequest,
  reply: FastifyReply,
  { asRoot }: { readonly asRoot?: Flag } & CommonFields,
  task: (files: SandboxFiles) => Promise<Result>,
): Promise<Result> {
  return sandboxOf(request).withFiles(isSet(asRoot), task, clientGone(reply));
}

/** @throws {SpritesError} 413 */
async function* bounded(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new SpritesError(413, 'request too large', `a file may have ${maxBytes} bytes`);
    }
    yield chunk;
  }
}

async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  files: SandboxFiles,
  path: string,
): Promise<void> {
  const file = await files.openFile(path);
  try {
    const range = byteRange(request.headers.range, file.sizeBytes);
    if (range === 'unsatisfiable') {
      throw new SpritesError(416, 'invalid range', `range: the file has ${file.sizeBytes} bytes`, {
        'content-range': `bytes */${file.sizeBytes}`,
      });
    }
    const length = range === undefined ? file.sizeBytes : range.end - range.start + 1;
    const raw = beginRawAnswer(reply, range === undefined ? 200 : 206, {
      'content-type': 'application/octet-stream',
      'content-length': length,
      'accept-ranges': 'bytes',
      'last-modified': file.modifiedAt.toUTCString(),
      ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${file.sizeBytes}` }),
    });
    // A file that grows meanwhile is sent as long as it was; one that shrinks breaks off.
    const whole = { start: 0, end: file.sizeBytes - 1 };
    if (length === 0) raw.end();
    else await pipeline(file.content(range ?? whole), raw).catch(() => raw.destroy());
  } finally {
    await file.close();
  }
}
