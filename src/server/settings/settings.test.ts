import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LoadedSettings, loadSettings, publicUrlOf, settingsInForce } from './index.ts';
import { parseYaml } from './yaml-source.ts';

function good(loaded: LoadedSettings): LoadedSettings & { ok: true } {
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.map(problem => problem.message).join('\n'));
  return loaded;
}

function messages(loaded: LoadedSettings): string[] {
  assert.ok(!loaded.ok);
  return loaded.problems.map(problem => problem.message);
}

const yaml = (text: string) => parseYaml('berth.yaml', text);

test('without sources the defaults are in force and the data folder is in the checkout', () => {
  const { settings } = good(loadSettings({ checkout: '/opt/berth' }));
  assert.equal(settings.port, 7070);
  assert.equal(settings.dataDir, '/opt/berth/.berth');
  assert.equal(settings.jamsocket.graceSeconds, 300);
  assert.equal(settings.oci.runtime, 'runc');
  assert.equal(publicUrlOf(settings, 7071), 'http://localhost:7071');
});

test('a flag beats the environment, the environment the file, the file the default', () => {
  const file = yaml('port: 1\nlog_level: warn\njamsocket:\n  hold_seconds: 2\n');
  const env = { BERTH_PORT: '2', BERTH_LOG_LEVEL: 'error' };
  const loaded = good(loadSettings({ file, env, flags: { port: '3' } }));
  assert.equal(loaded.settings.port, 3);
  assert.equal(loaded.settings.logLevel, 'error');
  assert.equal(loaded.settings.jamsocket.holdSeconds, 2);
  assert.deepEqual(loaded.origins.get('port'), { source: 'flag', flag: '--port' });
  assert.deepEqual(loaded.origins.get('log_level'), { source: 'environment', variable: 'BERTH_LOG_LEVEL' });
  assert.deepEqual(loaded.origins.get('jamsocket.hold_seconds'), {
    source: 'file',
    path: 'berth.yaml',
    line: 4,
  });
});

test('nested mappings, dotted keys and mixtures of them mean the same in a file', () => {
  const file = yaml(
    'jamsocket.hold_seconds: 5\nedge:\n  domain: example.org\nlogs: {max_bytes: 200000000}\n',
  );
  const { settings } = good(loadSettings({ file }));
  assert.equal(settings.jamsocket.holdSeconds, 5);
  assert.equal(settings.edge.domain, 'example.org');
  assert.equal(settings.logs.maxBytes, 200_000_000);
});

test('a bad value is told with its name, the value, the limit and where it stands', () => {
  const file = yaml('# settings\nport: 70000\n');
  const env = { BERTH_JAMSOCKET_GRACE_SECONDS: '-1' };
  assert.deepEqual(messages(loadSettings({ file, env, flags: { runtime: 'podman' } })), [
    'port: 70000 is not a whole number from 0 to 65535 (berth.yaml:2)',
    'jamsocket.grace_seconds: "-1" is not a number of seconds from 0 to 31536000 (BERTH_JAMSOCKET_GRACE_SECONDS)',
    'runtime: "podman" is not one of auto, process, oci, docker (--runtime)',
  ]);
});

test('an unknown key is refused and the nearest known one is named', () => {
  const file = yaml('jamsocket:\n  grace_second: 3\ndomain: example.org\nshoe_size: 44\n');
  assert.deepEqual(messages(loadSettings({ file, env: { BERTH_PROT: '1' } })), [
    'jamsocket.grace_second: unknown setting, did you mean jamsocket.grace_seconds? (berth.yaml:2)',
    'domain: unknown setting, did you mean edge.domain? (berth.yaml:3)',
    'shoe_size: unknown setting (berth.yaml:4)',
    'BERTH_PROT: unknown setting, did you mean BERTH_PORT? (BERTH_PROT)',
  ]);
});

test("variables of others that only start like Berth's are left alone", () => {
  good(loadSettings({ env: { BERTH_URL: 'http://x', BERTH_TOKEN: 'a.b', BERTH_RELEASE_NOTES: 'yes' } }));
});

