import Type from 'typebox';
import type { SandboxServiceDefinition } from '../../../engine/index.ts';
import { SpritesError } from '../errors.ts';

/** `cmd` is checked by hand: clients know the texts. */
export const serviceBody = Type.Object({
  cmd: Type.Optional(Type.Unknown({ description: 'required; the program, looked up in PATH without a /' })),
  args: Type.Optional(Type.Array(Type.String())),
  env: Type.Optional(Type.Record(Type.String(), Type.String())),
  dir: Type.Optional(Type.String({ description: 'relative to the home folder' })),
  needs: Type.Optional(Type.Array(Type.String(), { description: 'services that are started before it' })),
  http_port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  restart: Type.Optional(
    Type.Union([Type.Literal('always'), Type.Literal('on-failure'), Type.Literal('never')]),
  ),
});
export type ServiceBody = Type.Static<typeof serviceBody>;

/** Two clients put it into paths as it is. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const variablePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const maxCommandBytes = 4_096;
const maxDirectoryBytes = 4_096;
const maxArguments = 1_024;
const maxVariables = 256;
const maxNeeds = 64;
const maxArgumentBytes = 128 * 1024;
const maxVariableBytes = 128 * 1024;

export function isServiceName(text: string): boolean {
  return namePattern.test(text);
}

/** @throws {SpritesError} 400 `invalid request body`; the message names the field */
export function readDefinition(body: ServiceBody): SandboxServiceDefinition {
  const { cmd, args = [], env, dir, needs = [], http_port: httpPort, restart } = body;
  if (cmd === undefined || cmd === '') throw refused('cmd is required');
  if (typeof cmd !== 'string') throw refused('cmd must be a string');
  checkText('cmd', cmd, maxCommandBytes);
  if (args.length > maxArguments) throw refused(`args: has more than ${maxArguments} arguments`);
  checkAll('args', args, maxArgumentBytes);
  if (env !== undefined) checkVariables(env);
  if (dir !== undefined) checkText('dir', dir, maxDirectoryBytes);
  if (needs.length > maxNeeds) throw refused(`needs: has more than ${maxNeeds} names`);
  return {
    command: [cmd, ...args],
    needs: [...new Set(needs)],
    ...(env && { env }),
    ...(dir !== undefined && { directory: dir }),
    ...(httpPort !== undefined && { httpPort }),
    ...(restart && { restart }),
  };
}

function checkVariables(env: Readonly<Record<string, string>>): void {
  const variables = Object.entries(env);
  if (variables.length > maxVariables) throw refused(`env: has more than ${maxVariables} variables`);
  for (const [name] of variables) {
    if (variablePattern.test(name)) continue;
    throw refused(`env: ${JSON.stringify(name.slice(0, 60))} is no name of a variable`);
  }
  checkAll(
    'env',
    variables.map(([name, value]) => `${name}=${value}`),
    maxVariableBytes,
  );
}

function checkAll(field: string, texts: readonly string[], maxBytes: number): void {
  let bytes = 0;
  for (const text of texts) {
    if (text.includes('\0')) throw refused(`${field}: must not have NUL in it`);
    bytes += Buffer.byteLength(text);
  }
  if (bytes > maxBytes) throw refused(`${field}: has more than ${maxBytes} bytes`);
}

function checkText(field: string, text: string, maxBytes: number): void {
  if (text.includes('\0')) throw refused(`${field}: must not have NUL in it`);
  if (Buffer.byteLength(text) > maxBytes) throw refused(`${field}: has more than ${maxBytes} bytes`);
}

function refused(message: string): SpritesError {
  return new SpritesError(400, 'invalid request body', message);
}
