export type PullErrorCode =
  | 'reference-invalid'
  /** The registry is at an address that the caller may not make this server talk to. */
  | 'address-refused'
  /** The registry does not let these credentials, or nobody without any, pull the image. */
  | 'denied'
  | 'not-found'
  /** No connection, no answer in time, or a failure of the registry that did not pass. */
  | 'unreachable'
  /** An answer that makes no sense, or content that is not of its digest. */
  | 'bad-answer'
  /** An image that this server can't run. */
  | 'unsuitable'
  | 'too-many-pulls';

/** Why an image could not be pulled from another registry, in words for who asked; never has credentials in it. */
export class PullError extends Error {
  readonly code: PullErrorCode;

  constructor(code: PullErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PullError';
    this.code = code;
  }
}
