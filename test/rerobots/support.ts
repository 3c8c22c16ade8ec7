import assert from 'node:assert/strict';
import { type Answer, eventually, type SendOptions, type World } from '../support/index.ts';

/** Without the limits that tests would run into. */
export const unlimited = { 'rerobots.rate.anonymous': 0, 'rerobots.rate.token': 0 };
export const nobody = '00000000-0000-4000-8000-000000000000';
export const publicKey =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ada@laptop';
export const timestampPattern = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/;
export const busyText = 'All matching workspace deployments are busy. Try again later.';

/** Checks that an answer is a refusal in the words of this API. */
export function assertRefused(answer: Answer, status: number, text: string): void {
  assert.equal(answer.status, status, `${answer.status}: ${answer.text.slice(0, 500)}`);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.json().error_message, text, answer.text);
}

let made = 0;

/** A type that no other test uses. */
export function newType(): string {
  made += 1;
  return `type_${process.pid}_${made}`;
}

/** A deployment of the `host` base. @param body more of it, as in the API @returns its id */
export async function deploy(world: World, body: object = {}): Promise<string> {
  const answer = await world.api('/berth/v1/workspace-deployments', {
    body: { type: newType(), image: 'host', region: 'here:1', ...body },
  });
  return answer.ok<{ id: string }>().id;
}

export interface InstanceShape {
  readonly id: string;
  readonly status: string;
  readonly deployment: string;
  readonly starttime: string;
  readonly [field: string]: unknown;
}

export interface ReservationShape {
  readonly id: string;
  readonly position: number | null;
  readonly blocked?: string;
  readonly [field: string]: unknown;
}

/** Somebody who asks for workspaces; without a token the administrator. */
export class Person {
  readonly #world: World;
  readonly #token: string | undefined;

  constructor(world: World, token?: string) {
    this.#world = world;
    this.#token = token;
  }

  api(path: string, options: SendOptions = {}): Promise<Answer> {
    return this.#world.api(path, { ...options, ...(this.#token !== undefined && { token: this.#token }) });
  }

  /** @param target id of a deployment, or a type */
  ask(target: string, body: object = {}): Promise<Answer> {
    return this.api(`/new/${target}`, { body });
  }

  /** Gets a workspace at once. @returns its id */
  async start(target: string, body: object = {}): Promise<string> {
    const answer = (await this.ask(target, { sshkey: publicKey, ...body })).ok<{
      success: boolean;
      id: string;
    }>();
    assert.equal(answer.success, true);
    return answer.id;
  }

  /** Gets a place in the queue. @returns its id */
  async reserve(target: string, body: object = {}): Promise<string> {
    const asked = await this.ask(target, { sshkey: publicKey, reserve: true, ...body });
    const answer = asked.ok<{ success: boolean; id: string }>();
    assert.equal(answer.success, false);
    return answer.id;
  }

  async instance(id: string): Promise<InstanceShape> {
    return (await this.api(`/instance/${id}`)).ok<InstanceShape>();
  }

  /** Waits until an instance has a status. */
  async reaches(id: string, status: string): Promise<InstanceShape> {
    return eventually(`${status} of ${id}`, async () => {
      const answer = await this.api(`/instance/${id}`);
      if (answer.status !== 200) return undefined;
      const shape = answer.ok<InstanceShape>();
      return shape.status === status && shape;
    });
  }

  terminate(id: string): Promise<Answer> {
    return this.api(`/terminate/${id}`, { method: 'POST' });
  }

  async reservations(): Promise<ReservationShape[]> {
    return (await this.api('/reservations')).ok<{ reservations: ReservationShape[] }>().reservations;
  }
}

/** Somebody with an account of their own. */
export async function newPerson(world: World, name: string): Promise<Person> {
  return new Person(world, (await world.account(name)).token);
}
