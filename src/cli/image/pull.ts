import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { PullEvent, PulledImage, PullRequest } from '../../client/index.ts';
import { CommandError } from '../command-error.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { Progress } from '../progress.ts';
import { sizeText } from './size.ts';
import { ensureService, parseNewTarget, serviceNameIn, spawnHint } from './target.ts';

interface Options extends ServerOptions {
  readonly username?: string;
  readonly passwordStdin?: boolean;
  readonly plainHttp?: boolean;
}

export function registerImagePull(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('pull')
      .description('bring an image of another registry to a service')
      .argument('<image>', '[HOST/]NAME[:TAG][@DIGEST], as Docker has it')
      .argument('[target]', 'SERVICE[:TAG] that it is for; by default of the same name and tag')
      .option('-u, --username <name>', 'sign in to that registry, for this pull only')
      .option('--password-stdin', 'read the password from the standard input')
      .option('--plain-http', 'speak to that registry without TLS'),
  ).action(async (image: string, target: string | undefined, options: Options) => {
    const { terminal } = context;
    const { service, tag } = targetOf(image, target);
    const request: PullRequest = {
      image,
      service,
      ...(tag !== undefined && { tag }),
      ...(await credentialsOf(options)),
      ...(options.plainHttp && { plain_http: true }),
    };
    const connection = await connect(context, options);
    await ensureService(connection, service, terminal);
    const progress = new Progress(terminal);
    let pulled: PulledImage | undefined;
    try {
      await progress.show(`pulling ${image}`);
      for await (const event of connection.client.images.pull(request, options.account)) {
        if (event.status === 'done') pulled = event;
        else await show(event, image, progress, terminal.errIsTerminal);
      }
    } finally {
      progress.end();
    }
    if (pulled === undefined) throw new Error('the pull has ended without a result');
    if (options.json) {
      await printJson(terminal, pulled);
      return;
    }
    const name = pulled.tag === null ? `${service}@${pulled.digest}` : `${service}:${pulled.tag}`;
    await terminal.out(`${name} is ${pulled.digest}, ${sizeText(pulled.size_bytes)}`);
    await terminal.err(
      `${sizeText(pulled.fetched_bytes)} fetched in ${progress.seconds} s. Spawn it: ${spawnHint(service, pulled.tag ?? pulled.digest)}`,
    );
  });
}

async function show(
  event: Exclude<PullEvent, PulledImage>,
  image: string,
  progress: Progress,
  isTerminal: boolean,
): Promise<void> {
  if (event.status === 'retrying') await progress.show(`trying again: ${event.reason}`);
  else if (event.status === 'resolved') {
    await progress.show(`pulling ${image}: ${event.blobs} parts, ${sizeText(event.total_bytes)}`);
  } else if (isTerminal) {
    const parts = `${event.done_blobs} of ${event.blobs} parts`;
    await progress.show(
      `pulling ${image}: ${parts}, ${sizeText(event.bytes)} of ${sizeText(event.total_bytes)}`,
    );
  }
}

/** Without a target it is the image's own last name; the tag is the server's to choose then. */
function targetOf(image: string, target: string | undefined): { service: string; tag?: string } {
  const name = image.split('@', 1).join();
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  if (target !== undefined) {
    const ownTag = hasTag ? name.slice(colon + 1) : 'latest';
    return parseNewTarget(target, ownTag);
  }
  const service = serviceNameIn(hasTag ? name.slice(0, colon) : name);
  if (service === undefined) throw new CommandError(`"${image}" names no image`, 2);
  return { service };
}

async function credentialsOf({
  username,
  passwordStdin,
}: Options): Promise<{ username?: string; password?: string }> {
  if (username === undefined && !passwordStdin) return {};
  if (username === undefined || !passwordStdin) {
    throw new CommandError('--username and --password-stdin go together', 2);
  }
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  return { username, password };
}
