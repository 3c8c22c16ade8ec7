import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import type { Context } from './context.ts';
import { type LazyCommand, registerLazily } from './lazy.ts';

const environmentHelp = `
Environment:
  BERTH_URL        the server to talk to (default: the one of the last login, else http://127.0.0.1:7070)
  BERTH_TOKEN      the token to use (default: that of the login; else, on the server's machine, the file
                   admin-token of its data folder)
  BERTH_DATA_DIR   the data folder (default: .berth in the checkout)
  NO_COLOR         no colours`;

const commands: readonly LazyCommand[] = [
  {
    name: 'up',
    description: 'start the server on this machine',
    load: async () => (await import('./machine/up.ts')).registerUp,
  },
  {
    name: 'doctor',
    description: 'show what Berth can use of this machine, and what each missing part switches off',
    load: async () => (await import('./machine/doctor.ts')).registerDoctor,
  },
  {
    name: 'config',
    description: 'print the settings in force and where each comes from',
    load: async () => (await import('./machine/config.ts')).registerConfig,
  },
  {
    name: 'spawn',
    description: 'start a backend of a service and print its URL once it is ready',
    load: async () => (await import('./spawn.ts')).registerSpawn,
  },
  {
    name: 'dev',
    description: 'run the program of a folder, and again whenever a file of it changes',
    load: async () => (await import('./dev/dev.ts')).registerDev,
  },
  {
    name: 'service',
    description: 'create, list and delete services',
    load: async () => (await import('./service/service.ts')).registerService,
  },
  {
    name: 'image',
    description: 'get, make and remove images of services',
    load: async () => (await import('./image/image.ts')).registerImage,
  },
  {
    name: 'backend',
    description: 'look after backends',
    load: async () => (await import('./backend/backend.ts')).registerBackend,
  },
  {
    name: 'sprite',
    description: 'sandboxes that keep their files: make them, run commands in them, copy them',
    load: async () => (await import('./sprite/sprite.ts')).registerSprite,
  },
  {
    name: 'deployment',
    description: 'slots that workspaces run in, one at a time each',
    load: async () => (await import('./deployment/deployment.ts')).registerDeployment,
  },
  {
    name: 'workspace-type',
    description: 'types that deployments are asked for by',
    load: async () => (await import('./deployment/workspace-type.ts')).registerWorkspaceType,
  },
  {
    name: 'token',
    description: 'create, list and revoke tokens',
    load: async () => (await import('./token/token.ts')).registerToken,
  },
  {
    name: 'login',
    description: 'log this command line in through a browser, and keep that for the next commands',
    load: async () => (await import('./login.ts')).registerLogin,
  },
  {
    name: 'logout',
    description: 'end the session of `berth login`, and forget it',
    load: async () => (await import('./logout.ts')).registerLogout,
  },
  {
    name: 'user',
    description: 'create, change and delete users',
    load: async () => (await import('./user/user.ts')).registerUser,
  },
  {
    name: 'account',
    description: 'create organisations, and say who belongs to them',
    load: async () => (await import('./account/account.ts')).registerAccount,
  },
];

export function createProgram(context: Context, args: readonly string[]): Command {
  const { terminal } = context;
  const program = new Command('berth')
    .description("Runs other people's programs on demand.")
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for what is possible)')
    .addHelpText('after', environmentHelp)
    .exitOverride()
    .configureOutput({
      writeOut: text => void terminal.out(text.trimEnd()),
      writeErr: text => void terminal.err(text.trimEnd()),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
      getOutHasColors: () => terminal.outColours,
      getErrHasColors: () => terminal.errColours,
    });

  for (const command of commands) registerLazily(program, context, args, command);
  return program;
}
