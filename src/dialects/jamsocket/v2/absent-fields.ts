/**
 * Takes out what is null of the options of a spawn: it counts as absent. Not of the objects that callers fill
 * as they like (`env`, `auth`), where null is a value.
 */
export function withoutNulls(body: unknown): unknown {
  return within(body, 'spawn', spawn =>
    within(present(spawn), 'executable', executable =>
      within(present(executable), 'resource_limits', present),
    ),
  );
}

type Fields = Readonly<Record<string, unknown>>;

function within(value: unknown, field: string, change: (inner: Fields) => unknown): unknown {
  if (!isObject(value) || !isObject(value[field])) return value;
  return { ...value, [field]: change(value[field]) };
}

function present(value: Fields): Fields {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null));
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
