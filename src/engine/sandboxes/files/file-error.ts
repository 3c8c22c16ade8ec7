/** Names of the system's errors that a request about files may cause. */
export type FileErrorCode =
  | 'ENOENT'
  | 'EACCES'
  | 'EPERM'
  | 'EEXIST'
  | 'ENOTEMPTY'
  | 'EINVAL'
  | 'EISDIR'
  | 'ENOTDIR'
  | 'ELOOP'
  | 'EROFS'
  | 'ENOSPC'
  | 'EIO';

const texts: Readonly<Record<FileErrorCode, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EEXIST: 'file exists',
  ENOTEMPTY: 'directory not empty',
  EINVAL: 'invalid argument',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  ELOOP: 'too many levels of symbolic links',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
  EIO: 'input or output error',
};

/** A request about files that can't be done; `path` is as the sandbox sees it. */
export class FileError extends Error {
  readonly code: FileErrorCode;
  readonly path: string;

  constructor(code: FileErrorCode, path: string, options?: ErrorOptions) {
    super(`${texts[code]}: ${path}`, options);
    this.name = 'FileError';
    this.code = code;
    this.path = path;
  }
}

/** Runs a task of the file system; its errors are told with the path that the sandbox knows. */
export async function told<Result>(path: string, task: Promise<Result>): Promise<Result> {
  try {
    return await task;
  } catch (error) {
    throw asFileError(error, path);
  }
}

export function asFileError(error: unknown, path: string): FileError {
  if (error instanceof FileError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const known = Object.hasOwn(texts, code) ? (code as FileErrorCode) : others[code];
  return new FileError(known ?? 'EIO', path, { cause: error });
}

const others: Readonly<Record<string, FileErrorCode>> = {
  ENAMETOOLONG: 'EINVAL',
  EXDEV: 'EINVAL',
  EDQUOT: 'ENOSPC',
  EBUSY: 'EPERM',
  ETXTBSY: 'EACCES',
  ENXIO: 'EINVAL',
};
