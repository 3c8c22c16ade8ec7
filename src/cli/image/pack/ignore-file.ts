import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const ignoreFileName = '.dockerignore';

interface Rule {
  readonly pattern: RegExp;
  /** An exception (`!`): what it names is taken after all. */
  readonly takes: boolean;
}

/** What of a folder is left out of an image, by the rules of `.dockerignore`. */
export class IgnoreRules {
  readonly #rules: readonly Rule[];

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** Of the folder's own file; none where it has none. */
  static async of(folder: string): Promise<IgnoreRules> {
    const text = await readFile(join(folder, ignoreFileName), 'utf8').catch(() => '');
    return parseIgnoreFile(text);
  }

  /** Something in a folder that is left out may be taken. */
  get hasExceptions(): boolean {
    return this.#rules.some(({ takes }) => takes);
  }

  /** @param path relative, with slashes */
  ignores(path: string): boolean {
    const parts = path.split('/');
    const paths = parts.map((_, at) => parts.slice(0, at + 1).join('/'));
    let isIgnored = false;
    // The last rule that fits decides; one that fits a folder is about all that is in it.
    for (const { pattern, takes } of this.#rules) {
      if (takes === isIgnored && paths.some(one => pattern.test(one))) isIgnored = !takes;
    }
    return isIgnored;
  }
}

/** Lines of patterns: `*`, `?`, `[a-z]`, `**` for any folders, `!` for exceptions, `#` for comments. */
export function parseIgnoreFile(text: string): IgnoreRules {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter(line => !line.startsWith('#'))
    .map(line => line.trim())
    .filter(line => line !== '' && line !== '!')
    .map(line => {
      const takes = line.startsWith('!');
      const parts = (takes ? line.slice(1) : line)
        .trim()
        .split('/')
        .filter(part => part !== '' && part !== '.');
      return { pattern: new RegExp(`^${parts.map(partSource).join('')}$`), takes };
    });
  return new IgnoreRules(rules);
}

/** With the slash before it, but for the first one and after `**`, which has its own. */
function partSource(part: string, at: number, parts: readonly string[]): string {
  const isLast = at === parts.length - 1;
  if (part === '**')
    return isLast ? `${at === 0 ? '' : '/'}.*` : `${at === 0 || parts[at - 1] === '**' ? '' : '/'}(?:.*/)?`;
  const slash = at === 0 || parts[at - 1] === '**' ? '' : '/';
  let source = '';
  for (let rest = part; rest !== ''; ) {
    const token = /^(?:\*+|\?|\[(?:[^\]\\]|\\.)+\]|\\.|.)/su.exec(rest)?.[0] ?? rest;
    source += tokenSource(token);
    rest = rest.slice(token.length);
  }
  return slash + source;
}

function tokenSource(token: string): string {
  if (token.startsWith('*')) return token.length > 1 ? '.*' : '[^/]*';
  if (token === '?') return '[^/]';
  if (token.startsWith('[') && token.length > 1) {
    const isNegated = token[1] === '^';
    const inner = token.slice(isNegated ? 2 : 1, -1).replaceAll(/[[\]^]/g, '\\$&');
    return `[${isNegated ? '^/' : ''}${inner}]`;
  }
  const literal = token.startsWith('\\') && token.length > 1 ? token.slice(1) : token;
  return literal.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
