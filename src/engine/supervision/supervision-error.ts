export type SupervisionErrorCode =
  | 'unknown-unit'
  /** A need that is not defined. */
  | 'unknown-need'
  /** Needs that lead back to where they began. */
  | 'cyclic-needs'
  /** Others that need it are running, or are defined to need it. */
  | 'in-use'
  | 'not-running';

/** A request that can't be done as things are. Nothing has changed. */
export class SupervisionError extends Error {
  readonly code: SupervisionErrorCode;
  /** Names of the units that stand in the way: the unknown ones, the cycle in order, the dependants. */
  readonly units: readonly string[];

  constructor(code: SupervisionErrorCode, message: string, units: readonly string[] = []) {
    super(message);
    this.name = 'SupervisionError';
    this.code = code;
    this.units = units;
  }
}

export function unknownUnit(name: string): SupervisionError {
  return new SupervisionError('unknown-unit', `there is no "${name}"`, [name]);
}

/** Thrown by the owner's `start`: the process could not be launched, for a reason that the user may read. */
export class LaunchError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LaunchError';
  }
}

export function quoted(names: readonly string[]): string {
  return names.map(name => `"${name}"`).join(', ');
}
