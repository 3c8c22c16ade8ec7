import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseImageConfig } from './image-config.ts';

const parse = (config: unknown, more: object = {}) =>
  parseImageConfig(Buffer.from(JSON.stringify({ config, ...more }))).config;

describe('the configuration of an image', () => {
  test('may leave everything out', () => {
    assert.deepEqual(parseImageConfig(Buffer.from('{}')), {
      diffIds: [],
      config: {
        command: [],
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
        user: '',
        workingDirectory: '',
        stopSignal: 'SIGTERM',
      },
    });
    assert.deepEqual(parse(null).command, []);
    assert.deepEqual(parse({ Entrypoint: null, Cmd: null, Env: null }).command, []);
  });

  test('names its signal in one of several ways', () => {
    for (const [text, signal] of [
      ['SIGINT', 'SIGINT'],
      ['int', 'SIGINT'],
      ['2', 'SIGINT'],
      ['SIGRTMIN+3', 'SIGTERM'],
      ['99', 'SIGTERM'],
      ['', 'SIGTERM'],
    ] as const) {
      assert.equal(parse({ StopSignal: text }).stopSignal, signal, text);
    }
  });

  test('has variables with any value, the last of a name', () => {
    const { env } = parse({ Env: ['A=1', 'A=2', 'B==', 'C', '=x', 'D=ü'] });
    assert.deepEqual({ ...env, PATH: undefined }, { A: '2', B: '=', C: '', D: 'ü', PATH: undefined });
  });

  test('is refused where it makes no sense', () => {
    for (const text of [
      '',
      '[]',
      '"x"',
      '{"config":[]}',
      '{"config":{"Cmd":"sh"}}',
      '{"config":{"Env":[1]}}',
    ]) {
      assert.throws(() => parseImageConfig(Buffer.from(text)), Error, text);
    }
    assert.throws(() => parse({}, { rootfs: { diff_ids: ['sha256:1'] } }), /diff_ids/);
  });
});
