import { isDnsLabel } from '../lib/dns-label.ts';

const port = /:\d{0,5}$/;

/** Recognises hosts of the form `<id>.<domain>[:port]`, in any case, with or without a trailing dot. */
export class WorkloadHosts {
  readonly #suffix: string;

  constructor(domain: string) {
    this.#suffix = `.${domain.toLowerCase().replace(/\.$/, '')}`;
  }

  /** The id that a `Host` value names; undefined when it names no workload. */
  idOf(host: string | undefined): string | undefined {
    if (host === undefined) return undefined;
    let name = host.toLowerCase();
    if (name.includes(':')) name = name.replace(port, '');
    if (name.endsWith('.')) name = name.slice(0, -1);
    if (!name.endsWith(this.#suffix)) return undefined;
    const id = name.slice(0, -this.#suffix.length);
    return isDnsLabel(id) ? id : undefined;
  }
}
