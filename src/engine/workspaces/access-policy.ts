import type { AccessRule, WorkspaceDeployment } from '../../store/store.ts';

/** Subject of a rule about everybody. */
export const everybody = '*';
/** Subject of a rule about callers without an account. */
export const anonymousCallers = 'type:anon';

/** Whose right is looked at. */
export interface Claimant {
  /** Name of their account; undefined for one without. */
  readonly name: string | undefined;
  /** No rule is about them. */
  readonly isExempt: boolean;
}

/** Whether somebody may have a workspace of a deployment: the most exact rule decides. */
export function mayInstantiate(
  { deniesByDefault }: Pick<WorkspaceDeployment, 'deniesByDefault'>,
  rules: readonly AccessRule[],
  { name, isExempt }: Claimant,
): boolean {
  if (isExempt) return true;
  const decided = ruleAbout(rules, name ?? anonymousCallers) ?? ruleAbout(rules, everybody);
  return decided?.allows ?? !deniesByDefault;
}

/** Hidden ones are known to their owner, to those whom a rule lets in by name, and to whom no rule is about. */
export function knowsOf(
  { isHidden, owner }: Pick<WorkspaceDeployment, 'isHidden' | 'owner'>,
  rules: readonly AccessRule[],
  caller: Claimant & { readonly accounts: readonly string[] },
): boolean {
  if (!isHidden || caller.isExempt || caller.accounts.includes(owner.name)) return true;
  return caller.name !== undefined && ruleAbout(rules, caller.name)?.allows === true;
}

function ruleAbout(rules: readonly AccessRule[], subject: string): AccessRule | undefined {
  return rules.find(rule => rule.subject === subject);
}
