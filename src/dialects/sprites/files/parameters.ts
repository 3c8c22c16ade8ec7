import { posix } from 'node:path';
import Type from 'typebox';
import { FileError } from '../../../engine/index.ts';
import { SpritesError } from '../errors.ts';

const text = Type.Optional(Type.String({ maxLength: 16_384 }));
const flag = Type.Optional(Type.Union([Type.Boolean(), Type.Literal('true'), Type.Literal('false')]));

/** What every request about files may say. */
export const commonFields = { workingDir: text, asRoot: flag };

export const fileQuery = Type.Object({
  ...commonFields,
  path: text,
  recursive: flag,
  pattern: text,
  mode: text,
  mkdir: flag,
  mkdirParents: flag,
});
export type FileQuery = Type.Static<typeof fileQuery>;

export interface CommonFields {
  readonly workingDir?: string;
  readonly asRoot?: Flag;
}

export type Flag = boolean | 'true' | 'false';

export function isSet(value: Flag | undefined): boolean {
  return value === true || value === 'true';
}

/**
 * An absolute path in the sprite; a relative one is below `workingDir`. `..` is left to the files themselves,
 * which know where links lead.
 * @throws {SpritesError} 400
 */
export function pathOf(field: string, path: string | undefined, workingDir = '/'): string {
  if (path === undefined || path === '') {
    throw new SpritesError(400, 'path is required', `${field}: must be the path of a file or folder`);
  }
  if (path.includes('\0')) throw new FileError('EINVAL', path);
  return path.startsWith('/') ? path : `${posix.join('/', workingDir, '.')}/${path}`;
}

/** Permission bits as octal text. @throws {SpritesError} 400 */
export function modeOf(text: string): number {
  if (/^(0o?)?[0-7]{1,4}$/.test(text)) return Number.parseInt(text.replace(/^0o/, ''), 8);
  throw new SpritesError(
    400,
    'invalid mode',
    `mode: ${JSON.stringify(text.slice(0, 20))} is not octal, such as 0644`,
  );
}

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
