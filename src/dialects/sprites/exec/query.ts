import type { SessionRequest } from '../../../engine/index.ts';
import { parseDuration } from '../durations.ts';
import { SpritesError } from '../errors.ts';

export type ExecQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface ExecRequest extends SessionRequest {
  readonly hasInput: boolean;
}

const maxArguments = 4_096;
const maxArgumentBytes = 131_071;
const maxRows = 10_000;
const longestLonelyMs = 365 * 86_400_000;
const defaultLonelyMs = 10_000;

/**
 * Reads the query that says what to run.
 * @throws {SpritesError} 400, naming the parameter
 */
export function readExecQuery(query: ExecQuery): ExecRequest {
  const command = all(query.cmd);
  if (command.length === 0 || command[0] === '') {
    throw new SpritesError(400, 'cmd is required', 'cmd: the program and its arguments are required');
  }
  checkTexts('cmd', command);
  const path = one(query.path);
  if (path !== undefined) checkTexts('path', [path]);
  const directory = one(query.dir);
  if (directory !== undefined) checkTexts('dir', [directory]);
  const isTerminal = flag('tty', query.tty, false);
  const lonely = one(query.max_run_after_disconnect);
  const env = environment(query.env);
  return {
    command: path === undefined || path === '' ? command : [path, ...command.slice(1)],
    hasInput: flag('stdin', query.stdin, isTerminal),
    maxRunAfterDisconnectMs:
      lonely === undefined
        ? isTerminal
          ? 0
          : defaultLonelyMs
        : parseDuration('max_run_after_disconnect', lonely, longestLonelyMs),
    ...(directory !== undefined && directory !== '' && { directory }),
    ...(env && { env }),
    ...(isTerminal && { tty: { rows: size('rows', query.rows, 24), cols: size('cols', query.cols, 80) } }),
  };
}

/** @throws {SpritesError} 400 */
function environment(value: ExecQuery[string]): Record<string, string> | undefined {
  const entries = all(value);
  if (entries.length === 0) return undefined;
  checkTexts('env', entries);
  const env: Record<string, string> = {};
  for (const entry of entries) {
    const at = entry.indexOf('=');
    if (at < 1) {
      const shown = JSON.stringify(entry.slice(0, 60));
      throw new SpritesError(400, 'invalid env', `env: ${shown} is not of the form NAME=value`);
    }
    env[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return env;
}

function checkTexts(name: string, texts: readonly string[]): void {
  if (texts.length > maxArguments) {
    throw new SpritesError(400, 'invalid request', `${name}: more than ${maxArguments} are too many`);
  }
  for (const text of texts) {
    if (text.includes('\0')) {
      throw new SpritesError(400, 'invalid request', `${name}: must not contain U+0000`);
    }
    if (Buffer.byteLength(text) > maxArgumentBytes) {
      throw new SpritesError(400, 'invalid request', `${name}: one has more than ${maxArgumentBytes} bytes`);
    }
  }
}

function flag(name: string, value: ExecQuery[string], otherwise: boolean): boolean {
  const text = one(value);
  if (text === undefined || text === '') return otherwise;
  if (/^(true|1)$/i.test(text)) return true;
  if (/^(false|0)$/i.test(text)) return false;
  throw new SpritesError(400, 'invalid request', `${name}: must be true or false`);
}

function size(name: string, value: ExecQuery[string], otherwise: number): number {
  const text = one(value);
  if (text === undefined || text === '') return otherwise;
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= maxRows) return number;
  throw new SpritesError(400, 'invalid request', `${name}: must be a whole number from 1 to ${maxRows}`);
}

function all(value: ExecQuery[string]): string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : [...value];
}

function one(value: ExecQuery[string]): string | undefined {
  return all(value)[0];
}
