import { RuntimeError, type StartErrorReason } from '../runtime.ts';

interface Rule {
  readonly pattern: RegExp;
  readonly reason: StartErrorReason;
  readonly text: (name: string) => string;
}

const notFound = { reason: 'not-found', text: (name: string) => `command not found: ${name}` } as const;
const notExecutable = {
  reason: 'not-executable',
  text: (name: string) => `command is not executable: ${name}`,
} as const;

const rules: readonly Rule[] = [
  // runc
  { pattern: /exec: "(.*?)": executable file not found in \$PATH/, ...notFound },
  { pattern: /exec: "(.*?)": (?:stat .*?: )?(?:no such file or|not a) directory/, ...notFound },
  { pattern: /exec: "(.*?)": (?:stat .*?: )?permission denied/, ...notExecutable },
  { pattern: /exec: "(.*?)": is a directory/, ...notExecutable },
  { pattern: /exec:? "?(\S+?)"?: exec format error/, ...notExecutable },
  // crun
  { pattern: /executable file `(.*?)` not found/, ...notFound },
  {
    pattern: /chdir to (?:cwd )?\(?[`"](.*?)[`"].*permission denied/is,
    reason: 'bad-directory',
    text: path => `the working directory ${path} is not open to the workload's user (chmod o+rx)`,
  },
  {
    pattern: /chdir to (?:cwd )?\(?[`"](.*?)[`"]/,
    reason: 'bad-directory',
    text: path => `the working directory ${path} can't be entered`,
  },
];

/**
 * What an OCI runtime said, in words for the workload's owner.
 * @param hidden paths of the host that must not be shown
 */
export function startError(message: string, ...hidden: readonly string[]): RuntimeError {
  // It quotes what it says once more in its log.
  const said = message.replaceAll('\\"', '"');
  for (const { pattern, reason, text } of rules) {
    const [, name] = pattern.exec(said) ?? [];
    if (name !== undefined) return new RuntimeError('start-error', text(name), { reason });
  }
  const shown = hidden.reduce((text, path) => text.replaceAll(path, '…'), message);
  return new RuntimeError('start-error', `the program could not be started: ${shown.trim()}`);
}
