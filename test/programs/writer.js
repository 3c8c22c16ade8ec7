// Writes `line 1`, `line 2`, … Arguments: how many (0 = without end), milliseconds between two.
import { createServer } from 'node:http';

const [count = 0, intervalMs = 0] = process.argv.slice(2).map(Number);
let next = 1;

function writeSome() {
  // A pipe that is full is waited for: nothing piles up in memory.
  while (count === 0 || next <= count) {
    const more = process.stdout.write(`line ${next++}\n`);
    if (intervalMs > 0) return void setTimeout(writeSome, intervalMs);
    if (!more) return void process.stdout.once('drain', writeSome);
  }
}

createServer((_, response) => response.end(String(next - 1))).listen(Number(process.env.PORT), writeSome);
process.on('SIGTERM', () => process.exit(0));
