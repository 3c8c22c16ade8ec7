import type { ServiceEvent } from '../../../client/index.ts';
import { CommandExit } from '../../command-exit.ts';
import type { Context } from '../../context.ts';
import { printJsonLine } from '../../print.ts';
import { streamsOf } from '../exec.ts';
import { printable } from '../options.ts';

export interface ShowOptions {
  readonly service: string;
  readonly json?: boolean | undefined;
  /** What is only looked at does not fail with the service. */
  readonly passExitCode: boolean;
}

/**
 * Tells what comes of a request as it comes: output of the service on the stream that it wrote to, all else on the
 * standard error.
 * @throws {CommandExit} 1 when the request failed, or the service ended with another code than 0
 */
export async function showEvents(
  context: Context,
  events: AsyncIterable<ServiceEvent>,
  { service, json = false, passExitCode }: ShowOptions,
): Promise<void> {
  const { terminal } = context;
  let hasFailed = false;
  for await (const event of events) {
    if (event.type === 'error') hasFailed = true;
    // A stop that took a signal more has stopped, too.
    if (event.type === 'started' || event.type === 'stopped') hasFailed = false;
    if (event.type === 'exit' && event.exit_code !== 0) hasFailed = passExitCode;
    if (json) {
      await printJsonLine(terminal, event);
    } else if (event.type === 'stdout' || event.type === 'stderr') {
      await streamsOf(context).write(event.type, Buffer.from(event.data ?? ''));
    } else {
      const text = sentence(service, event);
      if (text !== undefined) await terminal.err(text);
    }
  }
  if (hasFailed) throw new CommandExit(1);
}

function sentence(service: string, event: ServiceEvent): string | undefined {
  switch (event.type) {
    case 'started':
      return `Service ${service} has started`;
    case 'stopping':
      return `Service ${service} is stopping`;
    case 'stopped':
      return `Service ${service} has stopped with code ${event.exit_code}`;
    case 'exit':
      return `Service ${service} has ended with code ${event.exit_code}`;
    case 'error':
      return `berth: ${printable(event.data ?? 'it failed')}`;
    default:
      return undefined;
  }
}
