import { readFile } from 'node:fs/promises';
import { type Member, makeLayer } from '../../src/images/testing/layers.ts';
import { cannotRun } from '../support/index.ts';

const path = '/bin/busybox';
const programs = ['sh', 'cat', 'env', 'id', 'ls', 'pwd', 'sleep', 'httpd', 'stat', 'head', 'wc'];

/** Of the machine; undefined where it has none that needs no libraries. */
const busybox = await readFile(path).catch(() => undefined);

/** For `describe(..., { skip })`. */
export const cannotRunImages: string | false =
  cannotRun('oci') ?? (busybox === undefined ? `this machine lacks ${path} (busybox-static)` : false);

/** A small root file system: programs, accounts, and a page for `httpd`. */
export function baseLayer(more: readonly Member[] = []): Buffer {
  return makeLayer([
    { name: 'bin/', type: 'folder' },
    { name: 'bin/busybox', content: busybox ?? '', mode: 0o755 },
    ...programs.map(name => ({ name: `bin/${name}`, type: 'symbolic-link', target: 'busybox' }) as const),
    { name: 'etc/', type: 'folder' },
    { name: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\nweb:x:1000:1001::/home/web:/bin/sh\n' },
    { name: 'etc/group', content: 'root:x:0:\nweb:x:1001:\nextra:x:1002:web\n' },
    { name: 'tmp/', type: 'folder', mode: 0o1777 },
    { name: 'www/', type: 'folder' },
    { name: 'www/index.html', content: 'the first page\n' },
    { name: 'www/old.html', content: 'old\n' },
    ...more,
  ]);
}

/** The configuration of an image that serves `/www` after this line of shell. */
export function serving(line = 'true', more: object = {}): object {
  return { Cmd: ['/bin/sh', '-c', `${line}; exec httpd -f -p $PORT -h /www`], ...more };
}
