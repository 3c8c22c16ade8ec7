const unitsMs: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001, // micro sign
  μs: 0.001, // Greek mu
  ns: 0.000_001,
};

const step = /^(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|μs|ns)/;

/**
 * Reads a duration such as `5s`, `1m30s`, `500ms` or `0`; a bare number is seconds.
 * @returns milliseconds, maybe with a fraction; undefined for another text
 */
export function durationMs(text: string): number | undefined {
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return Number(text) * 1_000;
  if (text === '' || text.length > 60) return undefined;
  let ms = 0;
  for (let rest = text; rest !== ''; ) {
    const [whole, amount = '', unit = ''] = step.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    ms += Number(amount) * (unitsMs[unit] ?? Number.NaN);
    rest = rest.slice(whole.length);
  }
  return ms;
}
