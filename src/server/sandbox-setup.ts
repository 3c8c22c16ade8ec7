import { spriteLayout } from '../dialects/index.ts';
import {
  defaultSandboxLimits,
  defaultServicesLimits,
  type EngineParts,
  type ServicesLimits,
} from '../engine/index.ts';
import type { Account } from '../identity/index.ts';
import { durationMs } from '../lib/duration.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Store } from '../store/index.ts';
import type { Volumes } from '../volumes/index.ts';
import { InnerSocket, type RequestListener } from './inner-sockets.ts';
import type { Settings } from './settings/index.ts';

type BaseImage =
  ReturnType<EngineParts['sandboxes']['baseImage']> extends Promise<infer Image> ? Image : never;

const debian = 'debian';

/** What the engine has to know to make sandboxes. */
export function sandboxSetup(
  { sprites }: Settings,
  store: Store,
  admin: Account,
  runtime: Runtime,
  volumes: Volumes,
  app: RequestListener,
): EngineParts['sandboxes'] {
  return {
    limits: {
      ...defaultSandboxLimits,
      idleWarmMs: durationMs(sprites.idleWarm) ?? defaultSandboxLimits.idleWarmMs,
      idleColdMs: durationMs(sprites.idleCold) ?? defaultSandboxLimits.idleColdMs,
      wakeTimeoutMs: durationMs(sprites.wakeTimeout) ?? defaultSandboxLimits.wakeTimeoutMs,
      scrollbackBytes: sprites.scrollback,
      maxSandboxes: sprites.maxSprites,
      maxRunning: sprites.maxRunning,
      createPerMinute: sprites.createPerMinute,
      allowPrivileged: sprites.allowPrivileged,
      services: servicesLimits(sprites),
    },
    layout: spriteLayout,
    policyDefaults: sprites.policyDefaults.split(/[\s,]+/).filter(Boolean),
    // Without isolation there is no place of its own for a sandbox's socket.
    residents: sandbox => (runtime.capabilities().isolation ? [new InnerSocket(sandbox, volumes, app)] : []),
    baseImage: async account => {
      if (sprites.image !== undefined) return imageNamed(sprites.image);
      if (!runtime.capabilities().images.includes('repository')) return { kind: 'host' };
      for (const owner of [account, admin]) {
        if (await hasDebian(store, owner)) return imageNamed(`${owner.name}/${debian}:latest`);
      }
      return { kind: 'host' };
    },
  };
}

function servicesLimits(sprites: Settings['sprites']): ServicesLimits {
  const { supervision, log, ...usual } = defaultServicesLimits;
  const { backOff } = supervision;
  return {
    ...usual,
    maxServices: sprites.maxServices,
    restart: sprites.restartPolicy,
    httpPortTimeoutMs: durationMs(sprites.httpPortTimeout) ?? usual.httpPortTimeoutMs,
    supervision: {
      ...supervision,
      needsTimeoutMs: durationMs(sprites.needsTimeout) ?? supervision.needsTimeoutMs,
      needsSettleMs: durationMs(sprites.needsSettle) ?? supervision.needsSettleMs,
      backOff: {
        ...backOff,
        initialMs: durationMs(sprites.restartBackoff) ?? backOff.initialMs,
        maxMs: durationMs(sprites.restartBackoffMax) ?? backOff.maxMs,
        resetAfterMs: durationMs(sprites.restartBackoffReset) ?? backOff.resetAfterMs,
      },
    },
    log: { ...log, maxFileBytes: sprites.logMaxBytes, files: sprites.logFiles },
  };
}

async function hasDebian(store: Store, account: Account): Promise<boolean> {
  const service = await store.services.byName(account.id, debian);
  return service !== undefined && (await store.images.manifestOfTag(service.id, 'latest')) !== undefined;
}

function imageNamed(name: string): BaseImage {
  const [, repository = '', , reference = 'latest'] = /^([^:@]+)([:@](.+))?$/.exec(name) ?? [];
  return { kind: 'repository', repository, reference };
}
