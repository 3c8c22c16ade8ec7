// Ends by itself, with the code that its argument is, before it listens.
console.log('this is all');
process.exitCode = Number(process.argv[2]);
