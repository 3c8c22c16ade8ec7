/** Where a value comes from. */
export type Origin =
  | { readonly source: 'flag'; readonly flag: string }
  | { readonly source: 'environment'; readonly variable: string }
  | { readonly source: 'file'; readonly path: string; readonly line: number }
  | { readonly source: 'default' };

export function describeOrigin(origin: Origin): string {
  switch (origin.source) {
    case 'flag':
      return origin.flag;
    case 'environment':
      return origin.variable;
    case 'file':
      return `${origin.path}:${origin.line}`;
    case 'default':
      return 'default';
  }
}

/** A value as it was given, not checked yet. `name` need not be that of a setting. */
export interface Given {
  readonly name: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** Why the settings can't be used, for the person who wrote them. */
export interface SettingProblem {
  readonly name: string;
  /** A whole sentence that names the setting, the value, what it should be, and where it stands. */
  readonly message: string;
}
