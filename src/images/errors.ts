export type ImageErrorCode =
  | 'repository-unknown'
  | 'blob-unknown'
  /** A manifest of the repository needs it. */
  | 'blob-needed'
  | 'upload-unknown'
  /** Another request is writing to it. */
  | 'upload-busy'
  | 'upload-cut'
  | 'too-many-uploads'
  | 'range-invalid'
  | 'size-invalid'
  | 'digest-invalid'
  | 'digest-unsupported'
  | 'tag-invalid'
  | 'manifest-unknown'
  | 'manifest-invalid'
  /** A manifest names something that its repository lacks. */
  | 'manifest-incomplete'
  | 'too-large'
  /** No space is left, on the disk or under the limit. */
  | 'full';

/** An expected failure of a repository; whoever pushes or pulls may read its text. */
export class ImageError extends Error {
  readonly code: ImageErrorCode;
  /** More, for programs: such as the digests that are missing. */
  readonly detail: unknown;

  constructor(code: ImageErrorCode, message: string, options: ErrorOptions & { detail?: unknown } = {}) {
    super(message, options);
    this.name = 'ImageError';
    this.code = code;
    this.detail = options.detail;
  }
}

/** A full disk as an expected failure; anything else as it is. */
export function asFull(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new ImageError('full', 'the server has no disk space left for images', { cause: error });
}
