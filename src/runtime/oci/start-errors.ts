import { RuntimeError, type StartErrorReason } from '../runtime.ts';

type Rule = readonly [pattern: RegExp, reason: StartErrorReason, text: (match: RegExpExecArray) => string];

const rules: readonly Rule[] = [
  // runc
  [
    /exec: "(.*?)": executable file not found in \$PATH/,
    'not-found',
    ([, name]) => `command not found: ${name}`,
  ],
  [
    /exec: "(.*?)": (?:stat .*?: )?no such file or directory/,
    'not-found',
    ([, name]) => `command not found: ${name}`,
  ],
  [
    /exec: "(.*?)": (?:permission denied|is a directory|exec format error)/,
    'not-executable',
    ([, name]) => `command is not executable: ${name}`,
  ],
  // crun
  [/executable file `(.*?)` not found/, 'not-found', ([, name]) => `command not found: ${name}`],
  [
    /chdir to (?:cwd )?\(?[`"](.*?)[`"].*permission denied/is,
    'bad-directory',
    ([, path]) => `the working directory ${path} is not open to the workload's user (chmod o+rx)`,
  ],
  [
    /chdir to (?:cwd )?\(?[`"](.*?)[`"]/,
    'bad-directory',
    ([, path]) => `the working directory ${path} can't be entered`,
  ],
];

/**
 * What an OCI runtime said, in words for the workload's owner.
 * @param hidden paths of the host that must not be shown
 */
export function startError(message: string, ...hidden: readonly string[]): RuntimeError {
  for (const [pattern, reason, text] of rules) {
    const match = pattern.exec(message);
    if (match) return new RuntimeError('start-error', text(match), { reason });
  }
  const shown = hidden.reduce((text, path) => text.replaceAll(path, '…'), message);
  return new RuntimeError('start-error', `the program could not be started: ${shown.trim()}`);
}
