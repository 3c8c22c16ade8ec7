import type { ErrorTable } from './errors.ts';

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
  readonly errors: ErrorTable;
  /** Web pages of any origin may read what is answered here, errors too. */
  readonly anyOrigin: boolean;
}

/** Which paths have routes, so that another method is told from an unknown path. */
export class KnownPaths {
  readonly #paths = new Map<string, KnownPath>();

  /** @param path with parameters as `:name` */
  add(path: string, methods: readonly string[], errors: ErrorTable, anyOrigin: boolean): void {
    const known = this.#paths.get(path) ?? {
      pattern: patternOf(path),
      methods: new Set(['OPTIONS']),
      errors,
      anyOrigin,
    };
    for (const method of methods) known.methods.add(method);
    this.#paths.set(path, known);
  }

  /** What is allowed at a path, in one dialect's words; undefined for an unknown path. */
  find(url: string): (Pick<KnownPath, 'errors' | 'anyOrigin'> & { readonly allow: string }) | undefined {
    const [path = ''] = url.split('?', 1);
    const known = [...this.#paths.values()].filter(({ pattern }) => pattern.test(path));
    const [first] = known;
    if (first === undefined) return undefined;
    // A path may fit several patterns; a name that one of them has may be any value of another's parameter.
    const allowed = new Set(known.flatMap(({ methods }) => [...methods]));
    return { allow: [...allowed].join(', '), errors: first.errors, anyOrigin: first.anyOrigin };
  }

  /** In whose words an unknown path is refused: of a dialect whose paths begin with the same two names. */
  wordingNear(url: string): ErrorTable | undefined {
    const [path = ''] = url.split('?', 1);
    const names = path.split('/', 3);
    if (names.length < 3) return undefined;
    const beginning = `${names.join('/')}/`;
    return [...this.#paths].find(([known]) => `${known}/`.startsWith(beginning))?.[1].errors;
  }

  /** All paths, as they were added. */
  list(): string[] {
    return [...this.#paths.keys()];
  }
}

function patternOf(path: string): RegExp {
  const parts = path.split('/').map(part => (part.startsWith(':') ? '[^/]+' : RegExp.escape(part)));
  return new RegExp(`^${parts.join('/')}/?$`);
}
