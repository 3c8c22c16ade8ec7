import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { Given, SettingProblem } from './origin.ts';

export interface SettingsFile {
  readonly path: string;
  readonly text: string;
}

/** Settings of a YAML file: nested mappings and dotted keys mean the same. */
export function fromFile(file: SettingsFile): { given: Given[]; problems: SettingProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines });
  const problem = (name: string, text: string, offset: number): SettingProblem => ({
    name,
    message: `${text} (${file.path}:${lines.linePos(offset).line})`,
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
      given.push({ name, value: plain, origin: { source: 'file', path: file.path, line } });
    }
  };
  walk(document.contents, '');
  return { given, problems };
}

function offsetOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}
