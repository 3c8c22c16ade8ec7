// Ends without ever listening. Arguments: exit code, milliseconds until then.
const [code = 0, ms = 0] = process.argv.slice(2).map(Number);
setTimeout(() => process.exit(code), ms);
