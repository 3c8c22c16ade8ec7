import { runCommand } from '../../lib/command.ts';
import { rootLimits } from './limits.ts';

/**
 * Removes a folder that programs have written to: with names that are no text, which Node can't do. Idempotent.
 * @throws {CommandError}
 */
export async function removeTree(path: string, signal?: AbortSignal): Promise<void> {
  const timeoutMs = rootLimits.removeTimeoutMs;
  await runCommand('rm', ['-rf', '--', path], { timeoutMs, ...(signal && { signal }) });
}
