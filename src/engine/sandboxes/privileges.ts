import { BerthError } from '../../lib/errors.ts';
import type { Runtime, WorkloadPrivileges } from '../../runtime/runtime.ts';
import type { SandboxPrivileges } from '../../store/store.ts';

const maxDevices = 64;
/** A path below /dev that leads nowhere else. */
const devicePattern = /^(\/dev\/)?(?!\.)[A-Za-z0-9._-]{1,64}(\/(?!\.)[A-Za-z0-9._-]{1,64}){0,3}$/;
/** What is in every sandbox. */
const usualDevices = new Set(['full', 'null', 'ptmx', 'random', 'tty', 'urandom', 'zero']);

/**
 * Checks what a sandbox asks for.
 * @param allowAll it may get everything that the machine has
 * @throws {BerthError} `invalid`, `unsupported` for what the runtime can't put in force
 */
export function checkPrivileges(wanted: SandboxPrivileges, runtime: Runtime, allowAll: boolean): void {
  const { profile = '', devices = [], noNewPrivileges } = wanted;
  if (devices.length > maxDevices) {
    throw new BerthError('invalid', `devices: ${devices.length} are too many; the limit is ${maxDevices}`);
  }
  for (const [i, device] of devices.entries()) {
    if (devicePattern.test(device)) continue;
    const shown = JSON.stringify(device.slice(0, 100));
    throw new BerthError('invalid', `devices[${i}]: ${shown} is not the name of a device`);
  }
  if (!allowAll && profile === 'privileged') {
    throw new BerthError('invalid', 'profile: privileged needs the setting sprites.allow_privileged');
  }
  const [special] = specialDevices(devices);
  if (!allowAll && special !== undefined) {
    throw new BerthError('invalid', `devices: ${special} needs the setting sprites.allow_privileged`);
  }
  const isUsual = profile === '' && devices.length === 0 && noNewPrivileges !== true;
  if (isUsual || runtime.capabilities().privileges) return;
  throw new BerthError('unsupported', `the ${runtime.name} runtime can not set what a sandbox may do`);
}

/** What a boot gets of what was asked for; the setting may have changed since. */
export function grantedPrivileges(wanted: SandboxPrivileges, allowAll: boolean): WorkloadPrivileges {
  const { profile, devices = [], noNewPrivileges } = wanted;
  const special = allowAll ? specialDevices(devices) : [];
  return {
    ...(profile === 'minimal' && { capabilities: 'none' as const }),
    ...(profile === 'privileged' && allowAll && { capabilities: 'all' as const }),
    ...(noNewPrivileges === false && { setUserId: true }),
    ...(special.length > 0 && { devices: special }),
  };
}

function specialDevices(devices: readonly string[]): string[] {
  const names = devices.map(device => device.replace(/^\/dev\//, ''));
  return [...new Set(names)].filter(name => !usualDevices.has(name)).map(name => `/dev/${name}`);
}
