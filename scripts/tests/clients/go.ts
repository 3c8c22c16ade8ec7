import { delimiter } from 'node:path';
import type { Ecosystem } from './ecosystem.ts';
import { runInstaller } from './run-installer.ts';

/** Main packages of modules in the lists. */
const programs = ['github.com/opencontainers/distribution-spec/conformance'];

/** Where Go's own archives are unpacked to, by its instructions; login shells have it on their path. */
export const goFolder = '/usr/local/go/bin';

/** Programs are in the folder itself, by the last part of their package's name. */
export const go: Ecosystem = {
  name: 'go',
  lists: ['go.mod', 'go.sum'],
  install: async folder => {
    const path = `${process.env.PATH ?? ''}${delimiter}${goFolder}`;
    const args = ['build', '-mod=readonly', '-o', `${folder}/`, ...programs];
    await runInstaller('go', args, folder, { PATH: path, GOFLAGS: '', CGO_ENABLED: '0' });
  },
};
