import { describe } from 'node:test';
import { backendPromises } from './conformance/backends.ts';
import { connectionTokenPromises } from './conformance/connection-tokens.ts';
import { definitionPromises } from './conformance/definitions.ts';
import { durabilityPromises } from './conformance/durability.ts';
import { imagePromises } from './conformance/images.ts';
import { journalPromises } from './conformance/journal.ts';
import { peoplePromises } from './conformance/people.ts';
import { sandboxPromises } from './conformance/sandboxes.ts';
import { workspacePromises } from './conformance/workspaces.ts';
import type { StoreUnderTest } from './conformance/world.ts';

export { writeUntilKilled } from './conformance/durability.ts';
export type { StoreUnderTest } from './conformance/world.ts';

/** Registers a test for every promise that the seam makes. */
export function storeConformance(name: string, subject: StoreUnderTest): void {
  describe(`${name} keeps the promises of a store`, () => {
    definitionPromises(subject);
    peoplePromises(subject);
    backendPromises(subject);
    sandboxPromises(subject);
    workspacePromises(subject);
    connectionTokenPromises(subject);
    journalPromises(subject);
    imagePromises(subject);
    durabilityPromises(subject);
  });
}
