import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { BerthError } from '../lib/errors.ts';
import { Slots } from '../lib/turns.ts';
import {
  defaultPasswordCost,
  maxPasswordBytes,
  maxPasswordsWaiting,
  minPasswordLength,
  type PasswordCost,
  passwordsAtOnce,
} from './limits.ts';

const derive = promisify(argon2);
const saltBytes = 16;
const tagBytes = 32;

/** @throws {BerthError} `invalid`, with the rule that was broken */
export function checkPassword(password: string): void {
  if (Array.from(password).length < minPasswordLength) {
    throw new BerthError('invalid', `password: must have at least ${minPasswordLength} characters`);
  }
  if (Buffer.byteLength(password) > maxPasswordBytes) {
    throw new BerthError('invalid', `password: must have at most ${maxPasswordBytes} bytes`);
  }
}

/** Hashes passwords, a few at a time. */
export class Passwords {
  readonly #cost: PasswordCost;
  readonly #slots = new Slots(passwordsAtOnce);
  #underWay = 0;
  #standIn: Promise<string> | undefined;

  constructor(cost = defaultPasswordCost) {
    this.#cost = cost;
  }

  /**
   * argon2id with a salt of its own, in PHC's form: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
   * @throws {BerthError} `no-capacity` when too many wait
   */
  async hash(password: string): Promise<string> {
    const { memoryKib, passes, parallelism } = this.#cost;
    const salt = randomBytes(saltBytes);
    const tag = await this.#derive(password, { memoryKib, passes, parallelism, salt });
    return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
  }

  /**
   * Takes as long for a user that does not exist (`hash` undefined) as for one that does.
   * @throws {BerthError} `no-capacity` when too many wait
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    if (Buffer.byteLength(password) > maxPasswordBytes) return false;
    this.#standIn ??= this.hash(randomBytes(saltBytes).toString('hex'));
    const stored = parse(hash ?? (await this.#standIn));
    const tag = await this.#derive(password, stored);
    const same = tag.length === stored.tag.length && timingSafeEqual(tag, stored.tag);
    return same && hash !== undefined;
  }

  async #derive(password: string, { memoryKib, passes, parallelism, salt }: Salted): Promise<Buffer> {
    if (this.#underWay >= maxPasswordsWaiting) {
      throw new BerthError('no-capacity', 'too many people log in at the moment; try again');
    }
    this.#underWay += 1;
    try {
      return await this.#slots.run(() =>
        derive('argon2id', {
          // The same letters are typed as different code points on different machines.
          message: password.normalize('NFKC'),
          nonce: salt,
          memory: memoryKib,
          passes,
          parallelism,
          tagLength: tagBytes,
        }),
      );
    } finally {
      this.#underWay -= 1;
    }
  }
}

interface Salted extends PasswordCost {
  readonly salt: Buffer;
}

function parse(hash: string): Salted & { readonly tag: Buffer } {
  const [, memory, passes, parallelism, salt = '', tag = ''] =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(hash) ?? [];
  if (memory === undefined) throw new Error('a stored password hash has an unknown form');
  return {
    memoryKib: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
