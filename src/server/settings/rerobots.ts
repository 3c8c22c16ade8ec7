import { type Setting, text, toggle, whole } from './setting.ts';

const daySeconds = 86_400;
const yearSeconds = 365 * daySeconds;

/** Settings of workspaces, under the names of the API that brings them. */
export const rerobotsSettings = {
  'rerobots.public_read': toggle({
    default: true,
    doc: 'What there is of workspaces may be read without a token.',
  }),
  'rerobots.cors_origins': text({
    default: '',
    pattern: /^(https?:\/\/[^\s,/?#@]+(\s*,\s*https?:\/\/[^\s,/?#@]+)*)?$/,
    expects: 'origins with commas between them, such as https://app.example.com',
    doc: 'Web pages of these origins may use the workspace API with credentials; all others may use it without.',
  }),
  'rerobots.rate.token': whole({
    default: 3600,
    min: 0,
    max: 1_000_000_000,
    doc: 'Requests to the workspace API with one token in a window; 0 means unlimited.',
  }),
  'rerobots.rate.anonymous': whole({
    default: 60,
    min: 0,
    max: 1_000_000_000,
    doc: 'Requests to the workspace API without a token from one address in a window; 0 means unlimited.',
  }),
  'rerobots.rate.window': whole({
    default: 3600,
    min: 1,
    max: yearSeconds,
    unit: 'seconds',
    doc: 'Length of such a window.',
  }),
  'rerobots.max_expire_d': whole({
    default: 7 * daySeconds,
    min: 1,
    max: 10 * yearSeconds,
    unit: 'seconds',
    doc: 'The longest time that somebody may ask a workspace for; without such a time it runs until it is ended.',
  }),
  'rerobots.eurl.allow': text({
    default: '',
    pattern: /^([0-9a-fA-F.:/]+( *, *[0-9a-fA-F.:/]+)*)?$/,
    expects: 'addresses or networks, with commas between them, such as 127.0.0.1, 10.0.0.0/8',
    doc: 'Private addresses that events about workspaces may be sent to.',
  }),
  'rerobots.max_active_per_user': whole({
    default: 20,
    min: 0,
    max: 1_000_000,
    doc: 'Workspaces that an account may run at a time; 0 means unlimited.',
  }),
  'rerobots.max_reservations_per_user': whole({
    default: 50,
    min: 0,
    max: 1_000_000,
    doc: 'Places that an account may have in queues; 0 means unlimited.',
  }),
  'rerobots.keepalive': whole({
    default: 60,
    min: 5,
    max: yearSeconds,
    unit: 'seconds',
    doc: 'A workspace that was asked for with a keep-alive ends without a ping for this long.',
  }),
  'rerobots.local.init_timeout': whole({
    default: 600,
    min: 1,
    max: daySeconds,
    unit: 'seconds',
    doc: 'How long a workspace may take to get ready, with the load of its image.',
  }),
  'rerobots.lockout_after_init_fail': whole({
    default: 3,
    min: 0,
    max: 1_000_000,
    doc: 'So many workspaces in a row that did not get ready lock their deployment; 0 means never.',
  }),
  'rerobots.ssh.ports': text({
    default: '22100-22999',
    pattern: /^\d{1,5}-\d{1,5}$/,
    expects: 'the first and the last port, such as 22100-22999',
    doc: 'Ports at which workspaces are reached by SSH, one each.',
  }),
  'rerobots.ssh.host': text({
    default: undefined,
    pattern: /^[0-9a-fA-F.:]{2,45}$/,
    expects: 'an IP address',
    doc: 'Where workspaces are reached by SSH; where it is not set, where the server itself listens.',
  }),
  'rerobots.ssh.advertise_ipv4': text({
    default: undefined,
    pattern: /^\d{1,3}(\.\d{1,3}){3}$/,
    expects: 'an IPv4 address',
    doc: 'The address that clients are told for SSH; where it is not set, the one that they have asked at.',
  }),
  'rerobots.history_days': whole({
    default: 365,
    min: 1,
    max: 36_500,
    unit: 'days',
    doc: 'How long workspaces that have ended are listed.',
  }),
} as const satisfies Record<string, Setting>;
