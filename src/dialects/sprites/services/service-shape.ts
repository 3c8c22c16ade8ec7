import type { ServiceView } from '../../../engine/index.ts';

/** A service as clients read it. What does not exist is left out; lists are never null. */
export function serviceShape({ name, definition, state }: ServiceView): object {
  const { command, env, directory, needs, httpPort, restart } = definition;
  const [cmd = '', ...args] = command;
  return {
    name,
    cmd,
    args,
    needs,
    http_port: httpPort ?? null,
    ...(env && { env }),
    ...(directory !== undefined && { dir: directory }),
    ...(restart && { restart }),
    state: {
      name,
      status: state.status,
      ...(state.pid !== undefined && { pid: state.pid }),
      ...(state.startedAt && { started_at: state.startedAt.toISOString() }),
      ...(state.error !== undefined && { error: state.error }),
      ...(state.restartCount > 0 && { restart_count: state.restartCount }),
      ...(state.nextRestartAt && { next_restart_at: state.nextRestartAt.toISOString() }),
    },
  };
}
