import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import {
  type AnswerRecord,
  numbers,
  outcomes,
  readQuestion,
  recordTypes,
  writeAnswer,
  writeName,
} from './dns-message.ts';
import { MachineNames } from './name-source.ts';

const { A, CNAME, MX, SRV, TXT } = recordTypes;
const record = (type: number, ttlSeconds: number, ...content: Buffer[]): AnswerRecord => ({
  type,
  ttlSeconds,
  content: Buffer.concat(content),
});

/** By type and name. */
const zone: Record<string, AnswerRecord[]> = {
  [`${A} host.test`]: [record(A, 30, Buffer.of(192, 0, 2, 1)), record(A, 90, Buffer.of(192, 0, 2, 2))],
  [`${CNAME} alias.test`]: [record(CNAME, 60, writeName('host.test'))],
  [`${MX} host.test`]: [record(MX, 60, numbers(10), writeName('mail.test'))],
  [`${SRV} _db._tcp.test`]: [record(SRV, 60, numbers(1, 2, 5432), writeName('db.test'))],
  [`${TXT} host.test`]: [record(TXT, 60, Buffer.from('\x05hello\x05world'))],
  [`${TXT} empty.test`]: [],
};

let server: Socket;
let names: MachineNames;

before(async () => {
  server = createSocket('udp4').bind(0, '127.0.0.1');
  server.on('message', (message, from) => {
    const question = readQuestion(message);
    if (question === undefined || !('name' in question)) return;
    const records = zone[`${question.type} ${question.name.toLowerCase()}`];
    const outcome = records === undefined ? outcomes.noSuchName : outcomes.fine;
    server.send(writeAnswer(question, outcome, records ?? []), from.port, from.address);
  });
  await once(server, 'listening');
  names = new MachineNames([`127.0.0.1:${server.address().port}`]);
});

after(() => server.close());

test('addresses come with the time that they are good for', async () => {
  const { outcome, addresses } = await names.find('host.test', A);
  assert.equal(outcome, outcomes.fine);
  const sorted = addresses.toSorted((a, b) => (a.address < b.address ? -1 : 1));
  assert.deepEqual(
    sorted.map(({ address, ttl }) => [address, ttl]),
    [
      ['192.0.2.1', 30],
      ['192.0.2.2', 90],
    ],
  );
});

test('records of other types are passed on as they are', async () => {
  for (const key of [`${MX} host.test`, `${SRV} _db._tcp.test`, `${TXT} host.test`, `${CNAME} alias.test`]) {
    const [type = '', name = ''] = key.split(' ');
    assert.deepEqual((await names.find(name, Number(type))).records, zone[key], key);
  }
});

test('there is nothing of types that are not passed on, and nobody is asked', async () => {
  for (const type of [28, 65, 255]) {
    const { outcome, addresses, records } = await names.find('none.test', type);
    assert.deepEqual([outcome, addresses, records], [outcomes.fine, [], []]);
  }
});

test('it is told apart whether there is no such name, nothing of it, or nobody who knows', async () => {
  assert.equal((await names.find('none.test', A)).outcome, outcomes.noSuchName);
  assert.equal((await names.find('empty.test', TXT)).outcome, outcomes.fine);
  const nobody = new MachineNames(['127.0.0.1:1']);
  assert.equal((await nobody.find('host.test', A)).outcome, outcomes.serverFailure);
});
