import type { EdgeOwner, Route, TokenGrant } from '../edge.ts';

/** An owner whose workloads and tokens are what the test puts in. */
export class FakeOwner implements EdgeOwner {
  readonly routes = new Map<string, Route>();
  readonly tokens = new Map<string, TokenGrant>();
  readonly open = new Map<string, number>();
  /** The ids and tokens that were asked for, in order. */
  readonly lookedUp: string[] = [];
  /** Look-ups wait for it. */
  delay: Promise<void> = Promise.resolve();

  async lookUpRoute(id: string): Promise<Route | undefined> {
    this.lookedUp.push(id);
    await this.delay;
    return this.routes.get(id);
  }

  async lookUpToken(id: string, token: string): Promise<TokenGrant | undefined> {
    this.lookedUp.push(`${id}/${token}`);
    await this.delay;
    return this.tokens.get(token);
  }

  connectionsChanged(id: string, open: number): void {
    this.open.set(id, open);
  }

  openOf(id: string): number {
    return this.open.get(id) ?? 0;
  }
}
