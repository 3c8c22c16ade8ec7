import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Identity, Principal } from '../../identity/index.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';

export interface Caller {
  readonly principal: Principal;
  /** The account that an administrator says to act for, by using its name to sign in. */
  readonly asAccount?: string;
}

export interface RegistryToken {
  readonly text: string;
  readonly issuedAt: Date;
  readonly expiresInSeconds: number;
}

const lifetimeSeconds = 300;
const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** What a registry token stands for. */
interface Claims {
  /** The API token, so that its revocation is in force at once. */
  readonly token: string;
  readonly asAccount?: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Who a request to the registry comes from: Docker's ways to sign in, on top of API tokens. Registry tokens are
 * sealed with a key of this process and not remembered; after a restart clients get new ones by themselves.
 */
export class Credentials {
  readonly #identity: Pick<Identity, 'authenticate'>;
  readonly #clock: Clock;
  readonly #key = randomBytes(32);

  constructor(identity: Pick<Identity, 'authenticate'>, clock: Clock = systemClock) {
    this.#identity = identity;
    this.#clock = clock;
  }

  /** @param header of a request; undefined when it has none */
  async caller(header: string | undefined): Promise<Caller | undefined> {
    const [, scheme = '', credentials = ''] = /^(\w+) +(\S+) *$/.exec(header ?? '') ?? [];
    if (/^basic$/i.test(scheme)) return (await this.signIn(header))?.caller;
    if (!/^bearer$/i.test(scheme)) return undefined;
    const claims = this.#unseal(credentials);
    const principal = await this.#identity.authenticate(claims?.token ?? credentials);
    return (
      principal && { principal, ...(claims?.asAccount !== undefined && { asAccount: claims.asAccount }) }
    );
  }

  /**
   * Basic credentials: the account's name and its token, or the two parts of a token.
   * @returns undefined when they are neither
   */
  async signIn(header: string | undefined): Promise<{ caller: Caller; token: string } | undefined> {
    const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? '')?.[1];
    if (encoded === undefined) return undefined;
    const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
    const password = rest.join(':');

    const owner = await this.#identity.authenticate(password);
    if (owner !== undefined && (owner.account.name === user || owner.mayActAs(user, user))) {
      return { caller: { principal: owner, asAccount: user }, token: password };
    }
    if (user.includes('.')) return undefined; // tokens are cut at their first dot
    const token = `${user}.${password}`;
    const principal = await this.#identity.authenticate(token);
    return principal && { caller: { principal }, token };
  }

  issue(token: string, { asAccount }: Caller): RegistryToken {
    const issuedAt = this.#clock.now();
    const expiresAt = issuedAt.getTime() + lifetimeSeconds * 1000;
    const text = this.#seal({ token, expiresAt, ...(asAccount !== undefined && { asAccount }) });
    return { text, issuedAt, expiresInSeconds: lifetimeSeconds };
  }

  #seal(claims: Claims): string {
    const nonce = randomBytes(nonceBytes);
    const seal = createCipheriv(cipher, this.#key, nonce);
    const sealed = Buffer.concat([seal.update(JSON.stringify(claims), 'utf8'), seal.final()]);
    return Buffer.concat([nonce, seal.getAuthTag(), sealed]).toString('base64url');
  }

  /** Undefined for what this process has not sealed, and for what has expired. */
  #unseal(text: string): Claims | undefined {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length <= nonceBytes + tagBytes) return undefined;
    const seal = createDecipheriv(cipher, this.#key, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    seal.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    try {
      const opened = Buffer.concat([seal.update(bytes.subarray(nonceBytes + tagBytes)), seal.final()]);
      const claims = JSON.parse(opened.toString('utf8')) as Claims;
      return claims.expiresAt > this.#clock.now().getTime() ? claims : undefined;
    } catch {
      return undefined;
    }
  }
}
