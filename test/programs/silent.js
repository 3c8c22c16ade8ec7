// Runs, but never listens.
console.log('not listening');
setInterval(() => {}, 60_000);
