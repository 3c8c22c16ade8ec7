import { dirname } from 'node:path';
import type { BaseMount } from '../../images/index.ts';
import type { Endpoint } from '../../network/index.ts';
import { RuntimeError, type WorkloadAccount, type WorkloadMount, type WorkloadSpec } from '../runtime.ts';
import type { Bundle, RootFile } from './bundle.ts';
import {
  maskedPaths,
  type OciMount,
  readonlyPaths,
  rootCapabilitiesOf,
  standardMounts,
} from './confinement.ts';
import type { OciDevice } from './devices.ts';
import { idleArguments, idleMount } from './idle-program.ts';
import type { Kernel } from './kernel.ts';
import { ociLimits } from './limits.ts';
import { boundMounts, type Owner } from './mounted-folders.ts';
import { seccompProfile } from './seccomp.ts';

/** The port that programs are told to listen on; each has an address of its own. */
export const workloadPort = 8080;

/**
 * Each workload of the host base runs as a user of its own: above the ranges that systemd and login.defs hand
 * out and below 2^31. So what the kernel counts per user (inotify, keys, pending signals) is not shared.
 */
const firstUid = 0x7000_0000;

const appFolder = '/app';

/** Where the configuration says which capabilities further processes have that are root. */
export const rootCapabilitiesNote = 'berth.root-capabilities';

/** What the configuration of a container is made from. */
export interface ContainerParts {
  readonly spec: WorkloadSpec;
  readonly endpoint: Endpoint;
  readonly bundle: Bundle;
  /** Where it writes. */
  readonly writable: { readonly upper: string; readonly work: string };
  /** Folder of the checkpoints of its root, where it has one. */
  readonly checkpoints?: string;
  /** The program of the host that idle workloads run. */
  readonly idleProgram?: string;
  /** The layers of the image by the names that its overlay takes, the topmost first. */
  readonly lowerFolders: readonly string[];
  readonly mounts: readonly BaseMount[];
  readonly cgroupsPath: string;
  readonly defaultPids: number;
  readonly devices: readonly OciDevice[];
  /** The kernel counts swap, so that it can be limited. */
  readonly limitsSwap: boolean;
  readonly kernel: Kernel;
  readonly resolver: string;
  /** Who a program of the host base runs as; a user of the workload's own when absent. */
  readonly folderUser?: Owner;
}

export interface OciProcess {
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly additionalGids?: readonly number[];
  };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly noNewPrivileges: boolean;
  readonly capabilities: Readonly<Record<string, readonly string[]>>;
}

/**
 * The OCI configuration of a workload.
 * @throws {RuntimeError} `start-error` for a user or command that can't be
 */
