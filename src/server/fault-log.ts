import { type Logger, pino } from 'pino';
import { randomId } from '../lib/ids.ts';

/** The server's own log: JSON lines on stderr, so that stdout has nothing but the line that says it is ready. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: false }),
  );
}

/** Writes a failure of Berth itself under a new id, by which callers can name it. */
export function faultReporter(logger: Logger): (workloadId: string, error: unknown) => string {
  return (workloadId, error) => {
    const fault = `fault_${randomId(12)}`;
    logger.error({ fault, workload: workloadId, err: error }, 'fault');
    return fault;
  };
}
