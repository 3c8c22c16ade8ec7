// Writes `out 0`, `err 0`, `out 1`, … to both outputs in turns, as many as its argument says, and ends.
import { writeSync } from 'node:fs';

for (let n = 0; n < Number(process.argv[2]); n += 1) {
  writeSync(1, `out ${n}\n`);
  writeSync(2, `err ${n}\n`);
}
