import { access, constants, readFile } from 'node:fs/promises';
import type { Check } from './check.ts';

const oci = 'the oci runtime';

/** What the Linux kernel must offer to containers. */
export async function checkKernel(): Promise<Check[]> {
  return await Promise.all([
    checkPrivileges(),
    checkCgroups(),
    checkOverlay(),
    checkNamespaces(),
    checkForwarding(),
  ]);
}

/** Bit numbers of `linux/capability.h`. */
const neededCapabilities = { CHOWN: 0, DAC_OVERRIDE: 1, SETGID: 6, SETUID: 7, NET_ADMIN: 12, SYS_ADMIN: 21 };

async function checkPrivileges(): Promise<Check> {
  const base = { name: 'privileges', switchesOff: oci, neededByOci: true };
  const remedy = { text: 'run Berth as root' };
  if (process.getuid?.() !== 0)
    return { ...base, ok: false, found: `user ${process.getuid?.() ?? '?'}`, remedy };
  const status = await read('/proc/self/status');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const missing = Object.entries(neededCapabilities)
    .filter(([, bit]) => ((effective >> BigInt(bit)) & 1n) === 0n)
    .map(([name]) => `CAP_${name}`);
  if (missing.length === 0) return { ...base, ok: true, found: 'root' };
  return {
    ...base,
    ok: false,
    found: `root without ${missing.join(', ')}`,
    remedy: { text: `give it ${missing.join(', ')} (in a container: run that one privileged)` },
  };
}

async function checkCgroups(): Promise<Check> {
  const base = {
    name: 'cgroups',
    switchesOff: `${oci} (limits of memory, CPU and processes)`,
    neededByOci: true,
  };
  const remedy = { text: 'mount the cgroup file system writable at /sys/fs/cgroup' };
  const unified = await hasUnifiedCgroups();
  const folder = unified ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
  if (!unified && !(await usable(folder, constants.F_OK)))
    return { ...base, ok: false, found: 'none', remedy };
  const found = `version ${unified ? '2' : '1'} (${folder})`;
  if (await usable(folder, constants.W_OK)) return { ...base, ok: true, found };
  return { ...base, ok: false, found: `${found}, read-only`, remedy };
}

/** Version 2 alone, not beside version 1. */
export async function hasUnifiedCgroups(): Promise<boolean> {
  return await usable('/sys/fs/cgroup/cgroup.controllers', constants.R_OK);
}

async function checkOverlay(): Promise<Check> {
  const base = { name: 'overlayfs', switchesOff: `${oci} (root file systems)`, neededByOci: true };
  const known = /\boverlay$/m.test(await read('/proc/filesystems'));
  if (known) return { ...base, ok: true, found: 'in the kernel' };
  const remedy = { text: 'load the kernel module: modprobe overlay' };
  return { ...base, ok: false, found: 'not in the kernel', remedy };
}

async function checkNamespaces(): Promise<Check> {
  const base = {
    name: 'network namespaces',
    switchesOff: `${oci} (a network for each workload)`,
    neededByOci: true,
  };
  if (await usable('/proc/self/ns/net', constants.F_OK)) return { ...base, ok: true, found: 'in the kernel' };
  const remedy = { text: 'use a kernel with CONFIG_NET_NS' };
  return { ...base, ok: false, found: 'not in the kernel', remedy };
}

async function checkForwarding(): Promise<Check> {
  const file = '/proc/sys/net/ipv4/ip_forward';
  const base = {
    name: 'IP forwarding',
    switchesOff: 'ways out of a workload into the network',
    neededByOci: false,
  };
  if ((await read(file)).trim() === '1') return { ...base, ok: true, found: 'on' };
  if (await usable(file, constants.W_OK)) return { ...base, ok: true, found: 'off, Berth can turn it on' };
  const remedy = { text: 'turn it on: sysctl -w net.ipv4.ip_forward=1' };
  return { ...base, ok: false, found: 'off', remedy };
}

async function read(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}

async function usable(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}
