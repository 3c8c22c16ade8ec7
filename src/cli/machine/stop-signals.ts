import { constants } from 'node:os';

const names = ['SIGTERM', 'SIGINT'] as const;

/** A second signal sooner than this is the same key press, delivered by the terminal and once more by npm. */
const echoMs = 300;

/** The first SIGTERM or SIGINT is a request to stop; the second one ends the process at once. */
export class StopSignals {
  readonly first: Promise<NodeJS.Signals>;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
    this.first = promise;
    let askedAt: number | undefined;
    for (const name of names) {
      process.on(name, () => {
        if (askedAt === undefined) {
          askedAt = performance.now();
          resolve(name);
        } else if (performance.now() - askedAt > echoMs) {
          process.exit(128 + constants.signals[name]);
        }
      });
    }
  }
}
