export type ServiceErrorCode =
  /** Another service of the sandbox has an HTTP port. */
  'port-taken' | 'too-many-services';

/** A definition that is refused for what the other services are. Nothing has changed. */
export class ServiceError extends Error {
  readonly code: ServiceErrorCode;

  constructor(code: ServiceErrorCode, message: string) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
  }
}
