/** The meals of the open day, from what the centre's charts say of them. */

import type { Row } from "../charts/read.ts";

export const MEALS = ["breakfast", "lunch", "dinner"] as const;
export type Meal = (typeof MEALS)[number];

const QUEUE_MIN = 5;

/** Rows of one meal. */
export function ofMeal(rows: readonly Row[], meal: Meal): Row[] {
  return rows.filter((row) => row.meal === meal);
}

export function sum(rows: readonly Row[], name: string): number {
  return rows.reduce((total, row) => total + Number(row[name] ?? 0), 0);
}

/** The meal at which most was sold of late: that of the last minute with a sale, else the first that is known. */
export function currentMeal(minutes: readonly Row[]): Meal {
  const sold = minutes.filter((row) => Number(row.sold) > 0);
  return ((sold.at(-1) ?? minutes[0])?.meal as Meal | undefined) ?? "lunch";
}

/** Rows that have been: of later minutes it is not known what is sold. */
export function past(minutes: readonly Row[]): Row[] {
  return minutes.filter((row) => row.sold !== null);
}

/** Meals a minute over the last minutes, in the middle of which somebody was served. */
export function speed(minutes: readonly Row[]): number {
  const sold = past(minutes);
  const last = sold.findLastIndex((row) => Number(row.sold) > 0);
  const latest = sold.slice(Math.max(last - QUEUE_MIN + 1, 0), last + 1);
  return latest.length === 0 ? 0 : sum(latest, "sold") / latest.length;
}

/** The day after a day. */
export function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
