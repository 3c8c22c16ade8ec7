// Waits for the file that its argument names, and does what that says: `listen`, or `exit` with a code.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const looking = setInterval(() => {
  const [word, code] = read(process.argv[2]).split(' ');
  if (word === '') return;
  clearInterval(looking);
  if (word === 'exit') process.exit(Number(code));
  createServer((request, response) => response.end(`here at last: ${request.url}`)).listen(
    Number(process.env.PORT),
  );
}, 20);

process.on('SIGTERM', () => process.exit(0));

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
