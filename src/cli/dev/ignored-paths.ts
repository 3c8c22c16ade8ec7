import { readFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';

interface Rule {
  readonly pattern: string;
  readonly ignores: boolean;
}

/** Which paths of a project do not matter: what no program reads while it is worked on, and `.dockerignore`. */
export class IgnoredPaths {
  readonly #rules: readonly Rule[];

  /** @param text of a `.dockerignore`: a pattern each line, the last one that fits decides */
  constructor(text = '') {
    const always = ['**/node_modules', '**/.git', '**/.berth'].map(pattern => ({ pattern, ignores: true }));
    const lines = text.split(/\r?\n/).map(line => line.trim());
    const own = lines.filter(line => line !== '' && !line.startsWith('#')).map(ruleOf);
    this.#rules = [...own, ...always];
  }

  static async of(folder: string): Promise<IgnoredPaths> {
    return new IgnoredPaths(await readFile(join(folder, '.dockerignore'), 'utf8').catch(() => ''));
  }

  /** @param path relative to the project, with slashes; what is below an ignored folder is ignored, too */
  has(path: string): boolean {
    const parts = path.split('/');
    const itselfAndAbove = parts.map((_, at) => parts.slice(0, at + 1).join('/'));
    return this.#rules.reduce(
      (ignored, { pattern, ignores }) =>
        itselfAndAbove.some(each => matchesGlob(each, pattern)) ? ignores : ignored,
      false,
    );
  }
}

function ruleOf(line: string): Rule {
  const ignores = !line.startsWith('!');
  const pattern = (ignores ? line : line.slice(1)).trim().replace(/^\/+|\/+$/g, '');
  return { pattern, ignores };
}
