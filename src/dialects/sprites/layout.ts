import type { SandboxLayout } from '../../engine/index.ts';

/** What the files of a sprite look like to what runs in it. */
export const spriteLayout: SandboxLayout = {
  account: { name: 'sprite', uid: 1000, gid: 1000, home: '/home/sprite' },
  privateFolder: '/.sprite',
};
