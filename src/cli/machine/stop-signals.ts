import { constants } from 'node:os';

const names = ['SIGTERM', 'SIGINT'] as const;

/** The first SIGTERM or SIGINT is a request to stop; the second one ends the process at once. */
export class StopSignals {
  readonly first: Promise<NodeJS.Signals>;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
    this.first = promise;
    let asked = false;
    for (const name of names) {
      process.on(name, () => {
        if (asked) process.exit(128 + constants.signals[name]);
        asked = true;
        resolve(name);
      });
    }
  }
}
