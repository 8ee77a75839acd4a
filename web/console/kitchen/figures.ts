/** A canteen's measures over time, and what is missing in them. */

import { useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api/schema.ts";
import { dayOf, monthLater } from "../../shared/formats.ts";
import { centre, held } from "../centre.ts";

export type Measures = components["schemas"]["PeriodMeasures"];
export type FoodWaste = components["schemas"]["FoodWaste"];

export const PERIODS = ["6", "12", "24", "36"] as const;
/** Days of which it is said one by one what was not weighed. */
export const DAYS_LOOKED_AT = 28;

export interface Span {
  readonly first: string;
  readonly last: string;
}

/** Some whole months, the running one with them. */
export function spanOf(months: number, now: number): Span {
  const last = dayOf(now);
  return { first: `${monthLater(last.slice(0, 7), 1 - months)}-01`, last };
}

export function useMeasures(canteen_id: number, { first, last }: Span, per: "day" | "month") {
  return useQuery({
    queryKey: ["measures", canteen_id, first, last, per],
    queryFn: () =>
      held(centre.GET("/waste/measures", { params: { query: { first, last, per, by: "canteen", canteen_id } } })),
  });
}

export function useFoods(canteen_id: number, { first, last }: Span) {
  return useQuery({
    queryKey: ["foods", canteen_id, first, last],
    queryFn: () =>
      held(
        centre.GET("/waste/canteens/{canteen_id}/foods", { params: { path: { canteen_id }, query: { first, last } } }),
      ),
  });
}

type Summed =
  | "covers"
  | "meals"
  | "weighed_meals"
  | "weighed_covers"
  | "waste_g"
  | "implausible"
  | "corrected"
  | "unmatched_meals"
  | "cost_fen"
  | "co2e_g";

export function sumOf(measures: readonly Measures[], name: Summed): number {
  return measures.reduce((total, one) => total + one[name], 0);
}

/** Grams per cover over several periods: of weighed meals alone. */
export function gramsPerCover(measures: readonly Measures[]): number | null {
  const covers = sumOf(measures, "weighed_covers");
  return covers > 0 ? sumOf(measures, "waste_g") / covers : null;
}

/** Which share of the meals was weighed; null: there were none. */
export function completeness(measures: readonly Measures[]): number | null {
  const meals = sumOf(measures, "meals");
  return meals > 0 ? sumOf(measures, "weighed_meals") / meals : null;
}
