/** The answer of everything that has nothing to tell. */
export const ok = { status: 'ok' } as const;
