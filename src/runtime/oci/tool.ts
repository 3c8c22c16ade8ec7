import { findTool } from '../../lib/command.ts';
import { BerthError } from '../../lib/errors.ts';

/** The path of a program that this runtime needs. @throws {BerthError} `unsupported` */
export async function tool(name: string): Promise<string> {
  const path = await findTool(name);
  if (path === undefined) {
    throw new BerthError(
      'unsupported',
      `runtime: oci needs ${name}, which is not installed; see berth doctor`,
    );
  }
  return path;
}
