import type { Session } from '../../../engine/index.ts';

/** A session in the list. */
export function sessionShape(session: Session): object {
  const { facts, id, createdAt, bytesPerSecond, attended, lastActivityAt } = session;
  return {
    id,
    command: facts.command.join(' '),
    workdir: facts.directory,
    created: createdAt.toISOString(),
    bytes_per_second: bytesPerSecond,
    is_active: attended,
    ...(lastActivityAt && { last_activity: lastActivityAt.toISOString() }),
    tty: facts.tty,
  };
}
