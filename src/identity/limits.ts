const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What an operator may set; see the settings `login.*`. */
export interface LoginLimits {
  /** How long somebody stays logged in, ms. */
  readonly sessionMs: number;
  /** How long a login of a command line may take, ms. */
  readonly attemptMs: number;
  /** Logins of command lines that may be begun from one address. */
  readonly attemptsPerMinute: number;
  /** Tries with a password from one address. */
  readonly triesPerMinute: number;
}

export const defaultLoginLimits: LoginLimits = {
  sessionMs: 90 * dayMs,
  attemptMs: 10 * minuteMs,
  attemptsPerMinute: 20,
  triesPerMinute: 10,
};

/** Window of the limits per minute. */
export const perMinuteMs = minuteMs;
/** Failed tries for one name, from wherever they come: guessing by many machines is slow, too. */
export const failuresPerName = { max: 30, windowMs: 15 * minuteMs } as const;
/** Keys that a rate limit remembers; beyond, those that were used least lately are forgotten. */
export const maxRateLimitKeys = 20_000;
/** Logins of command lines that are under way at the same time, from all addresses. */
export const maxAttempts = 10_000;
/** Wrong codes after which a login of a command line is dead. */
export const maxWrongCodes = 5;
export const maxUserAgentLength = 256;

export interface PasswordCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/**
 * OWASP's parameters for argon2id with the least memory that it recommends; about 50 ms of one core.
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
export const defaultPasswordCost: PasswordCost = { memoryKib: 19_456, passes: 2, parallelism: 1 };
/** Passwords hashed at the same time: the rest of the server needs threads and memory, too. */
export const passwordsAtOnce = 2;
/** Beyond, logins are refused rather than kept waiting. */
export const maxPasswordsWaiting = 100;
export const minPasswordLength = 8;
export const maxPasswordBytes = 1_024;
export const maxEmailLength = 254;
