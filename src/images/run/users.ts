/** Who a program runs as. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const maxId = 2 ** 32 - 2;

/**
 * Finds a user as Docker does: `user`, `user:group`, each a name or a number; nothing at all is root. A number
 * need not be in the files.
 * @param passwd content of the image's /etc/passwd @param group content of the image's /etc/group
 * @throws {Error} for a name that is in neither
 */
export function resolveUser(text: string, passwd: string, group: string): ResolvedUser {
  const [userText = '', groupText] = text.split(':', 2);
  const users = parsePasswd(passwd);
  const groups = parseGroup(group);
  const wanted = userText === '' ? '0' : userText;
  const entry = users.find(({ name }) => name === wanted) ?? users.find(({ uid }) => String(uid) === wanted);
  const uid = entry?.uid ?? idOf(wanted);
  if (uid === undefined) throw new Error(`its user ${JSON.stringify(wanted)} is not in its /etc/passwd`);
  if (groupText !== undefined && groupText !== '') {
    const gid = groups.find(({ name }) => name === groupText)?.gid ?? idOf(groupText);
    if (gid === undefined) throw new Error(`its group ${JSON.stringify(groupText)} is not in its /etc/group`);
    return { uid, gid, groups: [] };
  }
  const gid = entry?.gid ?? 0;
  const further = groups.filter(({ members }) => entry !== undefined && members.includes(entry.name));
  return { uid, gid, groups: [...new Set(further.map(found => found.gid))].filter(found => found !== gid) };
}

function parsePasswd(content: string): PasswdEntry[] {
  return lines(content).flatMap(([name = '', , uidText = '', gidText = '']) => {
    const uid = idOf(uidText);
    const gid = idOf(gidText);
    return name === '' || uid === undefined || gid === undefined ? [] : [{ name, uid, gid }];
  });
}

function parseGroup(content: string): GroupEntry[] {
  return lines(content).flatMap(([name = '', , gidText = '', members = '']) => {
    const gid = idOf(gidText);
    return name === '' || gid === undefined ? [] : [{ name, gid, members: members.split(',') }];
  });
}

function lines(content: string): string[][] {
  return content.split('\n').map(line => line.trim().split(':'));
}

function idOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= maxId ? Number(text) : undefined;
}
