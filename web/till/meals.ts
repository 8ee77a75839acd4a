/** Which meal it is, and what it costs whom, by what the centre said last. */

import type { Meal } from "../shared/terminal/cards.ts";
import { localDate, type Parameters, type Price, priceOn } from "../shared/terminal/parameters.ts";

export const MEALS = ["breakfast", "lunch", "dinner"] as const satisfies readonly Meal[];

/** The meal of a time: whose hours it is in, else the next one of the day, else the last. */
export function mealAt(parameters: Parameters, atS: number): Meal {
  const clock = new Date((atS + 8 * 3600) * 1000).toISOString().slice(11, 16);
  const hours = [...parameters.meals].sort((one, other) => (one.starts < other.starts ? -1 : 1));
  return (hours.find(({ ends }) => clock < ends) ?? hours.at(-1))?.meal ?? "lunch";
}

/** What a meal costs on the day of a time; null: it is not served. */
export function priceAt(parameters: Parameters, meal: Meal, atS: number): Price | null {
  return priceOn(parameters.prices, meal, localDate(atS));
}
