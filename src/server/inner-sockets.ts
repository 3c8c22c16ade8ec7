import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { takeInnerRequest } from '../dialects/index.ts';
import { type LiveSandbox, privateVolume, type Resident } from '../engine/index.ts';
import type { OpenVolume, Volumes } from '../volumes/index.ts';

export type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

const socketName = 'api.sock';
const headTimeoutMs = 30_000;
const maxConnections = 64;

/**
 * The socket that a sandbox finds in its private folder, for as long as it executes: what runs in it can ask for
 * services, checkpoints and tasks of its own sandbox there, and for nothing else.
 */
export class InnerSocket implements Resident {
  readonly #sandbox: LiveSandbox;
  readonly #volumes: Volumes;
  readonly #app: RequestListener;
  #open: { readonly server: Server; readonly folder: OpenVolume } | undefined;

  constructor(sandbox: LiveSandbox, volumes: Volumes, app: RequestListener) {
    this.#sandbox = sandbox;
    this.#volumes = volumes;
    this.#app = app;
  }

  async booted(): Promise<void> {
    await this.#close();
    const folder = await this.#volumes.open(privateVolume(this.#sandbox.record.id));
    // Through the open folder: a socket's path has 107 bytes at most, wherever the data folder is.
    const path = join(folder.pinnedPath, socketName);
    await rm(path, { force: true });
    const server = createServer({ headersTimeout: headTimeoutMs }, (req, res) => {
      takeInnerRequest(req, this.#sandbox);
      this.#app(req, res);
    });
    server.maxConnections = maxConnections;
    server.unref();
    this.#open = { server, folder };
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // Everybody in the sandbox may use it.
    await chmod(path, 0o666);
  }

  async stopping(): Promise<void> {
    await this.#close();
  }

  ended(): void {
    void this.#close();
  }

  async #close(): Promise<void> {
    const opened = this.#open;
    this.#open = undefined;
    if (opened === undefined) return;
    const closed = new Promise(resolve => opened.server.close(resolve));
    opened.server.closeAllConnections();
    // It removes its socket by the path that goes through the folder's descriptor.
    await closed;
    await opened.folder[Symbol.asyncDispose]();
  }
}
