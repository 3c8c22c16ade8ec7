import { RuntimeError } from '../runtime.ts';

const rules: readonly (readonly [pattern: RegExp, text: (match: RegExpExecArray) => string])[] = [
  // runc
  [/exec: "(.*?)": executable file not found in \$PATH/, ([, name]) => `command not found: ${name}`],
  [/exec: "(.*?)": (?:stat .*?: )?no such file or directory/, ([, name]) => `command not found: ${name}`],
  [/exec: "(.*?)": (?:permission denied|is a directory)/, ([, name]) => `command is not executable: ${name}`],
  // crun
  [/executable file `(.*?)` not found/, ([, name]) => `command not found: ${name}`],
  [
    /chdir to (?:cwd )?\(?[`"](.*?)[`"].*permission denied/is,
    ([, path]) => `the working directory ${path} is not open to the workload's user (chmod o+rx)`,
  ],
  [/chdir to (?:cwd )?\(?[`"](.*?)[`"]/, ([, path]) => `the working directory ${path} can't be entered`],
];

/**
 * What an OCI runtime said, in words for the workload's owner.
 * @param hidden paths of the host that must not be shown
 */
export function startError(message: string, ...hidden: readonly string[]): RuntimeError {
  for (const [pattern, text] of rules) {
    const match = pattern.exec(message);
    if (match) return new RuntimeError('start-error', text(match));
  }
  const shown = hidden.reduce((text, path) => text.replaceAll(path, '…'), message);
  return new RuntimeError('start-error', `the program could not be started: ${shown.trim()}`);
}
