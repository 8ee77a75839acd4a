/** How spending before and after is drawn: side by side, by group or by month. */

import { axis, type Option } from "../charts/chart.tsx";
import type { Inks } from "../charts/inks.ts";
import { columnOf, type Figures } from "../charts/table.ts";
import { say } from "./words.ts";

const DRAWN_MAX = 20;
/** Not told apart by colour alone. */
const HATCHED = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4 } as const;

export function drawGroups(inks: Inks, figures: Figures): Option {
  const first = <Value>(all: readonly Value[]) => all.slice(0, DRAWN_MAX);
  return {
    xAxis: axis(inks, { type: "value" }),
    yAxis: axis(inks, {
      type: "category",
      inverse: true,
      data: first(columnOf(figures, "name")),
      axisLabel: { color: inks.ink, fontSize: inks.size, interval: 0, width: 150, overflow: "truncate" },
    }),
    series: [
      { type: "bar", name: say("console.savings.before"), data: first(columnOf(figures, "before")) },
      {
        type: "bar",
        name: say("console.savings.after"),
        data: first(columnOf(figures, "after")),
        itemStyle: { decal: HATCHED },
      },
    ],
  };
}

export function drawMonths(inks: Inks, figures: Figures): Option {
  return {
    xAxis: axis(inks, { type: "category", data: columnOf(figures, "name") }),
    yAxis: axis(inks, { type: "value" }),
    series: [
      {
        type: "line",
        name: say("console.savings.before"),
        data: columnOf(figures, "before"),
        symbol: "emptyCircle",
        symbolSize: 8,
        lineStyle: { type: "dashed" },
      },
      { type: "line", name: say("console.savings.after"), data: columnOf(figures, "after"), symbolSize: 8 },
    ],
  };
}
