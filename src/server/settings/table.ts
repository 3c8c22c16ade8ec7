import { rerobotsSettings } from './rerobots.ts';
import { oneOf, type Setting, span, text, time, toggle, whole } from './setting.ts';

const daySeconds = 86_400;
const yearSeconds = 365 * daySeconds;
const mebibyte = 1024 * 1024;

/**
 * Every setting, under the name that it has in `berth.yaml`; the environment has the same names in capitals
 * (`jamsocket.grace_seconds` is `BERTH_JAMSOCKET_GRACE_SECONDS`).
 */
export const settingsTable = {
  host: text({
    default: '127.0.0.1',
    pattern: /^[A-Za-z0-9.:_-]+$/,
    expects: 'an address or host name',
    doc: 'Address to listen on. Others than loopback need `insecure`, since there is no TLS yet.',
    flag: '--host <address>',
  }),
  port: whole({
    default: 7070,
    min: 0,
    max: 65_535,
    doc: 'Port for the APIs and the workloads; 0 picks a free one.',
    flag: '--port <number>',
  }),
  data_dir: text({
    default: '.berth',
    pattern: /^[^\0]+$/,
    expects: 'a folder',
    doc: 'Where everything is kept. Relative to the current folder, or to the file that names it; by default in the checkout.',
    flag: '--data-dir <folder>',
  }),
  runtime: oneOf(['auto', 'process', 'oci', 'docker'], {
    default: 'auto',
    doc: 'How workloads run; `auto` takes the best one that this machine can run.',
    flag: '--runtime <name>',
  }),
  'edge.domain': text({
    default: 'localhost',
    pattern: /^(?=.{1,200}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    expects: 'a domain name in small letters',
    doc: 'Workloads are `<id>.<domain>`.',
    flag: '--domain <name>',
  }),
  public_url: text({
    default: undefined,
    pattern: /^https?:\/\/[^\s/?#@]+\/?$/,
    expects: 'an http or https URL without a path',
    doc: 'What clients reach this server by; made of `edge.domain` and the port when it is not set.',
    flag: '--public-url <url>',
  }),
  insecure: toggle({
    default: false,
    doc: 'Allows to listen on other addresses than loopback without TLS.',
    flag: '--insecure',
  }),
  trusted_proxies: text({
    default: undefined,
    pattern: /^[0-9a-fA-F.:/]+( *, *[0-9a-fA-F.:/]+)*$/,
    expects: 'addresses or networks, with commas between them, such as 127.0.0.1, 10.0.0.0/8',
    doc: 'Proxies whose `X-Forwarded-For` tells the address of a client; where it is not set, none is believed.',
  }),
  log_level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    default: 'info',
    doc: "The least urgent of the server's own log lines that is written.",
    flag: '--log-level <level>',
  }),
  admin_token: text({
    default: undefined,
    pattern: /^[\x21-\x2d\x2f-\x7e]+\.[\x21-\x7e]+$/,
    expects: 'a token of the form PUBLIC.SECRET, without blanks',
    doc: "The administrator's token, taken at the first start; made and written to `admin-token` in the data folder when it is not set.",
    secret: true,
  }),

  'login.session_days': time({
    default: 90,
    min: 0.0001,
    max: 3650,
    unit: 'days',
    doc: 'How long somebody stays logged in.',
  }),
  'login.attempt_seconds': time({
    default: 600,
    min: 0.1,
    max: daySeconds,
    unit: 'seconds',
    doc: 'How long a login of a command line waits to be approved and completed.',
  }),
  'login.attempts_per_minute': whole({
    default: 20,
    min: 1,
    max: 100_000,
    doc: 'Logins of command lines that may be begun from one address.',
  }),
  'login.tries_per_minute': whole({
    default: 10,
    min: 1,
    max: 100_000,
    doc: 'Tries to log in with a password from one address.',
  }),

  'oci.runtime': oneOf(['runc', 'crun', 'runsc'], {
    default: 'runc',
    doc: 'The program that runs containers for the `oci` runtime.',
    flag: '--oci-runtime <name>',
  }),
  'network.subnet': text({
    default: undefined,
    pattern: /^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)\/([89]|1\d|2[0-8])$/,
    expects: 'an IPv4 network such as 10.200.0.0/16, with a prefix from /8 to /28',
    doc: 'Addresses for workloads with a network of their own; a free block is chosen when it is not set.',
  }),
  'network.pool_size': whole({
    default: 8,
    min: 0,
    max: 256,
    doc: 'Network namespaces kept ready for the next spawns.',
  }),
  'process.allow_users': toggle({
    default: false,
    doc: 'Lets accounts that are not administrators create services that run a command of this machine.',
  }),

  'jamsocket.cluster_name': text({
    default: 'default',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/,
    expects: 'a name of 1 to 63 small letters, digits, dots and hyphens',
    doc: 'The name of this server in answers.',
  }),
  'jamsocket.grace_seconds': time({
    default: 300,
    min: 0,
    max: yearSeconds,
    unit: 'seconds',
    doc: 'How long a backend that nobody is connected to lives, where its spawn names no time.',
  }),
  'jamsocket.startup_timeout_seconds': time({
    default: 30,
    min: 0.1,
    max: daySeconds,
    unit: 'seconds',
    doc: 'How long a started program may take to listen on its port.',
  }),
  'jamsocket.load_timeout_seconds': time({
    default: 300,
    min: 0.1,
    max: daySeconds,
    unit: 'seconds',
    doc: 'How long getting an image ready may take.',
  }),
  'jamsocket.stop_grace_seconds': time({
    default: 10,
    min: 0,
    max: daySeconds,
    unit: 'seconds',
    doc: 'Time between SIGTERM and SIGKILL.',
  }),
  'jamsocket.hold_seconds': time({
    default: 30,
    min: 0.1,
    max: 3600,
    unit: 'seconds',
    doc: 'How long a request waits for its backend to get ready.',
  }),
  'jamsocket.lock_wait_seconds': time({
    default: 30,
    min: 0,
    max: 3600,
    unit: 'seconds',
    doc: 'How long a spawn waits for the end of a backend that still holds its lock.',
  }),
  'jamsocket.sse_keepalive_seconds': time({
    default: 15,
    min: 0.1,
    max: 3600,
    unit: 'seconds',
    doc: 'Silence on a stream after which a keep-alive is sent.',
  }),
  'jamsocket.metrics_interval_seconds': time({
    default: 10,
    min: 0.1,
    max: 3600,
    unit: 'seconds',
    doc: 'Time between two events of a metrics stream.',
  }),
  'jamsocket.ended_retention_hours': time({
    default: 168,
    min: 0,
    max: 24 * 365,
    unit: 'hours',
    doc: 'How long status and logs of an ended backend are kept.',
  }),
  'jamsocket.max_body_bytes': whole({
    default: mebibyte,
    min: 1024,
    max: 64 * mebibyte,
    unit: 'bytes',
    doc: 'The largest request body.',
  }),
  'jamsocket.max_env_bytes': whole({
    default: 256 * 1024,
    min: 0,
    max: mebibyte,
    unit: 'bytes',
    doc: 'The largest environment of a backend, all variables together.',
  }),
  'jamsocket.max_backends_per_account': whole({
    default: 0,
    min: 0,
    max: 1_000_000,
    doc: 'Live backends that an account may have; 0 means unlimited.',
  }),

  'http.cors_origins': text({
    default: '*',
    pattern: /^(\*|https?:\/\/[^\s,/]+( *, *https?:\/\/[^\s,/]+)*|none)$/,
    expects: '* or origins such as https://app.example.com, with commas between them, or none',
    doc: "Web pages that may use Sprites' API from a browser, with a token; never with cookies.",
  }),

  'sprites.idle_warm': span({
    default: '30s',
    doc: 'Without activity a sandbox is paused after this time; 0 means never.',
  }),
  'sprites.idle_cold': span({
    default: '10m',
    doc: 'A paused sandbox is stopped after this time; 0 means never.',
  }),
  'sprites.wake_timeout': span({
    default: '25s',
    doc: 'How long a request waits for its sandbox to wake.',
  }),
  'sprites.needs_timeout': span({
    default: '10s',
    doc: 'How long a service that others need may take until its port accepts connections.',
  }),
  'sprites.needs_settle': span({
    default: '100ms',
    doc: 'How long a service that others need and that has no port must run to count as started.',
  }),
  'sprites.restart_policy': oneOf(['always', 'on-failure', 'never'], {
    default: 'always',
    doc: 'When a service that ended by itself is started again, unless it says so itself.',
  }),
  'sprites.restart_backoff': span({
    default: '1s',
    doc: 'Pause before a service that ended by itself is started again; it doubles each time.',
  }),
  'sprites.restart_backoff_max': span({
    default: '30s',
    doc: 'The longest pause before a service that ended by itself is started again.',
  }),
  'sprites.restart_backoff_reset': span({
    default: '10s',
    doc: 'A service that has run for this long is started again after the shortest pause.',
  }),
  'sprites.log_max_bytes': whole({
    default: 10 * mebibyte,
    min: 64 * 1024,
    max: 1024 * mebibyte,
    unit: 'bytes',
    doc: "Size at which a service's log file is rotated.",
  }),
  'sprites.log_files': whole({
    default: 3,
    min: 1,
    max: 100,
    doc: 'Log files of a service that are kept, the current one included.',
  }),
  'sprites.max_services': whole({
    default: 64,
    min: 0,
    max: 10_000,
    doc: 'Services that a sandbox may have.',
  }),
  'sprites.max_stream': span({
    default: '1h',
    doc: "The longest time that a service's output is followed by one request.",
  }),
  'sprites.http_port_timeout': span({
    default: '10s',
    doc: "How long a request at a sandbox's URL waits for the port of a service that was started for it.",
  }),
  'sprites.http_response_timeout': span({
    default: '60s',
    doc: "How long a program at a sandbox's URL may take to begin its answer.",
  }),
  'sprites.keepalive': span({
    default: '20s',
    doc: "Silence after which a command's socket says that it is there.",
  }),
  'sprites.scrollback': whole({
    default: mebibyte,
    min: 0,
    max: 1024 * mebibyte,
    unit: 'bytes',
    doc: "What is kept of a command's output for clients that attach later.",
  }),
  'sprites.max_upload': whole({
    default: 1024 * mebibyte,
    min: mebibyte,
    max: 1024 * 1024 * mebibyte,
    unit: 'bytes',
    doc: 'The largest file that is written, and the largest standard input of a command.',
  }),
  'sprites.max_sprites': whole({
    default: 0,
    min: 0,
    max: 1_000_000,
    doc: 'Sandboxes that an account may have; 0 means unlimited.',
  }),
  'sprites.max_running': whole({
    default: 0,
    min: 0,
    max: 1_000_000,
    doc: 'Running sandboxes that an account may have; 0 means unlimited.',
  }),
  'sprites.create_per_minute': whole({
    default: 0,
    min: 0,
    max: 1_000_000,
    doc: 'Sandboxes that an account may create in a minute; 0 means unlimited.',
  }),
  'sprites.image': text({
    default: undefined,
    pattern: /^[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*([:@][A-Za-z0-9_.:-]{1,140})?$/,
    expects: 'ACCOUNT/SERVICE with :TAG or @DIGEST',
    doc: 'What new sandboxes are made from. When it is not set: the image `debian` of their account or of the administrator, else the programs of this machine.',
  }),
  'sprites.allow_privileged': toggle({
    default: false,
    doc: 'Sandboxes may ask for all capabilities and for devices of this machine, and so get out of their isolation.',
  }),
  'sprites.policy_defaults': text({
    default: [
      'github.com,*.github.com,*.githubusercontent.com,ghcr.io',
      'registry.npmjs.org,*.npmjs.org,npmjs.com,*.npmjs.com,registry.yarnpkg.com,nodejs.org,*.nodejs.org',
      'pypi.org,*.pypi.org,files.pythonhosted.org,*.pythonhosted.org',
      'docker.io,*.docker.io,*.docker.com,production.cloudflare.docker.com',
      'deb.debian.org,security.debian.org,*.debian.org,*.ubuntu.com,dl-cdn.alpinelinux.org,*.fedoraproject.org',
      'proxy.golang.org,sum.golang.org,*.crates.io,crates.io,static.rust-lang.org,rubygems.org,*.rubygems.org',
      'api.anthropic.com,*.anthropic.com,api.openai.com,*.openai.com,generativelanguage.googleapis.com',
    ].join(','),
    pattern: /^([a-z0-9_*.-]+([\s,]+[a-z0-9_*.-]+)*)?$/,
    expects: 'domains (a host or *.suffix) in small letters, with commas between them',
    doc: 'What `{"include": "defaults"}` in the network policy of a sandbox allows.',
  }),

  ...rerobotsSettings,

  'registry.host': text({
    default: undefined,
    pattern: /^[a-z0-9.-]+(:\d{1,5})?$/,
    expects: 'a host name in small letters, with a port where it needs one',
    doc: 'What images are pushed to, as clients name it; host and port of `public_url` when it is not set.',
  }),

  'images.max_bytes': whole({
    default: 0,
    min: 0,
    max: 1024 * 1024 * 1024 * mebibyte,
    unit: 'bytes',
    doc: 'All pushed images together, as they are packed; 0 means no limit but the disk.',
  }),
  'images.max_blob_bytes': whole({
    default: 32 * 1024 * mebibyte,
    min: mebibyte,
    max: 1024 * 1024 * mebibyte,
    unit: 'bytes',
    doc: 'The largest layer that can be pushed.',
  }),
  'images.max_layer_bytes': whole({
    default: 16 * 1024 * mebibyte,
    min: mebibyte,
    max: 1024 * 1024 * mebibyte,
    unit: 'bytes',
    doc: 'The largest layer that is unpacked, by its unpacked size.',
  }),
  'images.max_layer_files': whole({
    default: 1_000_000,
    min: 1_000,
    max: 100_000_000,
    doc: 'How many files a layer may have that is unpacked.',
  }),
  'images.max_unpacked_bytes': whole({
    default: 0,
    min: 0,
    max: 1024 * 1024 * 1024 * mebibyte,
    unit: 'bytes',
    doc: 'All unpacked layers together: beyond it, those that no workload uses are removed. 0 means no limit.',
  }),
  'images.pull_private': toggle({
    default: false,
    doc: 'Lets everybody pull images from registries at private addresses, not only administrators.',
  }),
  'images.pull_timeout_minutes': time({
    default: 60,
    min: 0.01,
    max: 60 * 24,
    unit: 'minutes',
    doc: 'How long pulling one image from another registry may take.',
  }),
  'images.upload_idle_minutes': time({
    default: 360,
    min: 0.01,
    max: 60 * 24 * 365,
    unit: 'minutes',
    doc: 'A push that does not go on is given up after this time.',
  }),
  'images.untagged_days': time({
    default: 30,
    min: 0,
    max: 36_500,
    unit: 'days',
    doc: 'How long an image is kept that no tag, environment or workload names any more.',
  }),

  'logs.segment_bytes': whole({
    default: 8 * mebibyte,
    min: 64 * 1024,
    max: 1024 * mebibyte,
    unit: 'bytes',
    doc: "Size at which a workload's log file is rotated.",
  }),
  'logs.max_bytes': whole({
    default: 64 * mebibyte,
    min: 128 * 1024,
    max: 1024 * 1024 * mebibyte,
    unit: 'bytes',
    doc: 'What is kept of the log of one workload; the oldest goes first.',
  }),
} as const satisfies Record<string, Setting>;
