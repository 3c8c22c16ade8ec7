import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Context } from '../context.ts';
import { run } from '../run.ts';
import type { Terminal } from '../terminal.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly token: string | undefined;
  readonly actAs: unknown;
  readonly body: unknown;
}

export type Answers = Readonly<Record<string, unknown>>;

/** A server that gives fixed answers: JSON, text of a stream, or an error with `status`. */
export async function serve(t: TestContext, answers: Answers): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((req, res) => {
    void (async () => {
      const body = (await req.toArray()).join('');
      const token = req.headers.authorization?.replace('Bearer ', '');
      const actAs = req.headers['x-jamsocket-admin-as-account'];
      seen.push({
        method: req.method ?? '',
        url: req.url ?? '',
        token,
        actAs,
        body: body && JSON.parse(body),
      });
      const answer = answers[`${req.method} ${req.url}`] ?? {
        error: { code: 'NotFound', status: 404, message: 'not found', id: 'req_1' },
      };
      const status = (answer as { error?: { status: number } }).error?.status ?? 200;
      res.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Runs a command line with what it says kept, and with `more` around it. */
export async function berthWith(
  more: Omit<Context, 'terminal' | 'env'>,
  env: NodeJS.ProcessEnv,
  ...args: string[]
) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    out: async line => void out.push(line),
    err: async line => void err.push(line),
    errRaw: text => void err.push(text),
    outIsTerminal: false,
    errIsTerminal: false,
    outColours: false,
    errColours: false,
    columns: 100,
  };
  const exitCode = await run(args, { terminal, env, ...more });
  return { exitCode, out: out.join('\n'), err: err.join('\n') };
}

export function berth(env: NodeJS.ProcessEnv, ...args: string[]) {
  return berthWith({}, env, ...args);
}
