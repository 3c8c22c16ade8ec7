// Answers each message with the same, and with what the platform says about who sent it.
const { createServer } = require('node:http');
const { Server } = require('socket.io');

const server = createServer();
new Server(server).on('connection', socket => {
  const user = socket.handshake.headers['x-verified-username'];
  socket.on('message', text => socket.emit('reply', `${user ?? 'somebody'} said ${text}`));
});
server.listen(Number(process.env.PORT));
process.on('SIGTERM', () => process.exit(0));
