import type { AuthContext, Connection, PublicKeyAuthContext, TcpipRequestInfo } from 'ssh2';
import ssh2 from 'ssh2';
import { serveSftp } from './sftp-server.ts';
import type { SshPublicKey } from './ssh-keys.ts';
import { SshSession } from './ssh-session.ts';
import type { SshTarget } from './ssh-target.ts';

export interface SshConnectionOptions {
  readonly user: string;
  readonly keys: readonly SshPublicKey[];
  readonly target: SshTarget;
}

const loginTimeoutMs = 30_000;
const connectTimeoutMs = 10_000;
const loopbacks = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0']);

/** One client: who it is, and what it asks for. */
export class SshConnection {
  readonly #options: SshConnectionOptions;

  constructor(client: Connection, options: SshConnectionOptions) {
    this.#options = options;
    const gone = new AbortController();
    const login = setTimeout(() => client.end(), loginTimeoutMs);
    client.on('error', () => {}); // whatever went wrong, the connection is over
    client.on('close', () => {
      clearTimeout(login);
      gone.abort();
    });
    client.on('authentication', context => this.#authenticate(context));
    client.on('ready', () => {
      clearTimeout(login);
      client.on('session', accept => {
        const session = accept();
        new SshSession(session, options.target, gone.signal);
        session.on('sftp', accept => serveSftp(accept(), options.target));
      });
      client.on('tcpip', (accept, reject, info) => void this.#tunnel(accept, reject, info, gone.signal));
      client.on('request', (_accept, reject) => reject?.());
    });
  }

  #authenticate(context: AuthContext): void {
    const isKnown =
      context.method === 'publickey' && context.username === this.#options.user && this.#isKnown(context);
    if (isKnown) context.accept();
    else context.reject(['publickey']);
  }

  /** First the client asks whether a key would do, then it signs. */
  #isKnown(context: PublicKeyAuthContext): boolean {
    const { key, signature, blob } = context;
    // Of RSA with SHA-1 no other algorithm is told.
    const { hashAlgo } = context as { hashAlgo?: string };
    if (key.algo === 'ssh-rsa' && hashAlgo !== 'sha256' && hashAlgo !== 'sha512') return false;
    if (!this.#options.keys.some(known => known.blob.equals(key.data))) return false;
    if (signature === undefined || blob === undefined) return true;
    const parsed = ssh2.utils.parseKey(key.data);
    return !(parsed instanceof Error) && parsed.verify(blob, signature, hashAlgo) === true;
  }

  async #tunnel(
    accept: () => ssh2.ServerChannel,
    reject: () => void,
    { destIP, destPort }: TcpipRequestInfo,
    gone: AbortSignal,
  ): Promise<void> {
    const { target } = this.#options;
    if (!loopbacks.has(destIP) && !target.addresses.includes(destIP)) return reject();
    try {
      const signal = AbortSignal.any([gone, AbortSignal.timeout(connectTimeoutMs)]);
      const stream = await target.connect(destPort, signal);
      if (gone.aborted) {
        stream.destroy();
        return;
      }
      const channel = accept();
      stream.on('error', () => channel.close());
      channel.on('error', () => stream.destroy());
      channel.on('close', () => stream.destroy());
      channel.pipe(stream).pipe(channel);
    } catch {
      reject();
    }
  }
}
