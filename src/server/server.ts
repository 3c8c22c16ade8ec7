import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { type RerobotsParts, registerDialects, type SpritesParts } from '../dialects/index.ts';
import { Engine, type EngineLimits } from '../engine/index.ts';
import { createApp, SessionCookie } from '../http/index.ts';
import { Identity, type LoginLimits } from '../identity/index.ts';
import { type ImageLimits, ImageStore } from '../images/index.ts';
import { durationMs } from '../lib/duration.ts';
import { FileLogs } from '../logs/index.ts';
import { openSqliteStore } from '../store/index.ts';
import { VolumeFolders } from '../volumes/index.ts';
import { makeDataDir } from './data-dir.ts';
import { wireEdge } from './edge-wiring.ts';
import { registerExample } from './example.ts';
import { createLogger, faultReporter } from './fault-log.ts';
import { Listener } from './listener.ts';
import { openRuntime } from './open-runtime.ts';
import { sandboxSetup } from './sandbox-setup.ts';
import { publicUrlOf, type Settings } from './settings/index.ts';
import { tendImages } from './tend-images.ts';
import { workspaceSetup, workspaceWays } from './workspace-setup.ts';

/** How long open requests may go on after the server was asked to stop, ms. */
const drainMs = 5_000;
/** How long connecting to a ready workload is tried, ms. */
const edgeConnectMs = 1_000;
/** How long a client may take to send its request head, ms. */
const headTimeoutMs = 30_000;
/** Silence after which the stream of all sprites says that it is there, ms. */
const spritesHeartbeatMs = 15_000;
/** How long a workload may take to answer an upgrade, ms. */
const edgeHandshakeTimeoutMs = 30_000;

export interface RunningServer {
  readonly url: string;
  /** What a person wants to know at the start. */
  readonly banner: readonly string[];
  /** Drains and lets go; workloads that can live without the server go on. */
  stop(): Promise<void>;
}

/**
 * The composition root: settings -> parts -> listener. When it returns, everything that was live before has its
 * owner again and requests are answered.
 */
