import { CommandError } from '../command-error.ts';
import type { Connection } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

/** The image of a service that a command makes or takes. */
export interface ImageTarget {
  readonly service: string;
  /** Tag or digest; undefined where none was named. */
  readonly reference?: string;
}

/** `SERVICE`, `SERVICE:TAG` or `SERVICE@DIGEST`. @throws {CommandError} */
export function parseTarget(text: string): ImageTarget {
  const [, service, tag, digest] =
    /^([a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127})|@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/.exec(
      text,
    ) ?? [];
  if (service === undefined) {
    throw new CommandError(`"${text}" must look like SERVICE, SERVICE:TAG or SERVICE@sha256:…`, 2);
  }
  const reference = tag ?? digest;
  return { service, ...(reference !== undefined && { reference }) };
}

/** The same for a new image, which is named by its tag, `latest` by default. @throws {CommandError} */
export function parseNewTarget(text: string, defaultTag = 'latest'): { service: string; tag: string } {
  const { service, reference = defaultTag } = parseTarget(text);
  if (reference.includes(':')) {
    throw new CommandError(`"${text}": a new image gets a tag, SERVICE:TAG; its digest follows from it`, 2);
  }
  return { service, tag: reference };
}

/** Creates the service where the account does not have it, and says so. */
export async function ensureService(
  { client, account }: Connection,
  name: string,
  terminal: Terminal,
): Promise<void> {
  const owner = await account();
  if ((await client.services.list(owner)).includes(name)) return;
  await client.services.create(owner, { name });
  await terminal.err(`Service ${name} is new.`);
}

/** The last part of a name or path as the name of a service; undefined where it makes none. */
export function serviceNameIn(text: string): string | undefined {
  const name = (text.split('/').at(-1) ?? '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? undefined : name.slice(0, 63);
}

/** How a new image is spawned. */
export function spawnHint(service: string, tag: string): string {
  return `berth spawn ${service}${tag === 'latest' ? '' : ` --tag ${tag}`}`;
}
