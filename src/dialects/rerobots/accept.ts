const acceptable: ReadonlySet<string> = new Set(['*/*', 'application/*', 'application/json']);
const versioned = /^application\/vnd\.rerobots\.v(\d+)\+json$/;

/**
 * Whether an `Accept` header leaves room for version 1: only one that names other versions, and nothing else that fits,
 * does not.
 */
export function acceptsVersion1(accept: string | undefined): boolean {
  const types = (accept ?? '').split(',').map(range => (range.split(';', 1)[0] ?? '').trim().toLowerCase());
  const versions = types.flatMap(type => versioned.exec(type)?.[1] ?? []);
  return versions.length === 0 || versions.includes('1') || types.some(type => acceptable.has(type));
}
