import { CommandError } from '../command-error.ts';
import type { Connection } from '../connection.ts';

/** Ids are never shorter than this, so a shorter text is the beginning of one. */
const shortestId = 14;

/** The backend that is meant by an id or the beginning of the id of one that is live. */
export async function backendId(text: string, { client, account }: Connection): Promise<string> {
  if (text.length >= shortestId) return text;
  const live = await client.backends.list(await account());
  const matches = live.map(backend => backend.name).filter(name => name.startsWith(text));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  throw new CommandError(
    matches.length === 0
      ? `no live backend's id begins with "${text}". See \`berth backend list\`; of one that has ended, give the whole id.`
      : `"${text}" could be ${matches.join(' or ')}. Give more of the id.`,
  );
}
