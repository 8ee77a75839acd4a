/** The plan as bars: of each size of canteens what is visited and what is left, with a line at the least share. */

import { axis, type Option } from "../charts/chart.tsx";
import type { Inks } from "../charts/inks.ts";
import { columnOf, type Figures } from "../charts/table.ts";
import { say } from "./words.ts";

export function drawCoverage(inks: Inks, figures: Figures): Option {
  const [first, second, third] = inks.series;
  const bar = { type: "bar", stack: "drawn", barMaxWidth: 36 } as const;
  return {
    xAxis: axis(inks, { type: "value", minInterval: 1 }),
    yAxis: axis(inks, {
      type: "category",
      inverse: true,
      data: columnOf(figures, "stratum"),
      axisLabel: { color: inks.ink, fontSize: inks.size },
    }),
    series: [
      { ...bar, name: say("console.supervision.visited"), color: first, data: columnOf(figures, "visited") },
      {
        ...bar,
        name: say("console.supervision.left"),
        color: second,
        data: columnOf(figures, "left"),
        itemStyle: {
          decal: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 5], rotation: -0.8, color: inks.paper },
        },
      },
      {
        type: "scatter",
        name: say("console.supervision.least"),
        symbol: "rect",
        symbolSize: [4, 44],
        color: third,
        data: columnOf(figures, "least").map((least, at) => [least, at]),
      },
    ],
  };
}