test('a key that is set twice in one file is refused', () => {
  const file = yaml('edge:\n  domain: a.org\nedge.domain: b.org\n');
  assert.deepEqual(messages(loadSettings({ file })), ['edge.domain is set twice (berth.yaml:3)']);
});

test('broken YAML is told with its line', () => {
  const [message] = messages(loadSettings({ file: yaml('port: 1\nhost: "127') }));
  assert.match(message ?? '', /\(berth\.yaml:2\)$/);
  assert.deepEqual(messages(loadSettings({ file: yaml('- port') })), [
    'the file must be a mapping of settings (berth.yaml:1)',
  ]);
});

test('an empty file and a key without a value set nothing', () => {
  good(loadSettings({ file: yaml('') }));
  good(loadSettings({ file: yaml('# nothing yet\n') }));
  assert.equal(good(loadSettings({ file: yaml('port:\n') })).settings.port, 7070);
});

test('another address than loopback needs --insecure', () => {
  const [message] = messages(loadSettings({ flags: { host: '0.0.0.0' } }));
  assert.match(message ?? '', /^host: 0\.0\.0\.0 is reachable .* --insecure \(--host\)$/);
  for (const host of ['127.0.0.1', '127.3.2.1', '::1', 'localhost']) good(loadSettings({ flags: { host } }));
  good(loadSettings({ flags: { host: '0.0.0.0', insecure: true } }));
});

test('the admin token comes from the environment only, has a dot, and is never shown', () => {
  const loaded = good(loadSettings({ env: { BERTH_ADMIN_TOKEN: 'adm.secret-text' } }));
  assert.equal(loaded.settings.adminToken, 'adm.secret-text');
  assert.ok(!JSON.stringify(settingsInForce(loaded)).includes('secret-text'));
  const [inFile] = messages(loadSettings({ file: yaml('admin_token: adm.secret-text\n') }));
  assert.match(inFile ?? '', /can only be given as BERTH_ADMIN_TOKEN/);
  const [noDot] = messages(loadSettings({ env: { BERTH_ADMIN_TOKEN: 'secret-text' } }));
  assert.ok(noDot?.includes('PUBLIC.SECRET') && !noDot.includes('secret-text'));
});

test('a relative data folder is relative to the file or the folder that the command ran in', () => {
  const at = { workingDirectory: '/srv/app' };
  assert.equal(good(loadSettings({ ...at, flags: { data_dir: 'data' } })).settings.dataDir, '/srv/app/data');
  const file = parseYaml('conf/berth.yaml', 'data_dir: ../data');
  assert.equal(good(loadSettings({ ...at, file })).settings.dataDir, '/srv/app/data');
});

test('what is in force is listed with its origin', () => {
  const rows = settingsInForce(good(loadSettings({ flags: { port: 8000 } })));
  const port = rows.find(row => row.name === 'port');
  assert.equal(port?.value, 8000);
  assert.equal(port?.origin, '--port');
  assert.equal(rows.find(row => row.name === 'public_url')?.value, null);
});

test('booleans are read from text, and only as plain words', () => {
  assert.equal(good(loadSettings({ env: { BERTH_INSECURE: 'yes' } })).settings.insecure, true);
  assert.deepEqual(messages(loadSettings({ env: { BERTH_INSECURE: 'maybe' } })), [
    'insecure: "maybe" is not true or false (BERTH_INSECURE)',
  ]);
});

test('log bounds and the subnet must fit together', () => {
  const [bounds] = messages(loadSettings({ flags: { 'logs.max_bytes': 8 * 1024 * 1024 } }));
  assert.match(bounds ?? '', /at least twice logs\.segment_bytes/);
  const [subnet] = messages(loadSettings({ env: { BERTH_NETWORK_SUBNET: '10.200.3.0/16' } }));
  assert.match(subnet ?? '', /should be 10\.200\.0\.0\/16/);
});
