// How pages of the published browser clients talk to the status routes: written from their protocol, since the
// registry of packages does not have them. They ask for a status first, then read the stream in pieces as they
// come, and some put a stray brace into a query against caches.

/** Where its backend is, from the page's own site. */
export async function connect(service, body = {}) {
  const response = await fetch(`/connect/${service}`, { method: 'POST', body: JSON.stringify(body) });
  return await response.json();
}

/** Of the present status; with the query that one of them sends. */
export async function status(statusUrl) {
  const response = await fetch(`${statusUrl}?cache=${Math.random()}}`, { mode: 'cors', cache: 'no-store' });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return await response.json();
}

/**
 * All words for the state up to one of them, by the strictest reader: each piece has whole lines, and each line is
 * data.
 */
export async function statesByFetch(statusUrl, last) {
  const response = await fetch(`${statusUrl}/stream?cache=${Math.random()}}`, { cache: 'no-store' });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const states = [];
  while (states.at(-1) !== last) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`closed after ${states.join()}`);
    for (const line of value.split('\n').filter(text => text.trim() !== '')) {
      if (!line.startsWith('data:')) throw new Error(`not data: ${line}`);
      states.push(wordOf(JSON.parse(line.slice(5))));
    }
  }
  await reader.cancel();
  return states;
}

/** The same by the browser's own reader of event streams. */
export async function statesByEventSource(statusUrl, last) {
  const source = new EventSource(`${statusUrl}/stream`);
  const states = [];
  await new Promise((resolve, reject) => {
    source.onerror = () => reject(new Error(`failed after ${states.join()}`));
    source.onmessage = ({ data, lastEventId }) => {
      if (!/^\d+$/.test(lastEventId)) reject(new Error(`id: ${lastEventId}`));
      states.push(wordOf(JSON.parse(data)));
      if (states.at(-1) === last) resolve();
    };
  });
  source.close();
  return states;
}

/** Whether the stream ends by itself, by which a page knows that nothing more comes. */
export async function ends(statusUrl) {
  const response = await fetch(`${statusUrl}/stream`, { cache: 'no-store' });
  return (await response.text()).length > 0;
}

/** An answer of the backend to a request that a browser asks about first. */
export async function ask(url) {
  const response = await fetch(url, { method: 'PUT', headers: { 'x-own': '1' }, body: 'hello' });
  return { status: response.status, body: await response.json() };
}

/** What comes back over a WebSocket. */
export async function overWebSocket(url, message) {
  const socket = new WebSocket(url.replace(/^http/, 'ws'));
  return await new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error('no connection'));
    socket.onopen = () => socket.send(message);
    socket.onmessage = ({ data }) => {
      socket.close();
      resolve(data);
    };
  });
}

/** What comes back over Socket.IO, and what carried it in the end. `io` is the client's own global. */
export async function overSocketIo(backendUrl, message, options = {}) {
  const { origin, pathname } = new URL(backendUrl);
  const socket = globalThis.io(origin, { path: `${pathname.replace(/\/$/, '')}/socket.io/`, ...options });
  try {
    return await new Promise((resolve, reject) => {
      socket.on('connect_error', reject);
      socket.on('reply', reply => {
        const { transport } = socket.io.engine;
        if (options.transports !== undefined || transport.name === 'websocket') {
          resolve({ reply, transport: transport.name });
        } else {
          socket.io.engine.once('upgrade', () => resolve({ reply, transport: 'websocket' }));
        }
      });
      socket.emit('message', message);
    });
  } finally {
    socket.disconnect();
  }
}

function wordOf(event) {
  return event.status ?? event.state;
}
