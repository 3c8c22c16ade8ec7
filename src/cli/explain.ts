import { ApiError, ConnectionError } from '../client/index.ts';
import { CommandError } from './command-error.ts';
import { spriteWayOut } from './sprite/way-out.ts';

/** What to tell about an error, with a way out where there is one. */
export function explain(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof CommandError) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof ConnectionError) {
    return {
      text: `no answer from ${oneLine(error.message)}
Is it running? Start it with \`npm start\`, or set BERTH_URL to where it runs.`,
      exitCode: 1,
    };
  }
  if (error instanceof ApiError) {
    const trace =
      error.status >= 500 && error.status !== 501 && error.requestId !== undefined
        ? ` (request ${error.requestId})`
        : '';
    const wayOut = wayOutOf(error);
    return {
      text: `${oneLine(error.message)}${trace}${wayOut === undefined ? '' : `\n${wayOut}`}`,
      exitCode: 1,
    };
  }
  const unexpected = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: unexpected, exitCode: 1 };
}

function wayOutOf({ code, status }: ApiError): string | undefined {
  switch (code) {
    case 'InvalidAuth':
    case 'unauthorized':
      return `Log in with \`berth login\`, or set BERTH_TOKEN. On the server's machine the administrator's token is in
the file admin-token of its data folder, which is found by itself when BERTH_DATA_DIR names that folder.`;
    case 'Forbidden':
      return 'The token belongs to another account. Leave --account out to act on its own, or use another token.';
    case 'NotFound':
      return 'See what there is: `berth service list`, `berth backend list`.';
    case 'BackendNotRunning':
      return 'It has ended already. `berth backend status ID` tells how.';
    case 'UsageLimit':
    case 'NoCapacity':
      return 'End a backend that is not needed: `berth backend list`, `berth backend terminate ID`.';
    case 'LockBusy':
      return 'The backend that holds the lock is still ending. Try again in a few seconds.';
    case 'RegistryDenied':
      return 'Sign in with --username and --password-stdin, and check the name of the image.';
    case 'ImageNotFound':
      return 'Check the name of the image, its tag, and the host before it.';
    case 'ImageStoreFull':
      return 'Remove images that are not needed: `berth image list`, `berth image remove SERVICE:TAG`.';
    case 'Http404':
      return 'Something answers there, but it does not look like Berth. Check BERTH_URL.';
    default:
      return spriteWayOut(code) ?? (status >= 500 ? "The server's log has more about it." : undefined);
  }
}

/** Texts from elsewhere must not move the cursor. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
