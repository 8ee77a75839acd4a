/** The picture of a meal's minutes: what is sold as bars, the forecast with its interval, last week as dashes. */

import { axis, type Option } from "../charts/chart.tsx";
import { type Inks, thin } from "../charts/inks.ts";
import { columnOf, type Figures } from "../charts/table.ts";
import { say } from "./words.ts";

export function drawMinutes(inks: Inks, figures: Figures): Option {
  const [sold, forecast, , , before] = inks.series;
  const least = columnOf(figures, "least");
  const most = columnOf(figures, "most");
  const line = { type: "line", symbol: "none", smooth: true };
  const band = { ...line, stack: "band", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
  const names = {
    sold: say("console.today.sold"),
    forecast: say("console.today.forecast"),
    before: say("console.today.week_before"),
  };
  const isKnown = (values: readonly unknown[]) => values.some((value) => value !== null);
  const hasForecast = isKnown(columnOf(figures, "expected"));
  const hasBefore = isKnown(columnOf(figures, "week_before"));
  return {
    legend: {
      top: 0,
      right: 0,
      textStyle: { color: inks.ink, fontFamily: inks.font, fontSize: inks.size },
      data: [names.sold, ...(hasForecast ? [names.forecast] : []), ...(hasBefore ? [names.before] : [])],
    },
    xAxis: axis(inks, {
      type: "category",
      data: columnOf(figures, "at").map((at) => String(at).slice(11)),
      splitLine: { show: false },
    }),
    yAxis: axis(inks, { type: "value", minInterval: 1 }),
    series: [
      {
        name: names.sold,
        type: "bar",
        data: columnOf(figures, "sold"),
        itemStyle: { color: sold },
        barCategoryGap: "20%",
      },
      { ...band, name: "least", data: least, color: forecast },
      {
        ...band,
        name: "most",
        data: most.map((high, at) => (high === null ? null : Number(high) - Number(least[at]))),
        color: forecast,
        areaStyle: { color: thin(forecast, 0.18) },
      },
      {
        ...line,
        name: names.forecast,
        data: columnOf(figures, "expected"),
        color: forecast,
        lineStyle: { width: 2.5 },
      },
      {
        ...line,
        name: names.before,
        data: columnOf(figures, "week_before"),
        color: before,
        smooth: false,
        lineStyle: { width: 1.5, type: "dashed" },
      },
    ],
  };
}

export function drawBars(inks: Inks, figures: Figures): Option {
  const [first] = inks.series;
  const [names = [], counts = []] = figures.columns.map(({ name }) => columnOf(figures, name));
  return {
    legend: { show: false },
    grid: { left: 8, right: 40, top: 8, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: axis(inks, { type: "value", minInterval: 1 }),
    yAxis: axis(inks, {
      type: "category",
      data: [...names].reverse(),
      axisLabel: { color: inks.ink, fontSize: inks.size, width: 180, overflow: "truncate" },
    }),
    series: [
      {
        type: "bar",
        data: [...counts].reverse(),
        color: first,
        barMaxWidth: 24,
        label: { show: true, position: "right", color: inks.ink, fontSize: inks.size },
      },
    ],
  };
}
