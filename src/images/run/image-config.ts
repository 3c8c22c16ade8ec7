import { constants } from 'node:os';
import type { ImageConfig } from '../../runtime/runtime.ts';
import { isDigest } from '../blobs/digest.ts';

/** Of configurations that say how an image is run. */
export const configTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/** As Docker has it, for images that name none. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What an image says about how it is to be run; the user is still by name. */
export interface ImageDefaults {
  readonly os?: string;
  readonly architecture?: string;
  /** Of the plain layers, lowest first. */
  readonly diffIds: readonly string[];
  readonly config: Omit<ImageConfig, 'groups'>;
}

/** Reads the configuration blob of an image, OCI's or Docker's. @throws {Error} with what is wrong with it */
export function parseImageConfig(content: Buffer): ImageDefaults {
  const json = record(JSON.parse(content.toString('utf8')));
  const config = record(json.config ?? {});
  const diffIds = strings(record(json.rootfs ?? {}).diff_ids);
  if (!diffIds.every(isDigest)) throw new Error('rootfs.diff_ids must be sha256 or sha512 digests');
  return {
    ...(typeof json.os === 'string' && { os: json.os }),
    ...(typeof json.architecture === 'string' && { architecture: json.architecture }),
    diffIds,
    config: {
      command: [...strings(config.Entrypoint), ...strings(config.Cmd)],
      env: { PATH: defaultPath, ...variables(strings(config.Env)) },
      user: text(config.User),
      workingDirectory: absolute(text(config.WorkingDir)),
      stopSignal: signalOf(text(config.StopSignal)),
    },
  };
}

function variables(entries: readonly string[]): Record<string, string> {
  const pairs = entries.map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return Object.fromEntries(pairs.filter(([name]) => name !== ''));
}

function absolute(path: string): string {
  return path === '' ? '' : `/${path.replace(/^\/+/, '')}`;
}

/** By name with or without `SIG`, or by number; one that this machine does not have is as if none was named. */
function signalOf(text: string): NodeJS.Signals {
  const name = /^\d+$/.test(text) ? nameOfSignal(Number(text)) : text.toUpperCase();
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  return Object.hasOwn(constants.signals, full) ? (full as NodeJS.Signals) : 'SIGTERM';
}

function nameOfSignal(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? '';
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new Error('it is not made of objects');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function strings(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value;
  throw new Error('a list of it is not made of strings');
}
