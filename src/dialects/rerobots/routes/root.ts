import type { FastifyInstance } from 'fastify';
import { escapeHtml, sendPage } from '../../../http/index.ts';
import { visitorOf } from '../access.ts';
import { wrongToken } from '../errors.ts';
import type { RerobotsParts } from '../parts.ts';

/** The page for people, and the summary of commands for programs. */
export function rootRoute(app: FastifyInstance, { settings }: RerobotsParts): void {
  app.options('/', { schema: { hide: true } }, async (_, reply) => reply.send());
  app.get('/', { schema: { summary: 'List the commands of the workspace API' } }, async (request, reply) => {
    if (/\btext\/html\b/i.test(request.headers.accept ?? '')) return sendPage(reply, frontPage(request.host));
    if (!settings.publicRead && visitorOf(request) === undefined) throw wrongToken();
    return commands(`${request.protocol}://${request.host}`);
  });
}

function commands(base: string): object {
  return {
    workspace_types: `${base}/workspaces`,
    workspace_deployments: `${base}/deployments{/workspace_type}{?q,maxlen,types,sort_by,max_per_page,page}`,
    deployment_details: `${base}/deployment{/deployment_id}`,
    create_instance: `${base}/new{/workspace_type,deployment_id}`,
    vpn: `${base}/vpn{/instance_id}`,
    firewall: `${base}/firewall{/instance_id}`,
    terminate_instance: `${base}/terminate{/instance_id}`,
  };
}

function frontPage(host: string) {
  return {
    title: 'Berth',
    main: `<h1>Berth</h1>
<p class="hint">This server runs programs on demand: backends, sandboxes and workspaces.</p>
<dl><dt>Server</dt><dd><code>${escapeHtml(host)}</code></dd>
<dt>Command line</dt><dd><code>berth login</code></dd></dl>`,
  };
}
