import { Resolver } from 'node:dns/promises';
import { networkLimits } from '../limits.ts';
import { type AnswerRecord, numbers, outcomes, recordTypes, writeName } from './dns-message.ts';

/** What the name servers of the machine say about a name. */
export interface Found {
  readonly outcome: number;
  /** IPv4 addresses, with how long each is good. */
  readonly addresses: readonly { readonly address: string; readonly ttl: number }[];
  /** Records of other types. */
  readonly records: readonly AnswerRecord[];
}

/** Asks about names on behalf of workloads. */
export interface NameSource {
  /** Never rejects: a failure is an outcome. @param type one of {@link recordTypes}; of others there is nothing */
  find(name: string, type: number): Promise<Found>;
}

const nothing = { addresses: [], records: [] };

/** The machine's own name servers; a change of them is noticed after some time. */
export class MachineNames implements NameSource {
  readonly #servers: readonly string[] | undefined;
  #resolver: Resolver | undefined;
  #renewAt = 0;

  /** @param servers others than the machine's, as ADDRESS or ADDRESS:PORT */
  constructor(servers?: readonly string[]) {
    this.#servers = servers;
  }

  async find(name: string, type: number): Promise<Found> {
    try {
      return { outcome: outcomes.fine, ...nothing, ...(await this.#ask(name, type)) };
    } catch (error) {
      return { outcome: outcomeOf((error as NodeJS.ErrnoException).code), ...nothing };
    }
  }

  async #ask(name: string, type: number): Promise<Partial<Found>> {
    const resolver = this.#current();
    const record = (content: Buffer): AnswerRecord => ({
      type,
      ttlSeconds: networkLimits.otherRecordsTtlSeconds,
      content,
    });
    switch (type) {
      case recordTypes.A:
        return { addresses: await resolver.resolve4(name, { ttl: true }) };
      case recordTypes.CNAME:
        return { records: (await resolver.resolveCname(name)).map(target => record(nameContent(target))) };
      case recordTypes.MX: {
        const found = await resolver.resolveMx(name);
        return {
          records: found.map(mx => record(Buffer.concat([numbers(mx.priority), nameContent(mx.exchange)]))),
        };
      }
      case recordTypes.SRV: {
        const found = await resolver.resolveSrv(name);
        return {
          records: found.map(srv =>
            record(Buffer.concat([numbers(srv.priority, srv.weight, srv.port), nameContent(srv.name)])),
          ),
        };
      }
      case recordTypes.TXT:
        return { records: (await resolver.resolveTxt(name)).map(texts => record(textContent(texts))) };
      default:
        return {};
    }
  }

  #current(): Resolver {
    const now = performance.now();
    if (this.#resolver === undefined || now >= this.#renewAt) {
      this.#resolver = new Resolver({
        timeout: networkLimits.nameQueryTimeoutMs,
        tries: networkLimits.nameQueryTries,
      });
      if (this.#servers !== undefined) this.#resolver.setServers(this.#servers);
      this.#renewAt = now + networkLimits.nameServersLookMs;
    }
    return this.#resolver;
  }
}

function outcomeOf(code: string | undefined): number {
  if (code === 'ENODATA') return outcomes.fine;
  return code === 'ENOTFOUND' ? outcomes.noSuchName : outcomes.serverFailure;
}

/** @throws {Error} for labels that can't be: names of the internet are not bound to ours */
function nameContent(name: string): Buffer {
  const labels = name.replace(/\.$/, '').split('.');
  if (name.length > 254 || labels.some(label => label.length > 63 || (label === '' && name !== '.'))) {
    throw new Error(`${name} is no name`);
  }
  return writeName(name === '.' ? '' : labels.join('.'));
}

function textContent(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap(text => {
      const bytes = Buffer.from(text, 'latin1').subarray(0, 255);
      return [Buffer.of(bytes.length), bytes];
    }),
  );
}
