/** Grams per cover by month: its level and where that changed, and the interval of each quarter. */

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { centre, held } from "../centre.ts";
import { Chart } from "../charts/chart.tsx";
import { useChart } from "../charts/read.ts";
import type { Figures } from "../charts/table.ts";
import type { Kitchen } from "./kitchens.ts";
import { drawTrend } from "./pictures.ts";
import { say } from "./words.ts";

interface Props {
  /** None: all canteens together. */
  readonly kitchen: Pick<Kitchen, "id" | "name"> | undefined;
  /** The first month that is shown, as `2026-01`; none: all. */
  readonly since?: string;
  readonly isWide?: boolean;
}

export function Trend({ kitchen, since = "", isWide = false }: Props) {
  const read = useChart("trend", {}, { canteenId: kitchen && String(kitchen.id) });
  const months = useMemo(
    () => ({ ...read, rows: read.rows.filter((row) => String(row.month) >= since) }),
    [read, since],
  );
  const first = months.rows[0]?.month as string | undefined;
  const last = months.rows.at(-1)?.month as string | undefined;
  const by = kitchen ? "canteen" : "network";
  const quarters = useQuery({
    queryKey: ["quarters", by, kitchen?.id ?? 0, first ?? "", last ?? ""],
    enabled: first !== undefined && last !== undefined,
    queryFn: () =>
      held(
        centre.GET("/waste/measures", {
          params: {
            query: { first: first ?? "", last: last ?? "", by, per: "quarter", canteen_id: kitchen?.id ?? null },
          },
        }),
      ),
  });
  const figures = useMemo((): Figures | undefined => {
    if (!months.figures) return undefined;
    const intervalOf = new Map((quarters.data ?? []).map((one) => [one.period, one]));
    return {
      columns: [
        { name: "month", heading: say("console.evaluation.month") },
        { name: "grams_per_cover", heading: say("console.evaluation.grams"), digits: 1 },
        { name: "level", heading: say("console.evaluation.level"), digits: 1 },
        { name: "changed", heading: say("console.evaluation.change") },
        { name: "low", heading: say("console.evaluation.low"), digits: 1 },
        { name: "high", heading: say("console.evaluation.high"), digits: 1 },
      ],
      rows: months.rows.map((row) => {
        const month = String(row.month);
        // The interval of a quarter stands at its middle month.
        const middle = Number(month.slice(5, 7)) % 3 === 2;
        const begins = `${month.slice(0, 5)}${String(Number(month.slice(5, 7)) - 1).padStart(2, "0")}-01`;
        const quarter = middle ? intervalOf.get(begins) : undefined;
        return [
          month.slice(0, 7),
          row.grams_per_cover ?? null,
          row.level_grams_per_cover ?? null,
          row.level_changed ? say("console.table.yes") : null,
          quarter?.low ?? null,
          quarter?.high ?? null,
        ];
      }),
    };
  }, [months.figures, months.rows, quarters.data]);
  return (
    <Chart
      {...months}
      name="trend"
      title={say("console.evaluation.trend")}
      unit={`${kitchen?.name ?? say("console.scope.all_canteens")} · ${say("console.evaluation.trend_unit")}`}
      source={say("console.source.waste")}
      figures={figures}
      draw={drawTrend}
      isWide={isWide}
    />
  );
}
