import { ServiceError, SupervisionError } from '../../../engine/index.ts';
import { notFound, SpritesError } from '../errors.ts';

/** Says in the words of this API why a request was refused. */
export function toldAsSprites(error: unknown): never {
  if (error instanceof ServiceError) {
    const short = {
      'port-taken': 'another service already has an HTTP port configured',
      'too-many-services': 'too many services',
    }[error.code];
    throw new SpritesError(409, short, error.message);
  }
  if (!(error instanceof SupervisionError)) throw error;
  switch (error.code) {
    case 'unknown-unit':
      throw notFound('service', error.units[0] ?? '');
    case 'unknown-need':
    case 'cyclic-needs':
      throw new SpritesError(400, 'invalid dependencies', error.message);
    case 'in-use':
      throw new SpritesError(409, 'service in use', error.message);
    case 'not-running':
      throw new SpritesError(409, 'service not running', error.message);
  }
}
