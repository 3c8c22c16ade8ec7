const outside = /[\u007f-\uffff]/g;

/** JSON of printable ASCII alone, so that it may stand in a header and be decoded in pieces. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    outside,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
