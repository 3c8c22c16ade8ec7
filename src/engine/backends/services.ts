import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import { randomId } from '../../lib/ids.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Account, Service, ServiceProgram, ServiceStore } from '../../store/store.ts';
import type { EngineLimits } from '../limits.ts';
import { checkEnvironment, maxStringBytes } from './environment.ts';

/** For services and environments: a path component of the image registry, as OCI's distribution specification has it. */
const namePattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const maxNameLength = 63;

export const defaultEnvironment = 'default';

export interface ServicesParts {
  readonly store: ServiceStore;
  readonly runtime: Runtime;
  readonly limits: EngineLimits;
  readonly clock: Clock;
}

export interface NewService {
  readonly name: string;
  readonly program?: ServiceProgram;
  readonly env?: Readonly<Record<string, string>>;
}

export interface EnvironmentChange {
  readonly name?: string;
  /** Tag or digest. */
  readonly imageTag?: string;
}

/** Named programs of an account. */
export class Services {
  readonly #parts: ServicesParts;

  constructor(parts: ServicesParts) {
    this.#parts = parts;
  }

  /** @throws {BerthError} `invalid`, `unsupported` (no runtime for commands), `already-exists` */
  async create(account: Account, { name, program, env = {} }: NewService): Promise<Service> {
    checkName(name);
    checkEnvironment(env, this.#parts.limits.maxEnvBytes);
    if (program !== undefined) await this.#checkProgram(program);
    const createdAt = this.#parts.clock.now();
    const service = await this.#parts.store.create({
      id: randomId(),
      accountId: account.id,
      name,
      env,
      createdAt,
      environments: [{ name: defaultEnvironment, imageTag: 'latest', createdAt }],
      ...(program && { program }),
    });
    if (service === undefined) throw new BerthError('already-exists', `service ${name} exists already`);
    return service;
  }

  /** @throws {BerthError} `not-found` */
  async get(account: Account, name: string): Promise<Service> {
    const service = await this.#parts.store.byName(account.id, name);
    if (service === undefined) throw new BerthError('not-found', 'service not found');
    return service;
  }

  /** By name. */
  list(account: Account): Promise<Service[]> {
    return this.#parts.store.list(account.id);
  }

  /** Its backends are the caller's to end. @returns false when there is none */
  delete(account: Account, name: string): Promise<boolean> {
    return this.#parts.store.delete(account.id, name);
  }

  /** @throws {BerthError} `invalid`, `already-exists` */
  async addEnvironment(
    service: Service,
    { name, imageTag }: EnvironmentChange & { name: string },
  ): Promise<void> {
    checkName(name);
    const createdAt = this.#parts.clock.now();
    const environment = { name, imageTag: imageTag ?? 'latest', createdAt };
    if (await this.#parts.store.addEnvironment(service.id, environment)) return;
    throw new BerthError('already-exists', `environment ${name} exists already`);
  }

  /** @throws {BerthError} `invalid`, `not-found`, `already-exists` (the new name) */
  async changeEnvironment(service: Service, name: string, change: EnvironmentChange): Promise<void> {
    if (change.name !== undefined) {
      checkName(change.name);
      const keepsDefault = name !== defaultEnvironment || change.name === defaultEnvironment;
      if (!keepsDefault) throw new BerthError('invalid', 'name: the default environment keeps its name');
    }
    const outcome = await this.#parts.store.changeEnvironment(service.id, name, change);
    if (outcome === 'not-found') throw new BerthError('not-found', 'service environment not found');
    if (outcome === 'name-taken') {
      throw new BerthError('already-exists', `environment ${change.name} exists already`);
    }
  }

  /** @throws {BerthError} `invalid` (the default one), `not-found` */
  async deleteEnvironment(service: Service, name: string): Promise<void> {
    if (name === defaultEnvironment)
      throw new BerthError('invalid', 'the default environment can not be deleted');
    if (await this.#parts.store.deleteEnvironment(service.id, name)) return;
    throw new BerthError('not-found', 'service environment not found');
  }

  async #checkProgram({ command, directory }: ServiceProgram): Promise<void> {
    if (!this.#parts.runtime.capabilities().images.includes('host')) {
      throw new BerthError(
        'unsupported',
        `command: the ${this.#parts.runtime.name} runtime runs images only`,
      );
    }
    if (command[0] === undefined || command[0] === '') {
      throw new BerthError('invalid', 'command: must not be empty');
    }
    if (command.some(argument => argument.includes('\0'))) {
      throw new BerthError('invalid', 'command, args: must not contain U+0000');
    }
    const longest = Math.max(...command.map(argument => Buffer.byteLength(argument)));
    if (longest > maxStringBytes) {
      throw new BerthError(
        'invalid',
        `command, args: one has ${longest} bytes; the limit is ${maxStringBytes}`,
      );
    }
    if (directory === undefined) return;
    if (!isAbsolute(directory)) throw new BerthError('invalid', 'dir: must be an absolute path');
    const found = await stat(directory).catch(() => undefined);
    if (!found?.isDirectory()) throw new BerthError('invalid', 'dir: there is no such directory');
  }
}

function checkName(name: string): void {
  if (name.length <= maxNameLength && namePattern.test(name)) return;
  throw new BerthError(
    'invalid',
    `name: ${JSON.stringify(name.slice(0, 80))} must be 1 to ${maxNameLength} characters, ` +
      'lower-case letters and digits, separated by single dots, one or two underscores, or hyphens',
  );
}
