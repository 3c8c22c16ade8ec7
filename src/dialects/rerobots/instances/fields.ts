import { RerobotsError } from '../errors.ts';

type Body = Readonly<Record<string, unknown>>;

/** Fields of a request for an instance, each with its published refusal. */
export class Fields {
  readonly #body: Body;

  constructor(body: Body) {
    this.#body = body;
  }

  flag(name: string): boolean {
    return this.#read(name, value => typeof value === 'boolean') ?? false;
  }

  text(name: string): string | undefined {
    return this.#read(name, value => typeof value === 'string');
  }

  /** A whole number from 1 to `max`. */
  count(name: string, max: number): number | undefined {
    const count = this.#read<number>(name, Number.isInteger);
    if (count === undefined) return undefined;
    if (count < 1) throw refused(name, 'must be positive');
    if (count > max) throw refused(name, 'too large');
    return count;
  }

  object(name: string): Body | undefined {
    return this.#read(name, value => typeof value === 'object' && value !== null && !Array.isArray(value));
  }

  #read<Value>(name: string, fits: (value: unknown) => boolean): Value | undefined {
    const value = Object.hasOwn(this.#body, name) ? this.#body[name] : undefined;
    if (value === undefined) return undefined;
    if (!fits(value)) throw wrongType(name);
    return value as Value;
  }
}

export function wrongType(name: string): RerobotsError {
  return refused(name, 'has wrong type');
}

export function refused(name: string, why: string): RerobotsError {
  return new RerobotsError(400, `value for option \`${name}\` ${why}`);
}
