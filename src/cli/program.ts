import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { registerAccountAdd } from './account/add.ts';
import { registerAccountCreate } from './account/create.ts';
import { registerAccountList } from './account/list.ts';
import { registerAccountRemove } from './account/remove.ts';
import { registerBackendList } from './backend/list.ts';
import { registerBackendLogs } from './backend/logs.ts';
import { registerBackendStatus } from './backend/status.ts';
import { registerBackendTerminate } from './backend/terminate.ts';
import type { Context } from './context.ts';
import { registerDeployment } from './deployment/deployment.ts';
import { registerDev } from './dev/dev.ts';
import { registerImageBuild } from './image/build.ts';
import { registerImageCreate } from './image/create.ts';
import { registerImageImport } from './image/import.ts';
import { registerImageList } from './image/list.ts';
import { registerImagePull } from './image/pull.ts';
import { registerImageRemove } from './image/remove.ts';
import { registerLazily } from './lazy.ts';
import { registerLogin } from './login.ts';
import { registerLogout } from './logout.ts';
import { registerServiceCreate } from './service/create.ts';
import { registerServiceDelete } from './service/delete.ts';
import { registerServiceList } from './service/list.ts';
import { registerSpawn } from './spawn.ts';
import { registerSprite } from './sprite/sprite.ts';
import { registerTokenCreate } from './token/create.ts';
import { registerTokenList } from './token/list.ts';
import { registerTokenRevoke } from './token/revoke.ts';
import { registerUserChange } from './user/change.ts';
import { registerUserCreate } from './user/create.ts';
import { registerUserDelete } from './user/delete.ts';
import { registerUserList } from './user/list.ts';
import { registerUserPassword } from './user/password.ts';

const environmentHelp = `
Environment:
  BERTH_URL        the server to talk to (default: the one of the last login, else http://127.0.0.1:7070)
  BERTH_TOKEN      the token to use (default: that of the login; else, on the server's machine, the file
                   admin-token of its data folder)
  BERTH_DATA_DIR   the data folder (default: .berth in the checkout)
  NO_COLOR         no colours`;

export function createProgram(context: Context): Command {
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

  registerLazily(program, context, {
    name: 'up',
    description: 'start the server on this machine',
    load: async () => (await import('./machine/up.ts')).registerUp,
  });
  registerLazily(program, context, {
    name: 'doctor',
    description: 'show what Berth can use of this machine, and what each missing part switches off',
    load: async () => (await import('./machine/doctor.ts')).registerDoctor,
  });
  registerLazily(program, context, {
    name: 'config',
    description: 'print the settings in force and where each comes from',
    load: async () => (await import('./machine/config.ts')).registerConfig,
  });
  registerSpawn(program, context);
  registerDev(program, context);

  const service = program
    .command('service')
    .description('create, list and delete services')
    .helpCommand(false);
  registerServiceCreate(service, context);
  registerServiceList(service, context);
  registerServiceDelete(service, context);

  const image = program
    .command('image')
    .description('get, make and remove images of services')
    .helpCommand(false);
  registerImageList(image, context);
  registerImagePull(image, context);
  registerImageImport(image, context);
  registerImageBuild(image, context);
  registerImageCreate(image, context);
  registerImageRemove(image, context);

  const backend = program.command('backend').description('look after backends').helpCommand(false);
  registerBackendList(backend, context);
  registerBackendStatus(backend, context);
  registerBackendLogs(backend, context);
  registerBackendTerminate(backend, context);

  registerSprite(program, context);
  registerDeployment(program, context);

  const token = program.command('token').description('create, list and revoke tokens').helpCommand(false);
  registerTokenCreate(token, context);
  registerTokenList(token, context);
  registerTokenRevoke(token, context);

  registerLogin(program, context);
  registerLogout(program, context);
  const user = program.command('user').description('create, change and delete users').helpCommand(false);
  registerUserCreate(user, context);
  registerUserList(user, context);
  registerUserChange(user, context);
  registerUserPassword(user, context);
  registerUserDelete(user, context);

  const account = program
    .command('account')
    .description('create organisations, and say who belongs to them')
    .helpCommand(false);
  registerAccountCreate(account, context);
  registerAccountList(account, context);
  registerAccountAdd(account, context);
  registerAccountRemove(account, context);
  return program;
}
