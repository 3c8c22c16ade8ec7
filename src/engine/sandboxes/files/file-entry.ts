import type { Folder } from './folder.ts';

export type FileType = 'file' | 'directory' | 'symlink' | 'other';

export interface FileEntry {
  readonly name: string;
  readonly path: string;
  readonly type: FileType;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedAt: Date;
  readonly isDir: boolean;
}

const permissionBits = 0o7777;

/** What is known of a name in a folder. */
export async function entryOf(folder: Folder, name: string, path: string): Promise<FileEntry> {
  const stats = await folder.statOf(name);
  const isDir = stats.isDirectory();
  const type = isDir ? 'directory' : stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'symlink' : 'other';
  return {
    name,
    path,
    type,
    size: stats.size,
    mode: stats.mode & permissionBits,
    modifiedAt: stats.mtime,
    isDir,
  };
}

/**
 * Whether a name fits a pattern of `*`, `?` and `[…]`. It takes time in proportion to both, whatever they are.
 */
export function isMatch(name: string, pattern: string): boolean {
  return matchFrom(Array.from(name), tokensOf(pattern));
}

type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'one'; readonly fits: (character: string) => boolean };

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') tokens.push({ kind: 'star' });
    else if (character === '?') tokens.push({ kind: 'one', fits: () => true });
    else if (character === '[' && characters.indexOf(']', at + 2) > 0) {
      const end = characters.indexOf(']', at + 2);
      tokens.push({ kind: 'one', fits: setOf(characters.slice(at + 1, end)) });
      at = end;
    } else tokens.push({ kind: 'one', fits: other => other === character });
  }
  return tokens;
}

function setOf(characters: readonly string[]): (character: string) => boolean {
  const negated = characters[0] === '!' || characters[0] === '^';
  const members = negated ? characters.slice(1) : characters;
  return character => {
    for (let at = 0; at < members.length; at++) {
      const [from = '', dash, to] = members.slice(at, at + 3);
      if (dash === '-' && to !== undefined) {
        if (from <= character && character <= to) return !negated;
        at += 2;
      } else if (from === character) return !negated;
    }
    return negated;
  };
}

/** A star that was passed is tried with one character more; earlier ones never have to be. */
function matchFrom(name: readonly string[], tokens: readonly Token[]): boolean {
  let [at, token, star, starAt] = [0, 0, -1, 0];
  while (at < name.length) {
    const next = tokens[token];
    if (next?.kind === 'one' && next.fits(name[at] ?? '')) {
      at++;
      token++;
    } else if (next?.kind === 'star') {
      star = token++;
      starAt = at;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token]?.kind === 'star') token++;
  return token === tokens.length;
}
