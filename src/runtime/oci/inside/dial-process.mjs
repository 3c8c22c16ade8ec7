/**
 * Runs in the network namespace of a container: opens the connections that its parent asks for, and hands each over
 * when it is open. Plain JavaScript, because to strip types would cost 20 MB and time.
 */
import { Resolver } from 'node:dns/promises';
import { connect, isIP } from 'node:net';

const dials = new Map();

process.on('message', message => (message.type === 'dial' ? dial(message) : dials.get(message.id)?.abort()));
process.on('disconnect', () => process.exit());
// A key press in the terminal goes to the whole group; when to end is the parent's decision.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {});

async function dial({ id, host, port, addresses, servers }) {
  const cancel = new AbortController();
  dials.set(id, cancel);
  try {
    const found = addresses.length > 0 ? addresses : await lookUp(host, servers, cancel.signal);
    const socket = await connectToOne(found, port, cancel.signal);
    // Whatever comes is for the parent: nothing was read.
    process.send({ id }, socket, { keepOpen: false }, () => {});
  } catch (error) {
    process.send({ id, code: error.code ?? 'UNKNOWN', message: error.message }, () => {});
  } finally {
    dials.delete(id);
  }
}

async function lookUp(name, servers, signal) {
  const resolver = new Resolver();
  if (servers.length > 0) resolver.setServers(servers);
  const stop = () => resolver.cancel();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await resolver.resolve4(name).catch(error => {
      if (error.code !== 'ENODATA') throw error;
      return resolver.resolve6(name);
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function connectToOne(addresses, port, signal) {
  let failure = new Error('no address');
  for (const address of addresses.filter(isIP)) {
    try {
      return await connectTo(address, port, signal);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function connectTo(host, port, signal) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.pause();
    const stop = () => socket.destroy(new Error('cancelled'));
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      signal.removeEventListener('abort', stop);
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
