import type { ErrorTable, OwnError } from '../../http/index.ts';
import { ImageError, type ImageErrorCode } from '../../images/index.ts';

/** The distribution specification's codes, where it has one; else those of Docker's registry. */
const imageErrors: Readonly<Record<ImageErrorCode, { status: number; code: string }>> = {
  'repository-unknown': { status: 404, code: 'NAME_UNKNOWN' },
  'blob-unknown': { status: 404, code: 'BLOB_UNKNOWN' },
  'blob-needed': { status: 405, code: 'UNSUPPORTED' },
  'upload-unknown': { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' },
  'upload-busy': { status: 429, code: 'TOOMANYREQUESTS' },
  'upload-cut': { status: 400, code: 'BLOB_UPLOAD_INVALID' },
  'too-many-uploads': { status: 429, code: 'TOOMANYREQUESTS' },
  'range-invalid': { status: 416, code: 'BLOB_UPLOAD_INVALID' },
  'size-invalid': { status: 400, code: 'SIZE_INVALID' },
  'digest-invalid': { status: 400, code: 'DIGEST_INVALID' },
  'digest-unsupported': { status: 400, code: 'DIGEST_INVALID' },
  'tag-invalid': { status: 400, code: 'MANIFEST_INVALID' },
  'manifest-unknown': { status: 404, code: 'MANIFEST_UNKNOWN' },
  'manifest-invalid': { status: 400, code: 'MANIFEST_INVALID' },
  'manifest-incomplete': { status: 400, code: 'MANIFEST_BLOB_UNKNOWN' },
  'too-large': { status: 413, code: 'SIZE_INVALID' },
  full: { status: 403, code: 'DENIED' },
};

/** `UNSUPPORTED` also stands for parameters that can't be: it is defined so. */
export const registryErrors: ErrorTable = {
  codes: {
    invalid: { status: 400, code: 'UNSUPPORTED' },
    unsupported: { status: 400, code: 'UNSUPPORTED' },
    unauthenticated: { status: 401, code: 'UNAUTHORIZED' },
    forbidden: { status: 403, code: 'DENIED' },
    'account-disabled': { status: 403, code: 'DENIED' },
    'not-found': { status: 404, code: 'NAME_UNKNOWN' },
    'method-not-allowed': { status: 405, code: 'UNSUPPORTED' },
    'already-exists': { status: 409, code: 'UNSUPPORTED' },
    'lock-unheld': { status: 409, code: 'UNSUPPORTED' },
    'not-running': { status: 409, code: 'UNSUPPORTED' },
    gone: { status: 404, code: 'NAME_UNKNOWN' },
    'too-large': { status: 413, code: 'SIZE_INVALID' },
    'too-slow': { status: 408, code: 'SIZE_INVALID' },
    'unsupported-media-type': { status: 415, code: 'MANIFEST_INVALID' },
    'limit-reached': { status: 429, code: 'TOOMANYREQUESTS' },
    'rate-limited': { status: 429, code: 'TOOMANYREQUESTS' },
    internal: { status: 500, code: 'UNKNOWN' },
    'no-capacity': { status: 503, code: 'UNAVAILABLE' },
    'timed-out': { status: 504, code: 'UNAVAILABLE' },
    'lock-busy': { status: 503, code: 'UNAVAILABLE' },
  },
  body: ({ code, message, detail }) => ({
    errors: [{ code, message, ...(detail !== undefined && { detail }) }],
  }),
  own(error): OwnError | undefined {
    if (!(error instanceof ImageError)) return undefined;
    const { message, detail } = error;
    return { ...imageErrors[error.code], message, detail };
  },
};
