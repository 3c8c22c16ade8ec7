const steps = [
  { unit: 'd', ms: 86_400_000 },
  { unit: 'h', ms: 3_600_000 },
  { unit: 'min', ms: 60_000 },
  { unit: 's', ms: 1000 },
] as const;

/** How long ago (or ahead) a time is, in its largest unit: `3 min ago`, `in 2 d`. */
export function age(time: string, now = Date.now()): string {
  const ms = now - Date.parse(time);
  if (Number.isNaN(ms)) return time;
  const step = steps.find(({ ms: size }) => Math.abs(ms) >= size);
  if (step === undefined) return 'now';
  const amount = `${Math.floor(Math.abs(ms) / step.ms)} ${step.unit}`;
  return ms > 0 ? `${amount} ago` : `in ${amount}`;
}

/** A time for people on a terminal, for programs in a pipe. */
export function timeText(time: string, terminal: { readonly outIsTerminal: boolean }): string {
  return terminal.outIsTerminal ? age(time) : time;
}