export function containerConfig(parts: ContainerParts): { process: OciProcess } & Record<string, unknown> {
  const { spec, bundle, endpoint } = parts;
  const user = workloadUser(parts);
  const { privileges = {} } = spec;
  const ofRoot = rootCapabilitiesOf(privileges);
  const capabilities = user.uid === 0 ? ofRoot : [];
  // What programs can get by becoming root is bounded by it.
  const bounding = privileges.setUserId ? ofRoot : capabilities;
  const isConfined = privileges.capabilities !== 'all';
  const account = accountOf(spec);
  const env = {
    HOSTNAME: spec.id,
    ...spec.image.config.env,
    ...(account && { HOME: account.home, USER: account.name }),
    ...spec.env,
    PORT: String(workloadPort),
  };
  const args = spec.idle ? idleArguments : (spec.command ?? spec.image.config.command);
  if (args.length === 0) throw new RuntimeError('start-error', 'no command is given, and the image has none');
  return {
    ociVersion: '1.0.2',
    hostname: spec.id,
    root: { path: bundle.rootfs },
    process: {
      user,
      args,
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      cwd: workingDirectory(spec),
      noNewPrivileges: !privileges.setUserId,
      capabilities: { bounding, effective: capabilities, permitted: capabilities },
    },
    mounts: [
      rootMount(parts),
      ...standardMounts(ociLimits.sharedMemoryBytes),
      ...imageMounts(parts),
      ...privateMounts(parts),
      ...boundMounts(spec.mounts ?? []),
      ...boundMounts(checkpointMounts(parts)),
    ],
    linux: {
      cgroupsPath: parts.cgroupsPath,
      namespaces: [
        { type: 'pid' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        { type: 'cgroup' },
        { type: 'network', path: endpoint.namespacePath },
      ],
      resources: resources(parts),
      sysctl: sysctls(parts.kernel),
      ...(isConfined && {
        seccomp: seccompProfile(process.arch, bounding),
        maskedPaths,
        readonlyPaths,
      }),
      devices: parts.devices,
    },
    annotations: { [rootCapabilitiesNote]: ofRoot.join(' ') },
  };
}

/** Files of one workload only, laid over the layers of its image. */
export function privateFiles(parts: ContainerParts): RootFile[] {
  const { spec } = parts;
  const files = [{ path: 'etc' }, ...networkFiles(parts)];
  if (spec.image.reference.kind !== 'host' || accountOf(spec)) return files;
  const { user: name, workingDirectory: home } = spec.image.config;
  const owner = workloadUser(parts);
  const accounts = [
    'root:x:0:0:root:/root:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    `${name}:x:${owner.uid}:${owner.gid}::${home}:/bin/sh`,
  ];
  const groups = ['root:x:0:', 'nogroup:x:65534:', `${name}:x:${owner.gid}:`];
  return [
    ...files,
    { path: 'etc/passwd', content: `${accounts.join('\n')}\n` },
    { path: 'etc/group', content: `${groups.join('\n')}\n` },
    { path: dirname(home).slice(1) },
    { path: home.slice(1), owner },
  ];
}

/** What its network decides anew for each workload. */
export function networkFiles({
  spec,
  endpoint,
  resolver,
}: ContainerParts): { path: string; content: string }[] {
  return [
    { path: 'etc/hostname', content: `${spec.id}\n` },
    { path: 'etc/hosts', content: `127.0.0.1 localhost\n${endpoint.address} ${spec.id}\n` },
    { path: 'etc/resolv.conf', content: resolver },
  ];
}

/**
 * Whom its programs run as, where that is not its image's user. On a persistent root of the host base there
 * must be one: an owner that changes with each workload could not read its own files.
 */
export function accountOf({ account, root, image }: WorkloadSpec): WorkloadAccount | undefined {
  if (account !== undefined || root === undefined || image.reference.kind !== 'host') return account;
  const { user: name, workingDirectory: home } = image.config;
  return { name, uid: 1_000, gid: 1_000, home };
}

function workingDirectory(spec: WorkloadSpec): string {
  if (spec.directory !== undefined) return appFolder;
  return accountOf(spec)?.home ?? (spec.image.config.workingDirectory || '/');
}

/** @throws {RuntimeError} `start-error` where the image's user was not resolved to numbers */
export function workloadUser({
  spec,
  endpoint,
  folderUser,
}: Pick<ContainerParts, 'spec' | 'endpoint' | 'folderUser'>): OciProcess['user'] {
  const { image } = spec;
  const account = accountOf(spec);
  if (account !== undefined) return { uid: account.uid, gid: account.gid };
  if (image.reference.kind === 'host') {
    return folderUser ?? { uid: firstUid + endpoint.slot, gid: firstUid + endpoint.slot };
  }
  const { user, groups = [] } = image.config;
  const [, uid, gid] = /^(\d{1,10}):(\d{1,10})$/.exec(user) ?? [];
  if (uid === undefined) throw new RuntimeError('start-error', `the image's user "${user}" is not resolved`);
  return { uid: Number(uid), gid: Number(gid), additionalGids: groups };
}

/**
 * Mounted by the OCI runtime inside the container's own mount namespace: the host never sees the mount, so it
 * can't be left behind. `volatile` spares the synchronisation to disk of files that end with the workload.
 */
function rootMount({ spec, lowerFolders, writable, kernel }: ContainerParts): OciMount {
  // Copies of a layer are of use only where it refers to no other by its number (`index`).
  const options = spec.root === undefined ? (kernel.volatileOverlay ? ['volatile'] : []) : ['index=off'];
  return {
    destination: '/',
    type: 'overlay',
    source: 'overlay',
    options: [
      `lowerdir=${lowerFolders.join(':')}`,
      `upperdir=${writable.upper}`,
      `workdir=${writable.work}`,
      ...options,
    ],
  };
}

function checkpointMounts({ spec, checkpoints }: ContainerParts): WorkloadMount[] {
  if (spec.checkpointsAt === undefined || checkpoints === undefined) return [];
  return [{ source: checkpoints, target: spec.checkpointsAt, readonly: true }];
}

function imageMounts({ spec, mounts }: ContainerParts): OciMount[] {
  const app = spec.directory === undefined ? [] : [{ source: spec.directory, destination: appFolder }];
  // Not recursive: what is mounted below the source on the host stays out of sight.
  const options = ['bind', 'rprivate', 'ro', 'nosuid', 'nodev'];
  return [...mounts, ...app].map(mount => ({ ...mount, type: 'bind', options }));
}

/**
 * On a persistent root the files that belong to this workload only are mounted: so they are new each time, and
 * what is in the root is left as it was, whatever programs have put in their place.
 */
function privateMounts(parts: ContainerParts): OciMount[] {
  const { spec, bundle, idleProgram } = parts;
  const files = spec.root === undefined ? [] : networkFiles(parts);
  const options = ['bind', 'rprivate', 'nosuid', 'nodev'];
  const mounts = files.map(({ path }) => ({
    destination: `/${path}`,
    type: 'bind',
    source: bundle.privateFile(path),
    options,
  }));
  return spec.idle && idleProgram !== undefined ? [...mounts, idleMount(idleProgram)] : mounts;
}

function resources({ spec: { limits }, defaultPids, limitsSwap, devices }: ContainerParts): object {
  const { memoryBytes, cpu } = limits;
  return {
    devices: [
      { allow: false, access: 'rwm' },
      ...devices.map(({ type, major, minor }) => ({ allow: true, access: 'rw', type, major, minor })),
    ],
    pids: { limit: limits.pids ?? defaultPids },
    ...(memoryBytes && { memory: { limit: memoryBytes, ...(limitsSwap && { swap: memoryBytes }) } }),
    ...(cpu && { cpu: { quota: cpu.quotaUs, period: cpu.periodUs } }),
  };
}

/** As Docker sets them: any port may be listened on, and `ping` works without privileges. */
function sysctls({ ipv6 }: Kernel): Record<string, string> {
  return {
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.ping_group_range': '0 2147483647',
    ...(ipv6 && { 'net.ipv6.conf.all.disable_ipv6': '1', 'net.ipv6.conf.default.disable_ipv6': '1' }),
  };
}
