import { once } from 'node:events';
import type { Berth } from './berth.ts';
import { call, JsonApi, open } from './http.ts';
import { until } from './until.ts';

export type SandboxStatus = 'cold' | 'warm' | 'running';

interface SpriteShape {
  readonly url: string;
  readonly status: SandboxStatus;
}

const longTaskMs = 5 * 60_000;
const outputFrame = 1;
const exitFrame = 3;

/** A sandbox of a server, through the API that Sprites published. */
export class Sandbox {
  readonly #berth: Berth;
  readonly #path: string;
  readonly #api: JsonApi;
  readonly #host: string;

  private constructor(berth: Berth, name: string, host: string) {
    this.#berth = berth;
    this.#path = `/v1/sprites/${name}`;
    this.#api = apiOf(berth);
    this.#host = host;
  }

  /** @param config as in the API, such as `idle_warm`; its URL is open to everybody */
  static async create(berth: Berth, name: string, config: object = {}): Promise<Sandbox> {
    const { url } = await apiOf(berth).call<SpriteShape>('POST', '/v1/sprites', {
      name,
      config,
      url_settings: { auth: 'public' },
    });
    return new Sandbox(berth, name, new URL(url).host);
  }

  /** What a command writes to standard output. @throws {Error} unless it ends with code 0 */
  async exec(...command: readonly string[]): Promise<string> {
    const query = new URLSearchParams(command.map(word => ['cmd', word] as [string, string]));
    const headers = { authorization: `Bearer ${this.#berth.token}` };
    const answer = await open(this.#berth.place, `${this.#path}/exec?${query.toString()}`, {
      method: 'POST',
      headers,
      timeoutMs: longTaskMs,
    });
    let output = '';
    let exitCode: number | undefined;
    // Each chunk is a frame: its kind, then its content. Read as an iterable, chunks that wait become one.
    answer.on('data', (frame: Buffer) => {
      if (frame[0] === outputFrame) output += frame.toString('utf8', 1);
      if (frame[0] === exitFrame) exitCode = frame[1];
    });
    await once(answer, 'end');
    if (exitCode !== 0)
      throw new Error(`${command.join(' ')} ended with ${exitCode ?? 'no code'}: ${output}`);
    return output;
  }

  async startService(name: string, definition: object): Promise<void> {
    await this.#api.call('PUT', `${this.#path}/services/${name}`, definition);
  }

  /** Its page, through the edge. */
  async visit(): Promise<void> {
    const { status, body } = await call(this.#berth.place, '/', { headers: { host: this.#host } });
    if (status !== 200) throw new Error(`the sandbox answered ${status}: ${body}`);
  }

  /** Waits for a status, without waking it. */
  async reaches(status: SandboxStatus): Promise<void> {
    await until(`a ${status} sandbox`, async () => {
      return (await this.#api.call<SpriteShape>('GET', this.#path)).status === status;
    });
  }

  /** @returns its id */
  async checkpoint(): Promise<string> {
    const said = await this.#told('checkpoint');
    const id = /Checkpoint (v\d+) created/.exec(said)?.[1];
    if (id === undefined) throw new Error(`no checkpoint: ${said}`);
    return id;
  }

  async restore(id: string): Promise<void> {
    const said = await this.#told(`checkpoints/${id}/restore`);
    if (!said.includes(`Restored from ${id}`)) throw new Error(`not restored: ${said}`);
  }

  async destroy(): Promise<void> {
    await this.#api.call('DELETE', this.#path);
  }

  async #told(task: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.#berth.token}`, 'content-type': 'application/json' };
    const options = { method: 'POST', headers, body: '{}', timeoutMs: longTaskMs };
    return (await call(this.#berth.place, `${this.#path}/${task}`, options)).body;
  }
}

function apiOf({ place, token }: Berth): JsonApi {
  return new JsonApi(place, { authorization: `Bearer ${token}`, accept: 'application/json' });
}
