import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { TarEntry } from '../../../lib/tar/entry.ts';
import { readTar } from '../../../lib/tar/read-tar.ts';
import { magicBytes, type Packing, packingOf, unpacked } from '../../../lib/unpacked.ts';
import { CommandError } from '../../command-error.ts';

/** A file that images or root file systems are kept in. */
export interface Archive {
  readonly path: string;
  readonly packing: Packing;
  /** `oci`: an OCI layout; `docker`: as `docker save` writes it; `root`: a root file system. */
  readonly kind: 'oci' | 'docker' | 'root';
  /** Digest of the plain archive. */
  readonly diffId: string;
  /** Small JSON members by name. */
  readonly documents: ReadonlyMap<string, Buffer>;
  /** Members that are links, by name. */
  readonly links: ReadonlyMap<string, string>;
}

const documentNames =
  /^(?:index\.json|manifest\.json|oci-layout|[0-9a-f]{64}\.json|blobs\/sha256\/[0-9a-f]{64})$/;
const maxDocumentBytes = 4 * 1024 * 1024;
const maxDocumentsBytes = 64 * 1024 * 1024;

/** Reads an archive once, and tells what it is. @throws {CommandError} */
export async function openArchive(path: string): Promise<Archive> {
  const packing = await readPacking(path);
  const hash = createHash('sha256');
  const documents = new Map<string, Buffer>();
  const links = new Map<string, string>();
  let documentsBytes = 0;
  let count = 0;
  const hashed = async function* () {
    for await (const chunk of plainChunks(path, packing)) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await readMembers(path, hashed(), async (entry, content) => {
    count += 1;
    const name = memberName(entry);
    if (entry.type === 'symbolic-link') links.set(name, entry.target);
    const isDocument =
      entry.type === 'file' && documentNames.test(name) && entry.sizeBytes <= maxDocumentBytes;
    if (!isDocument || documentsBytes > maxDocumentsBytes) return;
    const bytes = Buffer.concat(await Array.fromAsync(content));
    if (bytes[0] !== 0x7b && bytes[0] !== 0x5b) return; // { or [
    documents.set(name, bytes);
    documentsBytes += bytes.length;
  });
  if (count === 0) throw new CommandError(`${path} has nothing in it`);
  const isOci = documents.has('oci-layout') && documents.has('index.json');
  const kind = isOci ? 'oci' : documents.has('manifest.json') ? 'docker' : 'root';
  return { path, packing, kind, diffId: `sha256:${hash.digest('hex')}`, documents, links };
}

/** Reads it again, member by member. */
export async function eachMember(
  { path, packing }: Archive,
  take: (name: string, content: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  await readMembers(path, plainChunks(path, packing), async (entry, content) => {
    if (entry.type === 'file') await take(memberName(entry), content);
  });
}

/** The whole file, packed as it is. */
export function packedChunks({ path }: Archive): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>;
}

/** The whole file, unpacked. */
export function plainChunks(path: string, packing: Packing): AsyncIterable<Buffer> {
  return unpacked(createReadStream(path, { highWaterMark: chunkBytes }), packing) as AsyncIterable<Buffer>;
}

const chunkBytes = 256 * 1024;

async function readPacking(path: string): Promise<Packing> {
  try {
    await using file = await open(path, 'r');
    if (!(await file.stat()).isFile()) throw new CommandError(`${path} is no file`);
    const start = Buffer.alloc(magicBytes);
    await file.read(start, 0, magicBytes, 0);
    return packingOf(start);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${path} can't be read: ${(error as Error).message}`);
  }
}

async function readMembers(
  path: string,
  chunks: AsyncIterable<Buffer>,
  take: Parameters<typeof readTar>[1],
): Promise<void> {
  let failure: unknown;
  try {
    await readTar(chunks, async (entry, content) => {
      try {
        await take(entry, content);
      } catch (error) {
        failure = error;
        throw error;
      }
    });
  } catch (error) {
    if (failure !== undefined) throw failure;
    throw new CommandError(`${path} can't be imported: ${(error as Error).message}`);
  }
}

function memberName({ name }: TarEntry): string {
  return name.replace(/^(?:\.?\/)+/, '');
}
