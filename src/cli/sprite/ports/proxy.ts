import { Argument, type Command } from 'commander';
import { connect } from '../../connection.ts';
import type { Context } from '../../context.ts';
import { explain } from '../../explain.ts';
import { printJsonLine } from '../../print.ts';
import { streamsOf } from '../exec.ts';
import { examples, type SpriteOptions, withSpriteOptions } from '../options.ts';
import { type ForwardedPort, forwardPort } from './forward-port.ts';
import { type PortPair, portPair } from './port-pair.ts';

interface Options extends SpriteOptions {
  readonly host: string;
  readonly listen: string;
}

export function registerProxy(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('proxy')
      .description('reach ports of a sprite at ports here, until you end it')
      .usage('[options] <name> LOCAL[:REMOTE]…')
      .argument('<name>')
      .addArgument(
        new Argument('<ports...>', 'such as 5432, or 8080:3000; :3000 takes any free port here').argParser(
          portPair,
        ),
      )
      .option('--host <host>', 'where to, as it is known in the sprite', 'localhost')
      .option('--listen <address>', 'of this machine; 0.0.0.0 lets others in', '127.0.0.1')
      .addHelpText(
        'after',
        `${examples('berth sprite proxy box 5432', 'berth sprite proxy box 8080:3000 :5432')}

Once it listens it prints a line for each port. Ctrl-C ends it, with exit code 0.`,
      ),
  ).action(async (name: string, pairs: readonly PortPair[], options: Options) => {
    const { terminal } = context;
    const { host, listen, json } = options;
    const streams = streamsOf(context);
    const { client } = await connect(context, options);
    // Told now, rather than with the first connection.
    await client.sprites.get(name);
    const { ports } = client.sprites.named(name);
    const forwarded: ForwardedPort[] = [];
    const ended = Promise.withResolvers<void>();
    const stop = streams.onSignal(() => ended.resolve());
    try {
      for (const { local, remote } of pairs) {
        const port = await forwardPort({
          listen,
          port: local,
          connect: () => ports.connect(remote, host),
          onFailure: error => void terminal.err(`berth: ${explain(error).text}`),
        });
        forwarded.push(port);
        const target = `${host}:${remote}`;
        if (json) await printJsonLine(terminal, { local: port.address, sprite: name, target });
        else await terminal.out(`${port.address} -> ${name} ${target}`);
      }
      await ended.promise;
    } finally {
      stop();
      await Promise.all(forwarded.map(port => port.close()));
    }
  });
}
