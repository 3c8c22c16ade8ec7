/** True when an `Accept` value ranks HTML above JSON (RFC 9110, section 12.5.1). */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const ranges = accept.toLowerCase();
  return quality(ranges, 'text', 'html') > quality(ranges, 'application', 'json');
}

/** The quality of the most specific range that matches, 0 to 1. */
function quality(accept: string, type: string, subtype: string): number {
  let best = -1;
  let value = 0;
  for (const range of accept.split(',')) {
    const [media, ...parameters] = range.split(';').map(part => part.trim());
    const rank = ['*/*', `${type}/*`, `${type}/${subtype}`].indexOf(media ?? '');
    if (rank <= best) continue;
    best = rank;
    const q = parameters.find(parameter => parameter.startsWith('q='));
    value = q === undefined ? 1 : Number(q.slice(2)) || 0;
  }
  return value;
}
