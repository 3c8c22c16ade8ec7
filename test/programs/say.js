// Writes exactly the bytes that its first argument has as base64 (to stderr when the second is `stderr`), then
// listens.
import { createServer } from 'node:http';

const [text = '', to = 'stdout'] = process.argv.slice(2);
const output = to === 'stderr' ? process.stderr : process.stdout;
output.write(Buffer.from(text, 'base64'), () => {
  createServer((_, response) => response.end()).listen(Number(process.env.PORT));
});
process.on('SIGTERM', () => process.exit(0));
