import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerBackendList } from './list.ts';
import { registerBackendLogs } from './logs.ts';
import { registerBackendStatus } from './status.ts';
import { registerBackendTerminate } from './terminate.ts';

export function registerBackend(program: Command, context: Context): void {
  const backend = program.command('backend').helpCommand(false);
  registerBackendList(backend, context);
  registerBackendStatus(backend, context);
  registerBackendLogs(backend, context);
  registerBackendTerminate(backend, context);
}
