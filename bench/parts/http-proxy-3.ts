/** A proxy to the address in the first argument, made with http-proxy-3; prints its port. */
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createProxyServer } from 'http-proxy-3';

const [, , target = ''] = process.argv;
const proxy = createProxyServer({ target, xfwd: true, agent: new Agent({ keepAlive: true }) });
proxy.on('error', error => console.error(error.message));

const server = createServer((request, response) => {
  proxy.web(request, response);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
