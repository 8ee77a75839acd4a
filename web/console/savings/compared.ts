/** What agencies spent before and after joining: summed by agency, by region and by month. Money in fen. */

import type { components } from "../../shared/api/schema.ts";

export type Agency = components["schemas"]["AgencyReceptions"];

export interface Sums {
  readonly months: number;
  readonly before: number;
  readonly after: number;
  readonly network: number;
  readonly saved: number;
}

export interface Line extends Sums {
  readonly key: string;
  readonly name: string;
}

export const NOTHING: Sums = { months: 0, before: 0, after: 0, network: 0, saved: 0 };

type Month = Agency["compared"][number];

function add(sums: Sums, month: Month): Sums {
  return {
    months: sums.months + 1,
    before: sums.before + month.before_fen,
    after: sums.after + month.after_fen,
    network: sums.network + month.network_fen,
    saved: sums.saved + month.saved_fen,
  };
}

export function sumsOf(agencies: readonly Agency[]): Sums {
  return agencies.flatMap((one) => one.compared).reduce(add, NOTHING);
}

/** Lines by a name of agencies, or of months; those without anything compared are left out. */
function gathered(entries: Iterable<readonly [string, string, Month]>): Line[] {
  const found = new Map<string, Line>();
  for (const [key, name, month] of entries) {
    found.set(key, { key, name, ...add(found.get(key) ?? NOTHING, month) });
  }
  return [...found.values()];
}

export function byGroup(agencies: readonly Agency[], nameOf: (agency: Agency) => readonly [string, string]): Line[] {
  const entries = agencies.flatMap((one) => one.compared.map((month) => [...nameOf(one), month] as const));
  return gathered(entries).sort((a, b) => b.saved - a.saved);
}

export function byMonth(agencies: readonly Agency[]): Line[] {
  const entries = agencies.flatMap((one) =>
    one.compared.map((month) => [month.month, month.month.slice(0, 7), month] as const),
  );
  return gathered(entries).sort((a, b) => a.key.localeCompare(b.key));
}

/** How much less was spent, in percent; null where nothing was spent before. */
export function percentLess(sums: Sums): number | null {
  return sums.before > 0 ? (100 * sums.saved) / sums.before : null;
}