export async function startServer(
  settings: Settings,
  options: { examples: boolean },
): Promise<RunningServer> {
  const logger = createLogger(settings.logLevel);
  const reportFault = faultReporter(logger);
  // What has been opened is closed in reverse: at the stop, or at once when a later step fails.
  await using opened = new AsyncDisposableStack();

  await makeDataDir(settings.dataDir);
  const store = await openSqliteStore({ path: join(settings.dataDir, 'berth.db') });
  opened.defer(() => store.close());
  const listener = new Listener(headTimeoutMs);
  opened.defer(() => listener.close(0));
  const port = await listener.listen(settings.host, settings.port);
  const publicUrl = publicUrlOf(settings, port);

  const identity = new Identity({ store, limits: loginLimits(settings) });
  const admin = await identity.ensureAdmin({
    tokenFile: join(settings.dataDir, 'admin-token'),
    ...(settings.adminToken !== undefined && { fixedToken: settings.adminToken }),
  });
  const logs = new FileLogs({
    root: join(settings.dataDir, 'logs'),
    limits: { segmentBytes: settings.logs.segmentBytes, totalBytes: settings.logs.maxBytes },
  });
  const images = new ImageStore({ dataDir: settings.dataDir, store, limits: imageLimits(settings) });
  await images.open();
  const volumes = new VolumeFolders(join(settings.dataDir, 'volumes'));
  await volumes.prepare();
  const { runtime, banner } = await openRuntime(settings, logs, images);
  opened.defer(() => runtime.close());
  let toApp: Parameters<Listener['open']>[0] = () => {};
  const ways = workspaceWays(settings, runtime);
  opened.defer(() => ways.closeAll());
  const engine = new Engine({
    store,
    runtime,
    logs,
    volumes,
    limits: engineLimits(settings),
    sandboxes: sandboxSetup(settings, store, admin, runtime, volumes, (req, res) => toApp(req, res)),
    workspaces: workspaceSetup(settings, ways),
    reportFault,
  });
  opened.defer(() => engine.close());
  const sprites: SpritesParts = {
    engine,
    identity,
    settings: {
      publicUrl,
      domain: settings.edge.domain,
      corsOrigins: settings.http.corsOrigins,
      maxSprites: settings.sprites.maxSprites,
      maxRunning: settings.sprites.maxRunning,
      maxStreamMs: durationMs(settings.sprites.maxStream) ?? 0,
      responseTimeoutMs: durationMs(settings.sprites.httpResponseTimeout) ?? 0,
      maxUploadBytes: settings.sprites.maxUpload,
      execKeepAliveMs: durationMs(settings.sprites.keepalive) ?? 0,
      heartbeatMs: spritesHeartbeatMs,
    },
  };
  const edge = wireEdge(sprites, reportFault, {
    domain: settings.edge.domain,
    publicUrl,
    holdMs: settings.jamsocket.holdSeconds * 1000,
    connectMs: edgeConnectMs,
    headTimeoutMs,
    handshakeTimeoutMs: edgeHandshakeTimeoutMs,
  });
  const { adopted, strays } = await engine.start();
  opened.use(tendImages(images, runtime, logger, reportFault));
  if (adopted > 0 || strays > 0) logger.info({ adopted, strays }, 'recovered');
  if (options.examples) banner.push(...(await registerExample(engine, admin, store)));

  const closing = new AbortController();
  const app = createApp({
    version: packageJson.version,
    serverFactory: handle => {
      toApp = handle;
      return listener.server;
    },
    maxBodyBytes: settings.jamsocket.maxBodyBytes,
    ...(settings.trustedProxies && { trustedProxies: settings.trustedProxies.split(/ *, */) }),
    reportFault,
    closing: closing.signal,
  });
  const cookie = new SessionCookie(publicUrl);
  const registryHost = settings.registry.host ?? new URL(publicUrl).host;
  await registerDialects(
    app,
    {
      registry: { engine, identity, images, settings: { publicUrl, registryHost } },
      sprites,
      rerobots: { engine, identity, settings: rerobotsDialectSettings(settings) },
      berth: {
        engine,
        identity,
        cookie,
        version: packageJson.version,
        checkReadiness: () => store.ping(),
        images,
        settings: {
          pullPrivate: settings.images.pullPrivate,
          keepAliveMs: settings.jamsocket.sseKeepaliveSeconds * 1000,
        },
        reportFault,
      },
      jamsocket: {
        engine,
        identity,
        cookie,
        images,
        settings: {
          publicUrl,
          domain: settings.edge.domain,
          registryHost,
          clusterName: settings.jamsocket.clusterName,
          keepAliveMs: settings.jamsocket.sseKeepaliveSeconds * 1000,
          metricsIntervalMs: settings.jamsocket.metricsIntervalSeconds * 1000,
          allowUserCommands: settings.process.allowUsers,
        },
      },
    },
    reportFault,
  );
  await app.ready();
  listener.open(toApp, edge);
  opened.defer(async () => {
    closing.abort();
    await Promise.all([listener.close(drainMs), edge.close(drainMs)]);
  });

  const open = opened.move();
  return { url: urlOf(settings.host, port), banner, stop: () => open.disposeAsync() };
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function rerobotsDialectSettings({ rerobots }: Settings): RerobotsParts['settings'] {
  return {
    publicRead: rerobots.publicRead,
    corsOrigins: rerobots.corsOrigins,
    maxExpireSeconds: rerobots.maxExpireD,
    eventAddresses: rerobots.eurlAllow,
    ...(rerobots.sshAdvertiseIpv4 !== undefined && { advertisedIpv4: rerobots.sshAdvertiseIpv4 }),
    rate: {
      token: rerobots.rateToken,
      anonymous: rerobots.rateAnonymous,
      windowSeconds: rerobots.rateWindow,
    },
  };
}

function loginLimits({ login }: Settings): LoginLimits {
  return {
    sessionMs: login.sessionDays * 86_400_000,
    attemptMs: login.attemptSeconds * 1000,
    attemptsPerMinute: login.attemptsPerMinute,
    triesPerMinute: login.triesPerMinute,
  };
}

function imageLimits({ images }: Settings): Partial<ImageLimits> {
  return {
    maxStoreBytes: images.maxBytes,
    maxBlobBytes: images.maxBlobBytes,
    maxLayerBytes: images.maxLayerBytes,
    maxLayerEntries: images.maxLayerFiles,
    maxLayersBytes: images.maxUnpackedBytes,
    pullMs: images.pullTimeoutMinutes * 60_000,
    uploadIdleMs: images.uploadIdleMinutes * 60_000,
    untaggedManifestMs: images.untaggedDays * 86_400_000,
  };
}

function engineLimits({ jamsocket }: Settings): EngineLimits {
  return {
    loadTimeoutMs: jamsocket.loadTimeoutSeconds * 1000,
    startupTimeoutMs: jamsocket.startupTimeoutSeconds * 1000,
    stopGraceMs: jamsocket.stopGraceSeconds * 1000,
    defaultGraceMs: jamsocket.graceSeconds * 1000,
    lockWaitMs: jamsocket.lockWaitSeconds * 1000,
    endedRetentionMs: jamsocket.endedRetentionHours * 3_600_000,
    maxEnvBytes: jamsocket.maxEnvBytes,
    maxBackendsPerAccount: jamsocket.maxBackendsPerAccount,
  };
}
