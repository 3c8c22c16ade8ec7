import { CommandError } from '../../command-error.ts';

/** Where something is copied from or to. */
export type Place =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'stream' }
  | { readonly kind: 'sprite'; readonly name: string; readonly path: string };

/**
 * `NAME:PATH` is in a sprite, `-` is stdin or stdout, all else is here; so is what begins with a dot or a slash.
 * @throws {CommandError} when the path in the sprite is missing
 */
export function parsePlace(text: string): Place {
  if (text === '-') return { kind: 'stream' };
  const [, name, path] = /^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?):(.*)$/s.exec(text) ?? [];
  if (name === undefined || path === undefined) return { kind: 'local', path: text };
  if (path === '') throw new CommandError(`the path after ${name}: is missing, such as ${name}:notes.txt`, 2);
  return { kind: 'sprite', name, path };
}
