import type { ListeningPort } from '../../../engine/index.ts';

export function portShape(
  type: 'port_opened' | 'port_closed',
  { port, address, pid }: ListeningPort,
): object {
  return { type, port, address, pid };
}
