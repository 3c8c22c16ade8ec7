const nonAscii = /[\u007f-\uffff]/g;

/** JSON in ASCII alone: some clients decode chunk by chunk and would split a character. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    nonAscii,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
