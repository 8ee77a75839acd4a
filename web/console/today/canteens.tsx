/** All canteens at a meal: what each has served of its forecast, the furthest off first. */

import { useMemo } from "react";
import { axis, Chart, type Option } from "../charts/chart.tsx";
import type { Inks } from "../charts/inks.ts";
import type { Read } from "../charts/read.ts";
import { columnOf, type Figures } from "../charts/table.ts";
import { type Meal, ofMeal } from "./meals.ts";
import { say } from "./words.ts";

const SHOWN = 500;

interface Props {
  readonly covers: Read;
  readonly meal: Meal;
  open(canteenId: string): void;
}

export function Canteens({ covers, meal, open }: Props) {
  const ranked = useMemo(() => {
    const off = (row: Read["rows"][number]) => Math.abs(Number(row.covers ?? 0) - Number(row.expected ?? 0));
    return ofMeal(covers.rows, meal).sort((a, b) => off(b) - off(a));
  }, [covers.rows, meal]);
  const figures = useMemo((): Figures | undefined => {
    if (!covers.figures) return undefined;
    return {
      columns: [
        { name: "canteen", heading: say("console.named.canteen_id") },
        { name: "expected", heading: say("console.today.expected"), digits: 0 },
        { name: "covers", heading: say("console.unit.covers"), digits: 0 },
      ],
      rows: ranked.map((row) => [row.canteen ?? "", row.expected ?? null, row.covers ?? null]),
    };
  }, [covers.figures, ranked]);
  return (
    <Chart
      {...covers}
      name={`canteens-${meal}`}
      title={say("console.today.canteens")}
      unit={say("console.today.canteens_unit")}
      source={say("console.source.ledger_and_forecast")}
      figures={figures}
      draw={drawCanteens}
      isWide
      choose={(row) => open(String(ranked[row]?.canteen_id))}
    />
  );
}

function drawCanteens(inks: Inks, figures: Figures): Option {
  const [first, second] = inks.series;
  const names = columnOf(figures, "canteen");
  const expected = columnOf(figures, "expected").map(Number);
  const most = Math.max(1, ...expected, ...columnOf(figures, "covers").map(Number));
  const label = (at: number) => `${names[at]}`;
  return {
    legend: { show: false },
    grid: { left: 8, right: 24, top: 24, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      trigger: "item",
      renderMode: "richText",
      backgroundColor: inks.paper,
      borderColor: inks.line,
      textStyle: { color: inks.ink, fontFamily: inks.font, fontSize: inks.size },
      formatter: ({ dataIndex, value }: { dataIndex: number; value: [number, number] }) =>
        `${label(dataIndex)}\n${value[1]} / ${value[0]}`,
    },
    xAxis: axis(inks, { type: "value", max: most }),
    yAxis: axis(inks, { type: "value", max: most }),
    series: [
      {
        type: "scatter",
        symbolSize: 12,
        color: first,
        data: expected.map((at, row) => [at, columnOf(figures, "covers")[row]]),
        label: {
          show: expected.length <= 12,
          position: "right",
          color: inks.ink,
          fontSize: inks.size,
          formatter: ({ dataIndex }: { dataIndex: number }) => label(dataIndex),
        },
        labelLayout: { hideOverlap: true },
        progressive: SHOWN,
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: second, type: "dashed" },
          data: [[{ coord: [0, 0] }, { coord: [most, most] }]],
        },
      },
    ],
  };
}
