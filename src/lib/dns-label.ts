const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** RFC 1123: what an id must be to stand in host names, and so may stand in paths and names of processes. */
export function isDnsLabel(text: string): boolean {
  return label.test(text);
}
