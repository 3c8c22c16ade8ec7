// The smallest backend: an HTTP server on the port that it is given, which ends when it is asked to.
import { createServer } from 'node:http';

const {
  PORT = '8080',
  SESSION_BACKEND_ID = 'none',
  SESSION_BACKEND_KEY = 'none',
  GREETING = 'Hello',
} = process.env;
const startedAt = Date.now();
let requests = 0;

const server = createServer((request, response) => {
  requests += 1;
  console.log(`${request.method} ${request.url}`);
  const facts = {
    backend: SESSION_BACKEND_ID,
    key: SESSION_BACKEND_KEY,
    requests,
    'running for': `${Math.round((Date.now() - startedAt) / 1000)} s`,
  };
  const wantsHtml = request.headers.accept?.includes('text/html') ?? false;
  response.setHeader('cache-control', 'no-store');
  response.setHeader('content-type', `${wantsHtml ? 'text/html' : 'text/plain'}; charset=utf-8`);
  response.end(wantsHtml ? page(facts) : plain(facts));
});

server.listen(Number(PORT), () => console.log(`listening on port ${PORT}`));

// Answers what is under way, then ends with code 0.
process.on('SIGTERM', () => {
  console.log('asked to end');
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

function plain(facts) {
  const lines = Object.entries(facts).map(([name, value]) => `  ${name.padEnd(12)} ${value}`);
  return `${GREETING} from a backend of your own.\n\n${lines.join('\n')}\n`;
}

function page(facts) {
  const rows = entries =>
    entries.map(([name, value]) => `<tr><th>${escapeHtml(name)}<td>${escapeHtml(value)}`).join('');
  const environment = Object.entries(process.env).sort(([a], [b]) => a.localeCompare(b));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(GREETING)}</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 10vh auto; padding: 0 1rem; color-scheme: light dark; }
  th { text-align: left; font-weight: 600; padding-right: 2rem; vertical-align: top; white-space: nowrap; }
  td { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
  summary { cursor: pointer; margin-top: 2rem; }
</style>
<h1>${escapeHtml(GREETING)} from a backend of your own</h1>
<p>This page comes from a program that was started for you. It ends by itself when nobody has looked for a while.</p>
<table>${rows(Object.entries(facts))}</table>
<details><summary>Its environment</summary><table>${rows(environment)}</table></details>
</html>
`;
}

function escapeHtml(text) {
  return String(text).replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
