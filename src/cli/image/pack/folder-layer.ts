import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { paddingOf, type TarEntry } from '../../../lib/tar/entry.ts';
import { endOfArchive, formatHeader } from '../../../lib/tar/format-tar.ts';
import { CommandError } from '../../command-error.ts';
import type { IgnoreRules } from './ignore-file.ts';

/**
 * A folder as a layer: the same content gives the same bytes on every machine. Names are in order; times, owners and
 * what is particular about modes are left out. Sockets, devices and the like are not taken.
 * @param target absolute folder of the image that its content is to be in
 * @throws {CommandError} when a file changes while it is read
 */
export async function* folderLayer(
  folder: string,
  target: string,
  rules: IgnoreRules,
): AsyncGenerator<Buffer> {
  const parts = target.split('/').filter(part => part !== '' && part !== '.');
  for (let depth = 1; depth <= parts.length; depth++)
    yield header({ name: `${parts.slice(0, depth).join('/')}/`, type: 'folder', mode: 0o755 });
  const prefix = parts.length === 0 ? '' : `${parts.join('/')}/`;
  yield* members(folder, '', prefix, rules);
  yield endOfArchive;
}

async function* members(
  root: string,
  path: string,
  prefix: string,
  rules: IgnoreRules,
): AsyncGenerator<Buffer> {
  const names = (await readdir(join(root, path))).toSorted((a, b) => (a < b ? -1 : 1));
  for (const own of names) {
    const relative = path === '' ? own : `${path}/${own}`;
    const isIgnored = rules.ignores(relative);
    const full = join(root, relative);
    const found = await lstat(full);
    // Names are bytes in an archive.
    const name = Buffer.from(prefix + relative, 'utf8').toString('latin1');
    if (found.isDirectory()) {
      if (isIgnored && !rules.hasExceptions) continue;
      if (!isIgnored) yield header({ name: `${name}/`, type: 'folder', mode: 0o755 });
      yield* members(root, relative, prefix, rules);
    } else if (isIgnored) {
      // Left out.
    } else if (found.isSymbolicLink()) {
      const to = Buffer.from(await readlink(full), 'utf8').toString('latin1');
      yield header({ name, type: 'symbolic-link', target: to, mode: 0o777 });
    } else if (found.isFile()) {
      yield header({
        name,
        type: 'file',
        mode: (found.mode & 0o111) === 0 ? 0o644 : 0o755,
        sizeBytes: found.size,
      });
      yield* content(full, found.size);
      yield Buffer.alloc(paddingOf(found.size));
    }
  }
}

async function* content(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  if (sizeBytes === 0) return;
  let read = 0;
  for await (const chunk of createReadStream(path, { end: sizeBytes - 1 }) as AsyncIterable<Buffer>) {
    read += chunk.length;
    yield chunk;
  }
  if (read !== sizeBytes) throw new CommandError(`${path} became shorter while it was read. Try again.`);
}

function header(entry: Partial<TarEntry> & Pick<TarEntry, 'name' | 'type' | 'mode'>): Buffer {
  return formatHeader({
    target: '',
    uid: 0,
    gid: 0,
    modifiedAt: 0,
    sizeBytes: 0,
    attributes: new Map(),
    ...entry,
  });
}
