import { type Setting, text, toggle, whole } from './setting.ts';

const yearSeconds = 365 * 86_400;

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
} as const satisfies Record<string, Setting>;
