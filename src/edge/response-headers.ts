const cors = [
  'access-control-allow-origin',
  '*',
  'access-control-allow-methods',
  '*',
  'access-control-allow-headers',
  '*, Authorization',
] as const;

/** Adds the edge's own headers to those of a response: name and value in turns. */
export function addEdgeHeaders(headers: string[], id: string | undefined): string[] {
  const open = !hasCors(headers);
  if (id !== undefined) headers.push('x-berth-backend-id', id);
  if (open) headers.push(...cors);
  return headers;
}

function hasCors(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    // The lengths of the three names; most headers need no closer look.
    if (name.length !== 27 && name.length !== 28) continue;
    const key = name.toLowerCase();
    if (key === cors[0] || key === cors[2] || key === cors[4]) return true;
  }
  return false;
}

/** @param headers name and value in turns */
export function withoutLength(headers: readonly string[]): string[] {
  const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-length');
  return at < 0 ? [...headers] : headers.toSpliced(at, 2);
}
