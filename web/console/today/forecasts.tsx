/** What was forecast of each day's meal and what came of it: four weeks back, one ahead, with the mean error. */

import { useMemo } from "react";
import { axis, Chart, type Option } from "../charts/chart.tsx";
import type { Inks } from "../charts/inks.ts";
import { useChart } from "../charts/read.ts";
import { columnOf, type Figures } from "../charts/table.ts";
import { type Meal, ofMeal } from "./meals.ts";
import { say } from "./words.ts";

export function Forecasts({ canteenId, meal }: { canteenId: string | undefined; meal: Meal }) {
  const read = useChart("forecast", {}, { canteenId });
  const known = useMemo(
    () =>
      ofMeal(read.rows, meal).map((row) => {
        const forecast = Number(row.forecast);
        const actual = row.actual === null || row.actual === undefined ? null : Number(row.actual);
        const off = actual === null || actual === 0 ? null : (100 * (forecast - actual)) / actual;
        return { date: String(row.date), forecast, cookFor: Number(row.cook_for), actual, off };
      }),
    [read.rows, meal],
  );
  const figures = useMemo(
    (): Figures | undefined =>
      read.figures && {
        columns: [
          { name: "date", heading: say("console.today.day") },
          { name: "forecast", heading: say("console.today.expected"), digits: 0 },
          { name: "cook_for", heading: say("console.today.cook_for"), digits: 0 },
          { name: "actual", heading: say("console.today.actual"), digits: 0 },
          { name: "off", heading: say("console.today.off"), digits: 1 },
        ],
        rows: known.map((row) => [row.date, row.forecast, row.cookFor, row.actual, row.off]),
      },
    [read.figures, known],
  );
  const closed = known.filter((row) => row.actual !== null);
  const eaten = closed.reduce((total, row) => total + (row.actual ?? 0), 0);
  const wrong = closed.reduce((total, row) => total + Math.abs(row.forecast - (row.actual ?? 0)), 0);
  const enough = closed.filter((row) => row.cookFor >= (row.actual ?? 0)).length;
  return (
    <Chart
      {...read}
      name={`forecast-${meal}`}
      title={say("console.today.forecast_and_actual")}
      unit={say("console.today.forecast_unit", {
        error: eaten > 0 ? ((100 * wrong) / eaten).toFixed(1) : "—",
        enough,
        days: closed.length,
      })}
      source={say("console.source.ledger_and_forecast")}
      figures={figures}
      draw={drawForecasts}
      isWide
    />
  );
}

function drawForecasts(inks: Inks, figures: Figures): Option {
  const [first, second, , , fifth] = inks.series;
  return {
    xAxis: axis(inks, {
      type: "category",
      data: columnOf(figures, "date").map((day) => String(day).slice(5)),
      splitLine: { show: false },
    }),
    yAxis: axis(inks, { type: "value", minInterval: 1 }),
    series: [
      {
        type: "bar",
        name: say("console.today.actual"),
        color: first,
        data: columnOf(figures, "actual"),
        barMaxWidth: 22,
      },
      {
        type: "line",
        name: say("console.today.expected"),
        color: second,
        symbol: "circle",
        symbolSize: 6,
        data: columnOf(figures, "forecast"),
        lineStyle: { width: 2.5 },
      },
      {
        type: "line",
        name: say("console.today.cook_for"),
        color: fifth,
        step: "middle",
        symbol: "none",
        data: columnOf(figures, "cook_for"),
        lineStyle: { width: 1.5, type: "dashed" },
      },
    ],
  };
}
