import type { Ecosystem } from './ecosystem.ts';
import { runInstaller } from './run-installer.ts';

/** Packages are in `node_modules` of the folder. */
export const npm: Ecosystem = {
  name: 'npm',
  lists: ['package.json', 'package-lock.json'],
  install: async folder => {
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retry-mintimeout=2000'];
    await runInstaller('npm', ['ci', ...options], folder);
  },
};
