import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerAttach } from './attach.ts';
import { registerCheckpoint } from './checkpoint/checkpoint.ts';
import { registerConsole } from './console.ts';
import { registerCopy } from './copy/cp.ts';
import { registerSpriteCreate } from './create.ts';
import { registerSpriteDestroy } from './destroy.ts';
import { registerExec } from './exec.ts';
import { registerSpriteInfo } from './info.ts';
import { registerKill } from './kill.ts';
import { registerSpriteList } from './list.ts';
import { examples } from './options.ts';
import { registerPolicy } from './policy/policy.ts';
import { registerPorts } from './ports/ports.ts';
import { registerProxy } from './ports/proxy.ts';
import { registerServices } from './services/services.ts';
import { registerSessions } from './sessions.ts';
import { registerSpriteUrl } from './url.ts';

/** Everything about sandboxes. */
export function registerSprite(program: Command, context: Context): void {
  const sprite = program
    .command('sprite')
    .helpCommand(false)
    .addHelpText(
      'after',
      examples(
        'berth sprite create box',
        'berth sprite exec box -- uname -a',
        'berth sprite console box',
        'berth sprite cp notes.txt box:notes.txt',
        'berth sprite services create box web --http-port 3000 -- python3 -m http.server 3000',
        'berth sprite proxy box 8080:3000',
        'berth sprite destroy box',
      ),
    );
  registerSpriteCreate(sprite, context);
  registerSpriteList(sprite, context);
  registerSpriteInfo(sprite, context);
  registerSpriteDestroy(sprite, context);
  registerExec(sprite, context);
  registerConsole(sprite, context);
  registerSessions(sprite, context);
  registerAttach(sprite, context);
  registerKill(sprite, context);
  registerCopy(sprite, context);
  registerCheckpoint(sprite, context);
  registerPolicy(sprite, context);
  registerServices(sprite, context);
  registerProxy(sprite, context);
  registerPorts(sprite, context);
  registerSpriteUrl(sprite, context);
}
