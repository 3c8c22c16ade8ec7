import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { Given, SettingProblem } from './origin.ts';

/** What a file with settings says, and what is wrong with it. */
export interface SettingsFile {
  readonly given: readonly Given[];
  readonly problems: readonly SettingProblem[];
}

/** Settings of a YAML file: nested mappings and dotted keys mean the same. */
export function parseYaml(path: string, text: string): SettingsFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problem = (name: string, what: string, offset: number): SettingProblem => ({
    name,
    message: `${what} (${path}:${lines.linePos(offset).line})`,
  });
  if (document.errors.length > 0) {
    const problems = document.errors.map(error => {
      const text = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
      return problem('', text, error.pos[0]);
    });
    return { given: [], problems };
  }

  const given: Given[] = [];
  const problems: SettingProblem[] = [];
  const walk = (node: unknown, prefix: string): void => {
    if (node === null || (isScalar(node) && node.value === null)) return;
    if (!isMap(node)) {
      const what = prefix === '' ? 'the file' : prefix;
      problems.push(problem(prefix, `${what} must be a mapping of settings`, offsetOf(node)));
      return;
    }
    for (const { key, value } of node.items) {
      const name = `${prefix}${prefix === '' ? '' : '.'}${isScalar(key) ? String(key.value) : String(key)}`;
      if (isMap(value)) {
        walk(value, name);
        continue;
      }
      const plain = isScalar(value) ? value.value : (value as Node | null)?.toJS(document);
      if (plain === null || plain === undefined) continue;
      const offset = offsetOf(key);
      if (given.some(other => other.name === name)) {
        problems.push(problem(name, `${name} is set twice`, offset));
        continue;
      }
      const line = lines.linePos(offset).line;
      given.push({ name, value: plain, origin: { source: 'file', path, line } });
    }
  };
  walk(document.contents, '');
  return { given, problems };
}

function offsetOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}
