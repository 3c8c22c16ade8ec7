import type { Admittance, EdgeOwner, Route, TokenGrant } from '../edge.ts';

/** An owner whose workloads and tokens are what the test puts in. */
export class FakeOwner implements EdgeOwner {
  readonly routes = new Map<string, Route>();
  readonly tokens = new Map<string, TokenGrant>();
  readonly admittances = new Map<string, Admittance>();
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

  async admit(id: string, token: string | undefined): Promise<Admittance> {
    this.lookedUp.push(`${id}?${token}`);
    await this.delay;
    const admittance = this.admittances.get(id);
    if (admittance === undefined) throw new Error(`nothing is known of ${id}`);
    return admittance;
  }

  connectionsChanged(id: string, open: number): void {
    this.open.set(id, open);
  }

  openOf(id: string): number {
    return this.open.get(id) ?? 0;
  }
}
