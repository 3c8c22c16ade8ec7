import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { networkLimits } from '../limits.ts';
import { numbers, type Question, readQuestion, writeAnswer, writeBadAnswer } from './dns-message.ts';
import type { Policies } from './policies.ts';

type Answering = Pick<Policies, 'has' | 'answer'>;

const lengthBytes = 2;
const portTries = 10;

/**
 * Answers questions about names, over UDP and TCP, for workloads under a policy; the others get no answer. Who
 * asks is told by the source address, which the packet filter has checked.
 */
export class NameServer {
  readonly #policies: Answering;
  readonly #connections = new Map<string, Set<Socket>>();
  #udp: UdpSocket | undefined;
  #tcp: Server | undefined;

  constructor(policies: Answering) {
    this.#policies = policies;
  }

  /** @returns a port of the address, the same for UDP and TCP */
  async open(address: string): Promise<number> {
    for (let tries = 1; ; tries++) {
      const tcp = createServer(socket => this.#connected(socket));
      tcp.listen({ host: address, port: 0 });
      await once(tcp, 'listening');
      const { port } = tcp.address() as { port: number };
      const udp = createSocket('udp4');
      try {
        udp.bind({ address, port, exclusive: true });
        await once(udp, 'listening');
      } catch (error) {
        tcp.close();
        udp.close();
        if (tries === portTries) throw error;
        continue;
      }
      udp.on('message', (message, from) => void this.#asked(udp, message, from));
      udp.on('error', () => {}); // of one datagram, which is lost
      tcp.on('error', () => {});
      [this.#udp, this.#tcp] = [udp, tcp];
      return port;
    }
  }

  async close(): Promise<void> {
    const [udp, tcp] = [this.#udp, this.#tcp];
    [this.#udp, this.#tcp] = [undefined, undefined];
    for (const socket of [...this.#connections.values()].flatMap(sockets => [...sockets])) socket.destroy();
    const closed = [udp, tcp].flatMap(server => (server === undefined ? [] : [once(server, 'close')]));
    udp?.close();
    tcp?.close();
    await Promise.all(closed);
  }

  async #asked(udp: UdpSocket, message: Buffer, from: RemoteInfo): Promise<void> {
    if (!this.#policies.has(from.address)) return;
    const answer = await this.#answer(from.address, message, question => question.maxBytes);
    if (answer === undefined || this.#udp !== udp) return;
    udp.send(answer, from.port, from.address, () => {}); // who has gone is told nothing
  }

  #connected(socket: Socket): void {
    const { remoteAddress: workload = '' } = socket;
    const others = this.#connections.get(workload) ?? new Set();
    if (!this.#policies.has(workload) || others.size >= networkLimits.maxNameConnections) {
      socket.destroy();
      return;
    }
    this.#connections.set(workload, others.add(socket));
    socket.once('close', () => {
      others.delete(socket);
      if (others.size === 0) this.#connections.delete(workload);
    });
    socket.on('error', () => {});
    socket.setTimeout(networkLimits.nameConnectionIdleMs, () => socket.destroy());
    this.#converse(socket, workload).catch(() => socket.destroy());
  }

  /** One question after the other; who asks what is too long, or nonsense, is left. */
  async #converse(socket: Socket, workload: string): Promise<void> {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of socket) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      while (rest.length >= lengthBytes) {
        const end = lengthBytes + rest.readUInt16BE(0);
        if (end - lengthBytes > networkLimits.maxQuestionBytes) return void socket.destroy();
        if (rest.length < end) break;
        const answer = await this.#answer(workload, rest.subarray(lengthBytes, end), () => undefined);
        if (answer === undefined) return void socket.destroy();
        rest = rest.subarray(end);
        if (!socket.write(Buffer.concat([numbers(answer.length), answer]))) await once(socket, 'drain');
      }
    }
  }

  async #answer(
    workload: string,
    message: Buffer,
    maxBytes: (question: Question) => number | undefined,
  ): Promise<Buffer | undefined> {
    const question = readQuestion(message);
    if (question === undefined) return undefined;
    if (!('name' in question)) return writeBadAnswer(question);
    const { outcome, records } = await this.#policies.answer(workload, question);
    return writeAnswer(question, outcome, records, maxBytes(question));
  }
}
