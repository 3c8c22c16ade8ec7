/** What a registry asks for before it answers. */
export interface Challenge {
  /** In small letters. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;

/** The challenges of a `WWW-Authenticate` header (RFC 9110, 11.6.1); what makes no sense ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = header.trimStart();
  while (rest !== '') {
    const name = token.exec(rest)?.[0];
    if (name === undefined) break;
    const after = rest.slice(name.length);
    const value = readValue(after);
    if (value === undefined) {
      challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
      rest = after.replace(/^[\s,]+/, '');
    } else {
      challenges.at(-1)?.parameters.set(name.toLowerCase(), value.text);
      rest = value.rest.replace(/^[\s,]+/, '');
    }
  }
  return challenges;
}

/** `=` and a token or a quoted string. */
function readValue(text: string): { text: string; rest: string } | undefined {
  const equals = /^\s*=\s*/.exec(text)?.[0];
  if (equals === undefined) return undefined;
  const from = text.slice(equals.length);
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(from);
  if (quoted !== null)
    return { text: (quoted[1] ?? '').replace(/\\(.)/g, '$1'), rest: from.slice(quoted[0].length) };
  const plain = /^[^\s,"]*/.exec(from)?.[0] ?? '';
  return { text: plain, rest: from.slice(plain.length) };
}
