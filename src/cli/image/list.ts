import type { Command } from 'commander';
import type { ImageSummary, ImageUsage } from '../../client/index.ts';
import { timeText } from '../age.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';
import { sizeText } from './size.ts';

const shownDigits = 12;

export function registerImageList(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('list')
      .alias('ls')
      .description('list images, newest first, and the disk that they take')
      .argument('[service]', 'only the images of this one'),
  ).action(async (service: string | undefined, options: ServerOptions) => {
    const { terminal } = context;
    const { client } = await connect(context, options);
    const of = options.account === undefined ? {} : { account: options.account };
    const images = await client.images.list({ ...of, ...(service !== undefined && { service }) });
    const usage = await client.images.usage(options.account);
    if (options.json) {
      await printJson(terminal, { images, usage });
      return;
    }
    const columns = [
      { title: 'service', value: (image: ImageSummary) => image.service },
      { title: 'tag', value: (image: ImageSummary) => image.tags.join(' ') || '-' },
      {
        title: 'digest',
        value: ({ digest }: ImageSummary) => digest.slice(0, 'sha256:'.length + shownDigits),
      },
      { title: 'size', value: (image: ImageSummary) => sizeText(image.size_bytes) },
      { title: 'pushed', value: (image: ImageSummary) => timeText(image.pushed_at, terminal) },
    ];
    await printTable(terminal, images, columns, 'There is no image yet. Get one: berth image pull IMAGE');
    for (const line of usageLines(usage)) await terminal.err(line);
  });
}

function usageLines({ account, account_bytes: bytes, server }: ImageUsage): string[] {
  const own = `Images of ${account} take ${sizeText(bytes)}.`;
  if (server === undefined) return [own];
  const packed = server.packed_bytes + server.upload_bytes;
  const all = [
    `all ${sizeText(packed)}${limitText(server.max_packed_bytes)}`,
    `unpacked ${sizeText(server.unpacked_bytes)}${limitText(server.max_unpacked_bytes)}`,
    `${sizeText(server.free_disk_bytes)} of the disk are free`,
  ];
  return [own, `On the server: ${all.join('; ')}.`];
}

function limitText(bytes: number | null): string {
  return bytes === null ? '' : ` of ${sizeText(bytes)}`;
}
