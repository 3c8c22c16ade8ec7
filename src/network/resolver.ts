import { readFile } from 'node:fs/promises';

/** Where name servers are listed; the second is what systemd-resolved's own loopback server asks. */
const sources = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];

/**
 * The `resolv.conf` of workloads: the machine's, without servers that a workload can't reach (on the
 * machine's loopback, or over IPv6). Without any server where there is no other.
 */
export async function workloadResolver(files: readonly string[] = sources): Promise<string> {
  let text = '';
  for (const file of files) {
    text = reachable(await readFile(file, 'utf8').catch(() => ''));
    if (/^nameserver/m.test(text)) break;
  }
  return text;
}

function reachable(text: string): string {
  const lines = text.split('\n').filter(line => {
    const [keyword, value = ''] = line.trim().split(/\s+/);
    if (keyword === 'nameserver') return !value.startsWith('127.') && !value.includes(':');
    return keyword === 'search' || keyword === 'options' || keyword === 'domain';
  });
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
