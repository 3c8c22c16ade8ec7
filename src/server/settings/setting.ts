import Type, { type TSchema } from 'typebox';

export type SettingValue = string | number | boolean | undefined;

/** What is known about one setting. `undefined` as default means that it may stay unset. */
export interface Setting<Value extends SettingValue = SettingValue> {
  readonly schema: TSchema;
  readonly default: Value;
  /** Completes the sentence "… is not …": what a good value is. */
  readonly expects: string;
  readonly doc: string;
  /** The few that are typed by hand have a flag, in the notation of the help text. */
  readonly flag?: string;
  /** Comes from the environment only and is never printed. */
  readonly secret?: true;
}

interface Facts<Value> {
  readonly default: Value;
  readonly doc: string;
  readonly flag?: string;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

export function whole(facts: Facts<number> & Range & { readonly unit?: string }): Setting<number> {
  const { min, max, unit, ...rest } = facts;
  return {
    ...rest,
    schema: Type.Integer({ minimum: min, maximum: max }),
    expects: `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${min} to ${max}`,
  };
}

/** A time; fractions are allowed. */
export function time(facts: Facts<number> & Range & { readonly unit: string }): Setting<number> {
  const { min, max, unit, ...rest } = facts;
  return {
    ...rest,
    schema: Type.Number({ minimum: min, maximum: max }),
    expects: `a number of ${unit} from ${min} to ${max}`,
  };
}

export function toggle(facts: Facts<boolean>): Setting<boolean> {
  return { ...facts, schema: Type.Boolean(), expects: 'true or false' };
}

export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  facts: Facts<NoInfer<Choice>>,
): Setting<Choice> {
  return {
    ...facts,
    schema: Type.Union(choices.map(choice => Type.Literal(choice))),
    expects: `one of ${choices.join(', ')}`,
  };
}

interface TextFacts {
  readonly pattern: RegExp;
  readonly expects: string;
  readonly secret?: true;
}

export function text(facts: Facts<string> & TextFacts): Setting<string>;
export function text(facts: Facts<undefined> & TextFacts): Setting<string | undefined>;
export function text(facts: Facts<string | undefined> & TextFacts): Setting<string | undefined> {
  const { pattern, ...rest } = facts;
  return { ...rest, schema: Type.String({ pattern: pattern.source, maxLength: 4096 }) };
}

/** A time with its unit, such as `30s`, `10m` or `1m30s`; `0` and bare numbers are seconds. See `durationMs`. */
export function span(facts: Facts<string>): Setting<string> {
  return text({
    ...facts,
    pattern: /^(\d{1,9}(\.\d{1,9})?|(\d{1,9}(\.\d{1,9})?(h|ms|m|s))+)$/,
    expects: 'a duration such as 30s, 10m or 1m30s',
  });
}
