import type { Ecosystem } from './ecosystem.ts';
import { runInstaller } from './run-installer.ts';

/** Only packages without machine code: they are the same for every Python 3. */
const pure = ['--only-binary=:all:', '--platform=any', '--implementation=py', '--abi=none'];

/** Packages are in `site` of the folder, for `PYTHONPATH`. */
export const pypi: Ecosystem = {
  name: 'pypi',
  lists: ['requirements.txt'],
  install: async folder => {
    const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--root-user-action=ignore'];
    const exact = ['--require-hashes', '--no-deps', '--requirement=requirements.txt', '--target=site'];
    await runInstaller('python3', ['-m', 'pip', 'install', ...quiet, ...exact, ...pure], folder);
  },
};
