import { release } from 'node:os';
import { exists } from './bundle.ts';

/** What the running kernel can do, where configurations of containers differ by it. */
export interface Kernel {
  /** Has IPv6, which is switched off inside. */
  readonly ipv6: boolean;
  /** Overlays can go without synchronisation to disk (Linux 5.10). */
  readonly volatileOverlay: boolean;
}

export async function readKernel(): Promise<Kernel> {
  return { ipv6: await exists('/proc/sys/net/ipv6'), volatileOverlay: isAtLeast(release(), 5, 10) };
}

/** Compares a release such as `6.1.0-18-amd64`. */
export function isAtLeast(text: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = text.split('.').map(part => Number.parseInt(part, 10));
  return first > major || (first === major && second >= minor);
}
