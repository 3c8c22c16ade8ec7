import { type ExecSpec, RuntimeError } from '../../runtime.ts';
import { rootCapabilities } from '../confinement.ts';
import { type OciProcess, rootCapabilitiesNote } from '../container-config.ts';

/** The OCI configuration of a further process, made from that of the main process. */
export interface OciExecProcess extends OciProcess {
  readonly terminal?: true;
  readonly consoleSize?: { readonly height: number; readonly width: number };
}

/** What a further process takes of its container's configuration. */
export interface OciConfig {
  readonly process: OciProcess;
  /** Absent in containers of earlier versions. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** @throws {RuntimeError} `start-error` for what can't be run */
export function execProcess({ process: main, annotations }: OciConfig, spec: ExecSpec): OciExecProcess {
  if (spec.command.length === 0) throw new RuntimeError('start-error', 'no command is given');
  const cwd = spec.workingDirectory ?? main.cwd;
  if (!cwd.startsWith('/')) {
    throw new RuntimeError('start-error', `the working directory "${cwd}" is not an absolute path`, {
      reason: 'bad-directory',
    });
  }
  const { tty } = spec;
  return {
    ...main,
    ...(spec.user === 'root' && asRoot(annotations?.[rootCapabilitiesNote])),
    args: spec.command,
    env: environment(spec.replaceEnv ? [] : main.env, spec.env ?? {}),
    cwd,
    ...(tty && { terminal: true, consoleSize: { height: tty.rows, width: tty.cols } }),
  };
}

/** As where the image's user is root. */
function asRoot(noted: string | undefined): Pick<OciProcess, 'user' | 'capabilities'> {
  const all = noted === undefined ? rootCapabilities : noted.split(' ').filter(Boolean);
  return { user: { uid: 0, gid: 0 }, capabilities: { bounding: all, effective: all, permitted: all } };
}

function environment(base: readonly string[], own: Readonly<Record<string, string>>): string[] {
  const env = new Map(base.map(entry => [entry.split('=', 1)[0] ?? '', entry]));
  for (const [name, value] of Object.entries(own)) env.set(name, `${name}=${value}`);
  return [...env.values()];
}
