import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const source = resolve(import.meta.dirname, '../src');

interface Room {
  /** Rooms whose door it may use; a folder stands for the rooms in it, too. */
  readonly rooms: readonly string[];
  /** Seam files that it may use of rooms that are otherwise closed to it. */
  readonly seams?: readonly string[];
  /** Seam files whose types it may use, by `import type`. */
  readonly types?: readonly string[];
  /** Packages and built-in modules it must do without; `*` = all packages. */
  readonly without?: readonly string[];
}

/** Rooms by folder; the longest one that fits a file is its room. Every room may use `lib`. */
const layers: Readonly<Record<string, Room>> = {
  cli: { rooms: ['client', 'cli/machine'] },
  'cli/machine': { rooms: ['cli', 'client', 'server'] },
  client: { rooms: [], without: ['*'] },
  dialects: { rooms: ['dialects', 'http'] },
  'dialects/berth': { rooms: ['http', 'engine', 'identity', 'images'] },
  'dialects/jamsocket': { rooms: ['http', 'engine', 'identity', 'images'] },
  'dialects/sprites': { rooms: ['http', 'engine', 'identity'] },
  'dialects/rerobots': { rooms: ['http', 'engine', 'identity'] },
  'dialects/registry': { rooms: ['http', 'engine', 'identity', 'images'] },
  http: { rooms: ['engine', 'identity'] },
  engine: {
    rooms: ['engine/supervision'],
    seams: ['runtime/runtime.ts', 'store/store.ts', 'logs/logs.ts', 'volumes/volumes.ts'],
    without: ['node:http', 'node:child_process', 'fastify', 'kysely', 'better-sqlite3', 'undici', 'ws'],
  },
  'engine/supervision': { rooms: [], without: ['*', 'node:http', 'node:child_process', 'node:fs'] },
  runtime: { rooms: ['images', 'logs', 'network', 'runtime'] },
  'runtime/oci': { rooms: ['images', 'logs', 'network', 'runtime/roots'], seams: ['runtime/runtime.ts'] },
  'runtime/process': { rooms: ['images', 'logs', 'runtime/roots'], seams: ['runtime/runtime.ts'] },
  'runtime/roots': { rooms: [], seams: ['runtime/runtime.ts'] },
  images: { rooms: [], seams: ['runtime/runtime.ts', 'store/store.ts'] },
  network: { rooms: [] },
  logs: { rooms: [] },
  edge: { rooms: [] },
  identity: { rooms: [], seams: ['store/store.ts'] },
  store: {
    rooms: [],
    seams: [
      'engine/workloads/status.ts',
      'engine/workspaces/admission.ts',
      'engine/workspaces/hand-over.ts',
      'engine/workspaces/instance-status.ts',
      'engine/workspaces/queue-state.ts',
      'runtime/runtime.ts',
      'volumes/volumes.ts',
    ],
  },
  volumes: { rooms: [] },
  server: {
    rooms: [
      'dialects',
      'edge',
      'engine',
      'http',
      'identity',
      'images',
      'logs',
      'network',
      'runtime',
      'server',
      'store',
      'volumes',
    ],
  },
  'server/doctor': { rooms: [] },
  'server/settings': { rooms: [] },
  lib: { rooms: [] },
};

/** Doors besides `index.ts`. */
const seamFiles: ReadonlySet<string> = new Set([
  'edge/edge.ts',
  'engine/workloads/status.ts',
  'engine/workspaces/admission.ts',
  'engine/workspaces/hand-over.ts',
  'engine/workspaces/instance-status.ts',
  'engine/workspaces/queue-state.ts',
  'logs/logs.ts',
  'runtime/runtime.ts',
  'store/store.ts',
  'volumes/volumes.ts',
]);

interface Import {
  /** Relative to the source folder, such as `cli/main.ts`. */
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const importForms = [
  /^(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'/gm,
  /^import\s+'([^']+)'/gm,
  /\bimport\(\s*'([^']+)'/g,
];

function importsOf(file: string, text: string): Import[] {
  return importForms.flatMap(form =>
    [...text.matchAll(form)].map(match => ({
      file,
      line: text.slice(0, match.index + match[0].length).split('\n').length,
      specifier: match[1] ?? '',
      typeOnly: /^(?:import|export) type\b/.test(match[0]),
    })),
  );
}

