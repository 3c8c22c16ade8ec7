import { asciiJson } from '../lib/ascii-json.ts';
import type { EdgeOwner, TokenGrant } from './edge.ts';
import { limits } from './limits.ts';
import { within } from './within.ts';

/** A grant with the request headers that go with it. */
export interface Pass {
  readonly kind: TokenGrant['kind'];
  /** Header lines, each with its CRLF. */
  readonly lines: string;
}

/** The live tokens of one workload, as far as they were used. Those that are not live are asked for each time. */
export class TokenCache {
  readonly #passes = new Map<string, Pass>();
  readonly #asked = new Map<string, Promise<Pass | undefined>>();

  known(token: string): Pass | undefined {
    return this.#passes.get(token);
  }

  /** Asks the owner, once for concurrent requests. Rejects when the owner fails or takes longer than `limitMs`. */
  find(owner: EdgeOwner, id: string, token: string, limitMs: number): Promise<Pass | undefined> {
    let asked = this.#asked.get(token);
    if (asked === undefined) {
      asked = this.#ask(owner, id, token, limitMs).finally(() => this.#asked.delete(token));
      this.#asked.set(token, asked);
    }
    return asked;
  }

  async #ask(owner: EdgeOwner, id: string, token: string, limitMs: number): Promise<Pass | undefined> {
    const grant = await within(owner.lookUpToken(id, token), limitMs);
    if (grant === undefined) return undefined;
    const pass = { kind: grant.kind, lines: grantLines(grant) };
    if (this.#passes.size >= limits.maxTokensPerRoute) {
      for (const oldest of this.#passes.keys()) {
        this.#passes.delete(oldest);
        break;
      }
    }
    this.#passes.set(token, pass);
    return pass;
  }
}

function grantLines(grant: TokenGrant): string {
  const username = grant.username === undefined ? '' : `x-verified-username: ${utf8(grant.username)}\r\n`;
  const userData = asciiJson(grant.userData ?? {});
  return `${username}x-verified-user-data: ${userData}\r\nx-verified-secret: ${utf8(grant.secret)}\r\n`;
}

/** UTF-8 bytes as latin1 characters, as heads are written; control characters would end the header line. */
function utf8(text: string): string {
  return Buffer.from(text.replace(/\p{Cc}/gu, ' '), 'utf8').toString('latin1');
}
