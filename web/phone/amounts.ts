/** Amounts as people type them. */

/** Fen of an amount in yuan as it is typed; null for what is none. */
export function fenOf(typed: string): number | null {
  const found = /^(\d{1,6})(?:[.。](\d{1,2}))?$/.exec(typed);
  if (!found) return null;
  const fen = Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
  return fen > 0 ? fen : null;
}
