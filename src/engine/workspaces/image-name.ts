import { BerthError } from '../../lib/errors.ts';
import type { ImageReference } from '../../runtime/runtime.ts';

const namePattern =
  /^([a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})|@(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}))?$/;

/**
 * `host`, or `<account>/<service>` with a tag or a digest.
 * @throws {BerthError} `invalid`
 */
export function parseImageName(text: string): ImageReference {
  if (text === 'host') return { kind: 'host' };
  const [, repository, tag, digest] = namePattern.exec(text.slice(0, 512)) ?? [];
  if (repository === undefined) {
    throw new BerthError('invalid', 'image: must be host, or ACCOUNT/SERVICE with :TAG or @DIGEST');
  }
  return { kind: 'repository', repository, reference: tag ?? digest ?? 'latest' };
}

export function imageName(image: ImageReference): string {
  if (image.kind === 'host') return 'host';
  return `${image.repository}${image.reference.includes(':') ? '@' : ':'}${image.reference}`;
}
