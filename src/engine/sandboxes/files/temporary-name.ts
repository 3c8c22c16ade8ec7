import { randomId } from '../../../lib/ids.ts';

const shape = /^\.berth-[0-9a-z]{12}\.tmp$/;

/** Where the content of a file is gathered, in the folder it will appear in. Watches don't tell of such names. */
export function temporaryName(): string {
  return `.berth-${randomId(12)}.tmp`;
}

export function isTemporaryName(name: string): boolean {
  return shape.test(name);
}
