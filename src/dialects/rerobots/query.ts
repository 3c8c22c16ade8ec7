/** Query parameters as they come: clients send flags without a value, and some give one twice. */
export type Query = Readonly<Record<string, unknown>>;

/** The text of a parameter; the first one where it is given twice. */
export function textOf(query: Query, name: string): string | undefined {
  const value: unknown = Array.isArray(query[name]) ? (query[name] as unknown[])[0] : query[name];
  return typeof value === 'string' ? value : undefined;
}

/** Whether a parameter is there, with or without a value. */
export function has(query: Query, name: string): boolean {
  return textOf(query, name) !== undefined;
}

/** A whole number; undefined for any other text. */
export function wholeOf(query: Query, name: string): number | undefined {
  const text = textOf(query, name)?.trim() ?? '';
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Which part of a list is asked for; what makes no sense is ignored. */
export function pageOf<Item>(query: Query, items: readonly Item[]): { page: Item[]; pageCount: number } {
  const size = Math.max(0, wholeOf(query, 'max_per_page') ?? 0);
  const pageCount = size === 0 ? 1 : Math.max(1, Math.ceil(items.length / size));
  if (size === 0) return { page: [...items], pageCount };
  const wanted = wholeOf(query, 'page') ?? 1;
  const at = wanted < 1 ? 1 : Math.min(wanted, pageCount);
  return { page: items.slice((at - 1) * size, at * size), pageCount };
}
