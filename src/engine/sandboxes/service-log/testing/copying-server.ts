/** Copies a log to files until it is killed, for the test of that: `node copying-server.ts PARTS-AS-JSON`. */
import { FileLogs } from '../../../../logs/index.ts';
import { ServiceLog } from '../service-log.ts';

const { root, ...parts } = JSON.parse(process.argv[2] ?? '{}');
const reportFault = (error: unknown): void => console.error(error);
const log = await ServiceLog.open({ ...parts, logs: new FileLogs({ root }), reportFault });
console.log('copying');
await log.copy({ end: new Promise(() => {}), signal: new AbortController().signal });
