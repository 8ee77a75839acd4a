/** Canteens in a quarter: where they stand, how they serve, what they waste, and what they were scored. */

import { useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api/schema.ts";
import { inMine } from "../../shared/language.ts";
import { centre, held } from "../centre.ts";
import type { Meal } from "../today/meals.ts";

export type Measures = components["schemas"]["PeriodMeasures"];
export type Evaluated = components["schemas"]["EvaluationShown"];
type Listed = components["schemas"]["ListedCanteen"];

export interface Kitchen {
  readonly id: number;
  readonly name: string;
  readonly book: number;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly measures: Measures | null;
  readonly evaluated: Evaluated | null;
}

const PAGE = 500;
const PAGES_MAX = 20;
const AGAIN_MS = 300_000;

/** All canteens that one may see, page by page. */
async function allCanteens(): Promise<Listed[]> {
  const found: Listed[] = [];
  let after: string | null = null;
  for (let page = 0; page < PAGES_MAX; page++) {
    const query: { limit: number; after?: string } = after === null ? { limit: PAGE } : { limit: PAGE, after };
    const answer: { items: Listed[]; next: string | null } = await held(
      centre.GET("/registry/canteens", { params: { query } }),
    );
    found.push(...answer.items);
    after = answer.next;
    if (after === null) break;
  }
  return found;
}

export function endOfQuarter(quarter: string): string {
  const [year = 0, month = 1] = quarter.split("-").map(Number);
  return new Date(Date.UTC(year, month + 2, 0)).toISOString().slice(0, 10);
}

/** The first days of the quarters of the last two years, the running one first. */
export function quarters(now: Date): string[] {
  const first = now.getUTCFullYear() * 4 + Math.floor(now.getUTCMonth() / 3);
  return Array.from({ length: 8 }, (_, back) => {
    const quarter = first - back;
    return `${Math.floor(quarter / 4)}-${String((quarter % 4) * 3 + 1).padStart(2, "0")}-01`;
  });
}

/** The quarter of which a day is, in words that are the same everywhere: `2026 Q3`. */
export function quarterName(quarter: string): string {
  return `${quarter.slice(0, 4)} Q${Math.ceil(Number(quarter.slice(5, 7)) / 3)}`;
}

export function useKitchens(quarter: string, meal: Meal | undefined) {
  return useQuery({
    queryKey: ["kitchens", quarter, meal ?? ""],
    staleTime: AGAIN_MS,
    queryFn: async () => {
      const span = { first: quarter, last: endOfQuarter(quarter), by: "canteen", per: "quarter" } as const;
      const [canteens, measures, shown] = await Promise.all([
        allCanteens(),
        held(centre.GET("/waste/measures", { params: { query: meal ? { ...span, meal } : span } })),
        held(centre.GET("/waste/evaluations/{quarter}", { params: { path: { quarter } } })),
      ]);
      const measuresOf = new Map(measures.map((one) => [one.number, one]));
      const scoreOf = new Map(shown.evaluations.map((one) => [one.canteen_id, one]));
      const kitchens = canteens.map(
        (one): Kitchen => ({
          id: one.canteen_id,
          name: inMine(one.name_zh, one.name_en),
          book: one.book,
          latitude: one.latitude,
          longitude: one.longitude,
          measures: measuresOf.get(one.canteen_id) ?? null,
          evaluated: scoreOf.get(one.canteen_id) ?? null,
        }),
      );
      return { kitchens, isFrozen: shown.frozen, isEvaluated: shown.evaluated };
    },
  });
}

/** Several canteens as one: sums, and the figures that follow from them. */
export function together(kitchens: readonly Kitchen[]) {
  const known = kitchens.flatMap((one) => one.measures ?? []);
  const sum = (
    name: "covers" | "meals" | "weighed_meals" | "weighed_covers" | "waste_g" | "implausible" | "corrected",
  ) => known.reduce((total, one) => total + one[name], 0);
  const covers = sum("weighed_covers");
  const meals = sum("meals");
  return {
    covers: sum("covers"),
    gramsPerCover: covers > 0 ? sum("waste_g") / covers : null,
    completeness: meals > 0 ? sum("weighed_meals") / meals : null,
    implausible: sum("implausible"),
    corrected: sum("corrected"),
  };
}

/** What earns all points, and none: grams per cover of a meal, as the scheme of the first one says. */
export function bandOf(kitchens: readonly Kitchen[], meal: Meal | undefined): { target: number; limit: number } | null {
  for (const { evaluated } of kitchens) {
    const point = evaluated?.points.find((one) => one.measure === "grams_per_cover");
    const band = (meal && point?.meals?.[meal]) ?? point;
    if (band?.target != null && band.limit != null) return { target: band.target, limit: band.limit };
  }
  return null;
}
