// Ends by itself. Arguments: exit code, then `before` or `after` it listens.
import { createServer } from 'node:http';
import { connect } from 'node:net';

const [code = '0', when = 'before'] = process.argv.slice(2);

if (when === 'before') {
  console.log('this is all');
  process.exit(Number(code));
}
// The probe of its readiness is the first connection.
const server = createServer().listen(Number(process.env.PORT), () => console.log('listening'));
server.once('connection', () => setTimeout(() => process.exit(Number(code)), 300));
void connect;
