import { execFileSync } from 'node:child_process';

/** Prints all that can be told of a tree, a line for each path; hard links by the first of their names. */
const script = `
import hashlib, os, stat, sys
top = os.fsencode(sys.argv[1])
first, paths = {}, [b'']
for folder, folders, files in os.walk(top):
    folders.sort()
    paths += sorted(os.path.relpath(os.path.join(folder, name), top) for name in folders + files)
for path in sorted(paths):
    full = os.path.join(top, path) if path else top
    s = os.lstat(full)
    kind = stat.S_IFMT(s.st_mode)
    what = ''
    if kind == stat.S_IFREG:
        what = hashlib.sha1(open(full, 'rb').read()).hexdigest() + (' sparse' if s.st_blocks * 512 < s.st_size else '')
    elif kind == stat.S_IFLNK: what = repr(os.readlink(full))
    elif kind == stat.S_IFCHR: what = str(s.st_rdev)
    name = first.setdefault(s.st_ino, path) if kind != stat.S_IFDIR else path
    attributes = [(a, os.getxattr(full, a, follow_symlinks=False)) for a in sorted(os.listxattr(full, follow_symlinks=False))]
    print(path, oct(s.st_mode), s.st_uid, s.st_gid, s.st_mtime_ns, what, attributes, name)
`;

/** All that copies of a tree must have in common. */
export function describeTree(folder: string): string[] {
  return execFileSync('python3', ['-c', script, folder], { encoding: 'utf8' }).trimEnd().split('\n');
}
