/** The sampling plan of a year, and which of its canteens have been visited. */

import { useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api/schema.ts";
import { dayOf } from "../../shared/formats.ts";
import { centre, held, Refused } from "../centre.ts";

export type Plan = components["schemas"]["PlanShown"];
export type Drawn = components["schemas"]["Drawn"];
export type Visit = components["schemas"]["ListedInspection"];

export const STRATA = ["small", "medium", "large"] as const;
export type Stratum = (typeof STRATA)[number];

const PAGE = 500;
const PAGES_MAX = 20;

/** The year, and the quarter (1 to 4), in which a moment is at the centre. */
export function quarterAt(now: number): { year: number; quarter: number } {
  const [year = 0, month = 1] = dayOf(now).split("-").map(Number);
  return { year, quarter: Math.ceil(month / 3) };
}

/** The plan of a year; null where none was drawn. */
export function usePlan(year: number) {
  return useQuery({
    queryKey: ["plan", year],
    queryFn: async (): Promise<Plan | null> => {
      try {
        return await held(centre.GET("/waste/sampling-plans/{year}", { params: { path: { year } } }));
      } catch (error) {
        if (error instanceof Refused && error.status === 404) return null;
        throw error;
      }
    },
  });
}

/** All visits of a year, the first of each canteen. */
export function useVisits(year: number) {
  return useQuery({
    queryKey: ["visits", year],
    staleTime: 0,
    queryFn: async () => {
      const found = new Map<number, Visit>();
      let after: string | null = null;
      for (let page = 0; page < PAGES_MAX; page++) {
        const place: { after?: string } = after === null ? {} : { after };
        const span = { from_day: `${year}-01-01`, until_day: `${year}-12-31`, sort: "visited_on", limit: PAGE };
        const answer: { items: Visit[]; next: string | null } = await held(
          centre.GET("/waste/inspections", { params: { query: { ...span, ...place } as never } }),
        );
        for (const visit of answer.items) if (!found.has(visit.canteen_id)) found.set(visit.canteen_id, visit);
        after = answer.next;
        if (after === null) break;
      }
      return found;
    },
  });
}

export interface Quota {
  readonly stratum: Stratum;
  readonly canteens: number;
  /** The least number that must be drawn. */
  readonly least: number;
  readonly drawn: number;
  readonly visited: number;
}

/** How far the plan is in each size of canteens. */
export function quotasOf(plan: Plan, visits: ReadonlyMap<number, Visit>): Quota[] {
  return STRATA.map((stratum) => {
    const canteens = plan.candidates.filter((one) => one.stratum === stratum).length;
    const drawn = plan.drawn.filter((one) => one.stratum === stratum);
    return {
      stratum,
      canteens,
      least: Math.ceil(plan.share * canteens),
      drawn: drawn.length,
      visited: drawn.filter((one) => visits.has(one.canteen_id)).length,
    };
  }).filter((one) => one.canteens > 0);
}
