/** One segment of a path, whatever characters it has. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}
