import { forEachRuntime } from '../support/index.ts';
import { checkpointCases } from './sprites-js/checkpoints.ts';
import { commandCases } from './sprites-js/commands.ts';
import { fileCases } from './sprites-js/files.ts';
import { policyCases } from './sprites-js/policies.ts';
import { portCases } from './sprites-js/ports.ts';
import { recordCases } from './sprites-js/records.ts';
import { findSdk } from './sprites-js/sdk.ts';
import { serviceCases } from './sprites-js/services.ts';
import { sessionCases } from './sprites-js/sessions.ts';
import { terminalCases } from './sprites-js/terminals.ts';
import { SdkUser } from './sprites-js/user.ts';

const { skip, sdk } = await findSdk();

forEachRuntime('the published library for JavaScript', { skip, concurrency: 4 }, world => {
  const user = new SdkUser(sdk, world);
  recordCases(user);
  commandCases(user);
  sessionCases(user);
  terminalCases(user);
  fileCases(user);
  checkpointCases(user);
  policyCases(user);
  portCases(user);
  serviceCases(user);
});
