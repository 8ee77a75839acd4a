/** The centre's charts: tables of numbers, each by its name. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api/schema.ts";
import { centre, held } from "../centre.ts";
import type { Figures, Value } from "./table.ts";

type Shown = components["schemas"]["ChartShown"];
export type Row = Readonly<Record<string, Value>>;

export interface Read {
  readonly title: string;
  readonly figures: Figures | undefined;
  readonly rows: readonly Row[];
  readonly at: number;
  readonly error: Error | null;
  again(): unknown;
}

/** Digits after the point by column; columns without them are words. */
type Digits = Readonly<Record<string, number>>;

function figuresOf(shown: Shown, digits: Digits): Figures {
  const columns = shown.columns.map((name, at) => ({
    name,
    heading: shown.headings[at] ?? name,
    ...(digits[name] !== undefined && { digits: digits[name] }),
  }));
  const words = (name: string, value: Value) => shown.words[name]?.[String(value)] ?? value;
  const rows = shown.rows.map((row) => row.map((value, at) => words(shown.columns[at] ?? "", value as Value)));
  return { columns, rows };
}

/** A chart of one canteen, or of all that one may see, read again every so often. */
export function useChart(
  name: string,
  digits: Digits,
  { canteenId, everyMs, isWanted = true }: { canteenId?: string | undefined; everyMs?: number; isWanted?: boolean },
): Read {
  const query = canteenId === undefined ? {} : { canteen_id: Number(canteenId) };
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ["chart", name, canteenId ?? ""],
    enabled: isWanted,
    placeholderData: keepPreviousData,
    refetchInterval: everyMs ?? false,
    queryFn: async () => {
      const asked = centre.GET("/waste/charts/{name}", { params: { path: { name }, query } });
      const shown = (await held(asked)) as Shown;
      const of = (row: Shown["rows"][number]) =>
        Object.fromEntries(shown.columns.map((column, at) => [column, (row[at] ?? null) as Value]));
      return { title: shown.title, figures: figuresOf(shown, digits), rows: shown.rows.map(of) };
    },
  });
  return {
    title: data?.title ?? "",
    figures: data?.figures,
    rows: data?.rows ?? [],
    at: dataUpdatedAt,
    error,
    again: refetch,
  };
}
