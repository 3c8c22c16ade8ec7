import { type ErrorTable, errorTable, type OwnError } from '../../http/index.ts';
import { ImageError, type ImageErrorCode, PullError, type PullErrorCode } from '../../images/index.ts';

interface Wording {
  readonly status: number;
  readonly code: string;
}

const badRequest: Wording = { status: 400, code: 'BadRequest' };
const notFound: Wording = { status: 404, code: 'NotFound' };
const busy: Wording = { status: 429, code: 'RateLimited' };

const imageErrors: Readonly<Record<ImageErrorCode, Wording>> = {
  'repository-unknown': notFound,
  'blob-unknown': notFound,
  'blob-needed': { status: 409, code: 'ImageInUse' },
  'upload-unknown': notFound,
  'upload-busy': busy,
  'upload-cut': badRequest,
  'too-many-uploads': busy,
  'range-invalid': badRequest,
  'size-invalid': badRequest,
  'digest-invalid': badRequest,
  'digest-unsupported': badRequest,
  'tag-invalid': badRequest,
  'manifest-unknown': notFound,
  'manifest-invalid': badRequest,
  'manifest-incomplete': badRequest,
  'too-large': { status: 413, code: 'PayloadTooLarge' },
  full: { status: 507, code: 'ImageStoreFull' },
};

/** What another registry said is not about the caller's token here: codes of their own. */
const pullErrors: Readonly<Record<PullErrorCode, Wording>> = {
  'reference-invalid': badRequest,
  'address-refused': { status: 403, code: 'AddressRefused' },
  denied: { status: 403, code: 'RegistryDenied' },
  'not-found': { status: 404, code: 'ImageNotFound' },
  unreachable: { status: 502, code: 'RegistryUnreachable' },
  'bad-answer': { status: 502, code: 'BadGateway' },
  unsuitable: { status: 422, code: 'ImageUnsuitable' },
  'too-many-pulls': busy,
};

export const berthErrors: ErrorTable = {
  ...errorTable,
  own(error): OwnError | undefined {
    if (error instanceof ImageError) return { ...imageErrors[error.code], message: error.message };
    if (error instanceof PullError) return { ...pullErrors[error.code], message: error.message };
    return undefined;
  },
};
