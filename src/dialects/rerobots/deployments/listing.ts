import type { DeploymentView } from '../../../engine/index.ts';
import { has, type Query, textOf, wholeOf } from '../query.ts';

const maxSearchLength = 200;

type Compare = (a: DeploymentView, b: DeploymentView) => number;

const byType: Compare = ({ deployment: a }, { deployment: b }) => compareTexts(a.type, b.type);
const byCreation: Compare = ({ deployment: a }, { deployment: b }) =>
  a.createdAt.getTime() - b.createdAt.getTime();
const byCount: Compare = ({ deployment: a }, { deployment: b }) => a.finishedCount - b.finishedCount;
const byId: Compare = ({ deployment: a }, { deployment: b }) => compareTexts(a.id, b.id);

const orders: Readonly<Record<string, Compare>> = {
  inc_wtype: byType,
  dec_wtype: (a, b) => byType(b, a),
  inc_created: byCreation,
  dec_created: (a, b) => byCreation(b, a),
  inc_count: byCount,
  dec_count: (a, b) => byCount(b, a),
};

/**
 * What a list of deployments is to have, in its order. Parameters that make no sense are ignored.
 * @param type the one that the path names
 */
export function listed(views: readonly DeploymentView[], query: Query, type?: string): DeploymentView[] {
  const search = textOf(query, 'q')?.slice(0, maxSearchLength).toLowerCase() ?? '';
  const longest = wholeOf(query, 'maxlen');
  const isOfType = typeFilter(textOf(query, 'types') ?? '', type);
  const order = orders[textOf(query, 'sort_by') ?? ''] ?? byType;
  return views
    .filter(({ deployment, queueLength }) => {
      const { description, region, dissolvedAt } = deployment;
      if (dissolvedAt !== undefined && !has(query, 'with_dissolved')) return false;
      if (longest !== undefined && queueLength > Math.max(0, longest)) return false;
      if (!isOfType(deployment.type)) return false;
      return [deployment.type, region, description].some(text => text.toLowerCase().includes(search));
    })
    .toSorted((a, b) => order(a, b) || byCreation(a, b) || byId(a, b));
}

/** `a,b,!c`: those that are named, or all, but for those that are excluded. */
function typeFilter(list: string, type: string | undefined): (name: string) => boolean {
  const names = list
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '');
  if (names.length === 0) return name => type === undefined || name === type;
  const excluded = new Set(names.filter(name => name.startsWith('!')).map(name => name.slice(1)));
  const wanted = new Set(names.filter(name => !name.startsWith('!')));
  return name => !excluded.has(name) && (wanted.size === 0 || wanted.has(name));
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
