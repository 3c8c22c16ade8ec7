// Ends by itself before it listens. Arguments: exit code, what it writes.
console.log(process.argv[3] ?? 'this is all');
process.exitCode = Number(process.argv[2]);
