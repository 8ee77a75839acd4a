/** Assertions that run in Node and in a browser. */

export function same(found: unknown, expected: unknown, what = ""): void {
  const [one, other] = [found, expected].map((value) => JSON.stringify(value, sorted));
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`);
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Resolves to the error of this kind; throws when there is none, or another. */
export async function thrown<T extends Error>(
  work: () => unknown,
  kind: abstract new (...args: never[]) => T,
): Promise<T> {
  try {
    await work();
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error(`nothing was thrown instead of ${kind.name}`);
}
