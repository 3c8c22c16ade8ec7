import { allowedSyscalls, architectureSyscalls } from './syscalls.ts';

export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

const EPERM = 1;
const ENOSYS = 38;

const architectures: Readonly<Record<string, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  riscv64: 'SCMP_ARCH_RISCV64',
  s390x: 'SCMP_ARCH_S390X',
  ppc64: 'SCMP_ARCH_PPC64LE',
};

/** All `CLONE_NEW*` flags of clone(2): making namespaces would open much of the kernel. */
const cloneNamespaceFlags = 0x7e02_0000;

/** Linux's own, with and without `ADDR_NO_RANDOMIZE` etc. as Docker has them, and 0xffffffff = "ask". */
const personalities = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

const AF_ALG = 38;
const AF_VSOCK = 40;

/**
 * Everything not listed fails with EPERM. Only the machine's native system calls are let in: a second
 * architecture would double the filter (9 ms more for each start) and the surface of the kernel.
 * @param architecture as `process.arch` has it
 */
export function seccompProfile(architecture: string, capabilities: readonly string[]): SeccompProfile {
  const native = architectures[architecture];
  if (native === undefined) throw new Error(`no system call filter is known for ${architecture}`);
  const names = [...allowedSyscalls, ...(architectureSyscalls[architecture] ?? [])];
  if (capabilities.includes('CAP_SYS_CHROOT')) names.push('chroot');
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: [native],
    syscalls: [
      allow(names),
      ...personalities.map(value => allow(['personality'], { index: 0, value, op: 'SCMP_CMP_EQ' })),
      ...socketRules(),
      allow(['clone'], {
        // s390x passes the flags second.
        index: architecture === 's390x' ? 1 : 0,
        value: cloneNamespaceFlags,
        valueTwo: 0,
        op: 'SCMP_CMP_MASKED_EQ',
      }),
      // Its flags are behind a pointer, where no filter can look: C libraries then fall back to clone.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
    ],
  };
}

/** All address families but the kernel's cryptography and the channel between a virtual machine and its host. */
function socketRules(): SeccompRule[] {
  return [
    allow(['socket'], { index: 0, value: AF_ALG, op: 'SCMP_CMP_LT' }),
    allow(['socket'], { index: 0, value: AF_ALG + 1, op: 'SCMP_CMP_EQ' }),
    allow(['socket'], { index: 0, value: AF_VSOCK, op: 'SCMP_CMP_GT' }),
  ];
}

function allow(names: readonly string[], argument?: SeccompArgument): SeccompRule {
  return { names, action: 'SCMP_ACT_ALLOW', ...(argument && { args: [argument] }) };
}
