import { request } from 'node:http';
import { connect } from 'node:net';
import type { WorkloadAddress } from '../runtime.ts';
import { eventually } from './world.ts';

/** Runs until it is ended; a soft stop ends it with code 7. */
export const gentle = `
  process.on('SIGTERM', () => process.exit(7));
  setInterval(() => {}, 1000);
  console.log('up');
`;

/** Can only be killed. */
export const stubborn = `
  process.on('SIGTERM', () => console.log('no'));
  setInterval(() => {}, 1000);
  console.log('up');
`;

/** Answers every request with what it sees of the world. */
export const mirror = `
  const seen = () => ({ boot, env: process.env, cwd: process.cwd(), argv: process.argv.slice(1) });
  const boot = Math.random();
  require('http').createServer((_, response) => response.end(JSON.stringify(seen()))).listen(process.env.PORT);
`;

/** Prints numbers and is a mirror beside. */
export const ticking = `${mirror}
  let tick = 0;
  setInterval(() => console.log(String(tick++)), 5);
`;

/** Prints numbers. */
export const counting = `
  let number = 0;
  setInterval(() => console.log(String(number++)), 5);
`;

/** Ends with code 7 when someone connects. */
export const endsWhenCalled = `
  require('net').createServer(() => process.exit(7)).listen(process.env.PORT);
`;

/** Starts a child that listens, and ends when it does. */
export const leavesChildBehind = `
  const child = "require('net').createServer().listen(process.env.PORT, () => console.log('listening'))";
  const { stdout } = require('child_process').spawn('node', ['-e', child], { stdio: ['ignore', 'pipe', 'inherit'] });
  stdout.once('data', () => {
    console.log('up');
    if (process.env.STAY) setInterval(() => {}, 1000);
    else process.exit(0);
  });
`;

export interface Reflection {
  readonly boot: number;
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly argv: string[];
}

/** Asks a mirror, from the time when it answers. */
export async function askMirror(address: WorkloadAddress): Promise<Reflection> {
  return eventually('the program to answer', async () => {
    const body = await get(address).catch(() => undefined);
    return body === undefined ? undefined : (JSON.parse(body) as Reflection);
  });
}

async function get({ host, port }: WorkloadAddress): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = request({ host, port, agent: false, timeout: 1000 }, response => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', chunk => {
      body += chunk;
    });
    response.on('end', () => resolve(body));
    response.on('error', reject);
  });
  call.on('timeout', () => call.destroy(new Error('timeout')));
  call.on('error', reject);
  call.end();
  return promise;
}

/** Whether something accepts connections there. */
export async function accepts({ host, port }: WorkloadAddress): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: 500 });
  socket.on('connect', () => resolve(true));
  socket.on('error', () => resolve(false));
  socket.on('timeout', () => resolve(false));
  const accepted = await promise;
  socket.destroy();
  return accepted;
}
