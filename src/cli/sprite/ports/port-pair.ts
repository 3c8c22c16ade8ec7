import { InvalidArgumentError } from 'commander';

/** A port here and the one in a sprite that it leads to. */
export interface PortPair {
  /** 0: one that is free. */
  readonly local: number;
  readonly remote: number;
}

/** `8080`, `8080:3000`, or `:3000` for any free port here; repeatable. */
export function portPair(text: string, previous: readonly PortPair[] = []): readonly PortPair[] {
  const [, first = '', second] = /^(\d{0,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
  const local = Number(first);
  const remote = Number(second ?? first);
  if ((first === '' && second === undefined) || local > 65_535 || remote < 1 || remote > 65_535) {
    throw new InvalidArgumentError(
      'It must be a port, or LOCAL:REMOTE, such as 8080:3000; without LOCAL one that is free is taken.',
    );
  }
  return [...previous, { local, remote }];
}
