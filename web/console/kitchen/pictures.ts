/** How a canteen's months are drawn: by stream, in one colour, and its kinds of food. */

import { axis, type Option } from "../charts/chart.tsx";
import type { Inks } from "../charts/inks.ts";
import { columnOf, type Figures } from "../charts/table.ts";
import { say } from "./words.ts";

const STREAMS = ["preparation", "unserved", "plate"] as const;

function months(inks: Inks, figures: Figures): Readonly<Record<string, unknown>> {
  return axis(inks, { type: "category", data: columnOf(figures, "month"), splitLine: { show: false } });
}

/** Waste per cover of each month, one stream on the other. */
export function drawStreams(inks: Inks, figures: Figures): Option {
  const [first, second, third] = inks.series;
  const colours = { preparation: third, unserved: second, plate: first };
  return {
    xAxis: months(inks, figures),
    yAxis: axis(inks, { type: "value" }),
    series: STREAMS.map((stream) => ({
      type: "bar",
      stack: "waste",
      name: say(`measures.stream.${stream}`),
      color: colours[stream],
      barMaxWidth: 28,
      data: columnOf(figures, stream),
      itemStyle: { borderColor: inks.paper, borderWidth: 1 },
    })),
  };
}

/** One figure a month. */
export function drawMonths(inks: Inks, figures: Figures): Option {
  return {
    legend: { show: false },
    xAxis: months(inks, figures),
    yAxis: axis(inks, { type: "value" }),
    series: [{ type: "bar", color: inks.series[0], barMaxWidth: 28, data: columnOf(figures, "value") }],
  };
}

/** Which share of the meals was weighed each month; below the dashed line it is too little. */
export function drawWeighed(inks: Inks, figures: Figures, least: number): Option {
  const [first, second] = inks.series;
  return {
    legend: { show: false },
    xAxis: months(inks, figures),
    yAxis: axis(inks, { type: "value", max: 100 }),
    series: [
      {
        type: "bar",
        color: first,
        barMaxWidth: 28,
        data: columnOf(figures, "weighed"),
        markLine: {
          silent: true,
          symbol: "none",
          data: [{ yAxis: least }],
          lineStyle: { color: second, type: "dashed", width: 1.5 },
          label: {
            position: "insideStartTop",
            formatter: `${least} %`,
            color: inks.ink,
            fontSize: inks.size,
            backgroundColor: inks.paper,
            padding: 2,
          },
        },
      },
    ],
  };
}

/** What was wasted most. */
export function drawFoods(inks: Inks, figures: Figures): Option {
  return {
    legend: { show: false },
    grid: { left: 8, right: 56, top: 8, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: axis(inks, { type: "value" }),
    yAxis: axis(inks, {
      type: "category",
      inverse: true,
      data: columnOf(figures, "food"),
      axisLabel: { color: inks.ink, fontSize: inks.size, interval: 0 },
    }),
    series: [
      {
        type: "bar",
        color: inks.series[0],
        barMaxWidth: 22,
        data: columnOf(figures, "kg"),
        label: { show: true, position: "right", color: inks.ink, fontSize: inks.size },
      },
    ],
  };
}