/** Tests and what they share may look behind doors. */
function isForTests(file: string): boolean {
  return file.endsWith('.test.ts') || file.split('/').includes('testing') || /(^|\/)conformance/.test(file);
}

function roomOf(file: string): string | undefined {
  let folder = dirname(file);
  while (folder !== '.' && !Object.hasOwn(layers, folder)) folder = dirname(folder);
  return folder === '.' ? undefined : folder;
}

/** The rule that an import breaks; undefined when it is fine. */
function brokenRule({ file, specifier, typeOnly }: Import): string | undefined {
  const room = roomOf(file);
  const rules = room === undefined ? undefined : layers[room];
  if (room === undefined || rules === undefined) return 'its folder is no room in the table of layers';
  if (!specifier.startsWith('.')) {
    const name = specifier.startsWith('node:')
      ? specifier
      : (/^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
    const banned = rules.without?.some(ban => (ban === '*' ? !specifier.startsWith('node:') : ban === name));
    return banned ? `${room} must do without ${name}` : undefined;
  }
  const target = relative(source, resolve(source, dirname(file), specifier));
  if (target.startsWith('..')) return undefined;
  const targetRoom = roomOf(target);
  if (targetRoom === undefined) return `${target} is in no room`;
  if (targetRoom === room || targetRoom === 'lib') return undefined;
  if (rules.seams?.includes(target) || (typeOnly && rules.types?.includes(target))) return undefined;
  const open = rules.rooms.some(other => targetRoom === other || targetRoom.startsWith(`${other}/`));
  if (!open) return `${room} may not use ${targetRoom}`;
  if (seamFiles.has(target) || target.endsWith('/index.ts') || room === 'cli' || targetRoom === 'cli')
    return undefined;
  return `${targetRoom} is used through its index.ts or its seam file only`;
}

test('every import keeps to the layers', async () => {
  const files = (await readdir(source, { recursive: true }))
    .filter(file => file.endsWith('.ts') && !isForTests(file))
    .sort();
  const imports = await Promise.all(
    files.map(async file => importsOf(file, await readFile(join(source, file), 'utf8'))),
  );
  const broken = imports.flat().flatMap(found => {
    const rule = brokenRule(found);
    return rule === undefined ? [] : [`src/${found.file}:${found.line} imports ${found.specifier}: ${rule}`];
  });
  assert.ok(files.length > 0);
  assert.ok(broken.length === 0, `\n${broken.join('\n')}`);
});

test('imports are found in all their forms, with their line', () => {
  const text = [
    "import { a } from '../a.ts';",
    'import {',
    '  b,',
    "} from './b.ts';",
    "export * from './c.ts';",
    "export { d } from './d.ts';",
    "import './e.ts';",
    "const f = await import('./f.ts');",
    "export const text = 'no import';",
  ].join('\n');
  assert.deepEqual(
    importsOf('x.ts', text)
      .map(({ line, specifier }) => `${line} ${specifier}`)
      .sort(),
    ['1 ../a.ts', '4 ./b.ts', '5 ./c.ts', '6 ./d.ts', '7 ./e.ts', '8 ./f.ts'],
  );
});

test('each kind of breach is told', () => {
  const told = (file: string, specifier: string, typeOnly = false) =>
    brokenRule({ file, line: 1, specifier, typeOnly });
  assert.equal(told('cli/spawn.ts', '../server/index.ts'), 'cli may not use server');
  assert.equal(told('cli/machine/up.ts', '../../server/index.ts'), undefined);
  assert.equal(
    told('dialects/berth/tokens.ts', '../jamsocket/index.ts'),
    'dialects/berth may not use dialects/jamsocket',
  );
  assert.equal(
    told('dialects/berth/tokens.ts', '../../store/store.ts', true),
    'dialects/berth may not use store',
  );
  assert.equal(told('engine/engine.ts', '../store/store.ts'), undefined);
  assert.equal(told('engine/engine.ts', '../store/index.ts'), 'engine may not use store');
  assert.equal(told('engine/engine.ts', 'fastify'), 'engine must do without fastify');
  assert.equal(told('client/client.ts', 'undici'), 'client must do without undici');
  assert.equal(
    told('server/listener.ts', '../edge/proxy.ts'),
    'edge is used through its index.ts or its seam file only',
  );
  assert.equal(told('http/app.ts', '../server/index.ts'), 'http may not use server');
  assert.equal(told('elsewhere/x.ts', './y.ts'), 'its folder is no room in the table of layers');
});
