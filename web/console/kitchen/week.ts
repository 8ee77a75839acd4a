/** A canteen's days: what it serves when, its dishes, and what its meals cost. */

import { useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api/schema.ts";
import { centre, held } from "../centre.ts";

export type Day = components["schemas"]["DayShown"];
export type Dish = components["schemas"]["ListedDish"];
export type MealPrices = components["schemas"]["MealPrices"];
export type Pays = components["schemas"]["ClassPays"];

const DAY_MS = 86_400_000;
export const WEEK = 7;
const PAGE = 500;

export function later(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The Monday of a day's week. */
export function mondayOf(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return later(day, -((weekday + WEEK - 1) % WEEK));
}

/** A day of the calendar, as it stands in an address. */
export function isDay(text: string | undefined): text is string {
  return text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** What a canteen serves from one day to another. */
export function useDays(canteen_id: number, first: string, last: string) {
  return useQuery({
    queryKey: ["days", canteen_id, first, last],
    queryFn: () =>
      held(
        centre.GET("/registry/canteens/{canteen_id}/days", {
          params: { path: { canteen_id }, query: { first, last } },
        }),
      ),
  });
}

/** The prices of a canteen's meals, for visitors of a region; null: of its own. */
export function usePrices(canteen_id: number, first: string, last: string, guest_book: number | null) {
  return useQuery({
    queryKey: ["prices", canteen_id, first, last, guest_book],
    queryFn: () =>
      held(
        centre.GET("/settlement/canteens/{canteen_id}/prices", {
          params: { path: { canteen_id }, query: { first, last, guest_book } },
        }),
      ),
  });
}

/** The dishes of all menus from one day to another, page by page. */
export function useDishes(canteen_id: number, from_day: string, until_day: string) {
  return useQuery({
    queryKey: ["dishes", canteen_id, from_day, until_day],
    queryFn: async () => {
      const found: Dish[] = [];
      let after: string | null = null;
      do {
        const query = { canteen_id, from_day, until_day, limit: PAGE, ...(after !== null && { after }) };
        const page: { items: Dish[]; next: string | null } = await held(
          centre.GET("/dining/dishes", { params: { query: query as never } }),
        );
        found.push(...page.items);
        after = page.next;
      } while (after !== null);
      return found;
    },
  });
}

export function useClasses() {
  return useQuery({
    queryKey: ["person-classes"],
    staleTime: 900_000,
    queryFn: () => held(centre.GET("/settlement/person-classes")),
  });
}
