import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerImageBuild } from './build.ts';
import { registerImageCreate } from './create.ts';
import { registerImageImport } from './import.ts';
import { registerImageList } from './list.ts';
import { registerImagePull } from './pull.ts';
import { registerImageRemove } from './remove.ts';

export function registerImage(program: Command, context: Context): void {
  const image = program.command('image').helpCommand(false);
  registerImageList(image, context);
  registerImagePull(image, context);
  registerImageImport(image, context);
  registerImageBuild(image, context);
  registerImageCreate(image, context);
  registerImageRemove(image, context);
}
