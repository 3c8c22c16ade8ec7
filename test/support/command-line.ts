import { execFile } from 'node:child_process';
import { adminToken, berthProgram, type TestServer } from './server.ts';

const commandTimeoutMs = 60_000;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line client against a server. @param env more variables; an empty one removes it */
export async function runBerth(
  server: TestServer,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const variables = { PATH: process.env.PATH, BERTH_URL: server.url, BERTH_TOKEN: adminToken, ...env };
  return await new Promise(done => {
    const child = execFile(
      berthProgram,
      args,
      { env: variables, cwd: server.dataDir, timeout: commandTimeoutMs },
      (_, stdout, stderr) => done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
