import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../src/lib/command.ts';
import { workloadPort } from './programs.ts';
import { toolPath } from './tools.ts';

export interface NewImage {
  /** `name:tag`. */
  readonly name: string;
  readonly layers: number;
  /** Of each layer, uncompressed and hardly compressible. */
  readonly layerBytes: number;
}

/**
 * A new image as `docker save` writes one: a file of random content in each layer, and in each the small web server
 * that it runs. @returns the archive's path
 */
export async function makeImageArchive(folder: string, image: NewImage): Promise<string> {
  const content = join(folder, 'content');
  await rm(content, { recursive: true, force: true });
  await mkdir(content, { recursive: true });
  await copyFile(await toolPath('busybox'), join(content, 'busybox'));
  await writeFile(join(content, 'index.html'), 'ok\n');
  const layers: string[] = [];
  const digests: string[] = [];
  for (let index = 0; index < image.layers; index++) {
    const file = `file-${index}`;
    const layer = `layer-${index}.tar`;
    await writeFile(join(content, file), randomBytes(image.layerBytes));
    await runCommand('tar', ['-C', content, '-cf', join(content, layer), file, 'busybox', 'index.html']);
    await rm(join(content, file));
    const bytes = await readFile(join(content, layer));
    digests.push(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    layers.push(layer);
  }
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Cmd: ['/busybox', 'httpd', '-f', '-p', String(workloadPort), '-h', '/'] },
    rootfs: { type: 'layers', diff_ids: digests },
  };
  await writeFile(join(content, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [image.name], Layers: layers }];
  await writeFile(join(content, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(folder, 'image.tar');
  await runCommand('tar', ['-C', content, '-cf', archive, 'manifest.json', 'config.json', ...layers]);
  await rm(content, { recursive: true });
  return archive;
}
