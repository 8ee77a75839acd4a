/** How canteens are drawn: ranked with their intervals, on their places, by stream, by completeness, over time. */

import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from "echarts";
import { axis, type Option } from "../charts/chart.tsx";
import type { Inks } from "../charts/inks.ts";
import { columnOf, type Figures } from "../charts/table.ts";
import { say } from "./words.ts";

const NAME_WIDTH = 26;

/** The end of a name, which tells canteens of an agency apart; a Chinese character is as wide as two letters. */
function endOf(name: string): string {
  let width = 0;
  const kept: string[] = [];
  for (const letter of [...name].reverse()) {
    width += letter > "\u2e7f" ? 2 : 1;
    if (width > NAME_WIDTH) return `…${kept.reverse().join("")}`;
    kept.push(letter);
  }
  return name;
}

const bars = {
  left: 8,
  right: 48,
  top: 36,
  bottom: 8,
  outerBoundsMode: "same",
  outerBoundsContain: "axisLabel",
} as const;

function names(inks: Inks, figures: Figures): Readonly<Record<string, unknown>> {
  return axis(inks, {
    type: "category",
    inverse: true,
    data: columnOf(figures, "canteen").map((name) => endOf(String(name))),
    axisLabel: { color: inks.ink, fontSize: inks.size, interval: 0 },
  });
}

function legend(inks: Inks, data: readonly string[]): Readonly<Record<string, unknown>> {
  return { top: 0, right: 0, data, textStyle: { color: inks.ink, fontFamily: inks.font, fontSize: inks.size } };
}

function tooltip(inks: Inks, formatter: (event: { dataIndex: number }) => string): Readonly<Record<string, unknown>> {
  return {
    trigger: "item",
    renderMode: "richText",
    confine: true,
    backgroundColor: inks.paper,
    borderColor: inks.line,
    textStyle: { color: inks.ink, fontFamily: inks.font, fontSize: inks.size },
    formatter,
  };
}

/** A line between two values, at the middle of its row or column. */
function whisker(colour: string, isUpright: boolean) {
  return (_: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
    const [at, low, high] = [api.value(0), api.value(1), api.value(2)].map(Number) as [number, number, number];
    if (Number.isNaN(low) || Number.isNaN(high)) return null;
    const [x1 = 0, y1 = 0] = api.coord(isUpright ? [at, low] : [low, at]);
    const [x2 = 0, y2 = 0] = api.coord(isUpright ? [at, high] : [high, at]);
    return { type: "line" as const, shape: { x1, y1, x2, y2 }, style: { stroke: colour, lineWidth: 2.5 } };
  };
}

const number = (value: unknown) => (value === null ? Number.NaN : Number(value));

export interface Band {
  readonly target: number;
  readonly limit: number;
}

/** A point and its interval a canteen, the best first; lines where all points are earned, and none. */
export function drawForest(inks: Inks, figures: Figures, band: Band | null): Option {
  const [first, second, third] = inks.series;
  const [value, low, high] = ["value", "low", "high"].map((name) => columnOf(figures, name).map(number));
  const canteens = columnOf(figures, "canteen");
  const span = [...(value ?? []), ...(low ?? []), ...(high ?? [])].filter((one) => !Number.isNaN(one));
  const edges = band ? [...span, band.target, band.limit] : span;
  const lines = band
    ? [
        { xAxis: band.target, name: say("console.evaluation.target"), lineStyle: { color: third } },
        { xAxis: band.limit, name: say("console.evaluation.limit"), lineStyle: { color: second } },
      ]
    : [];
  return {
    legend: { show: false },
    grid: { ...bars, right: 24 },
    tooltip: tooltip(inks, ({ dataIndex: at }) => {
      const interval = Number.isNaN(low?.[at]) ? "" : ` (${low?.[at]}–${high?.[at]})`;
      return `${canteens[at]}\n${value?.[at]}${interval}`;
    }),
    xAxis: axis(inks, {
      type: "value",
      min: Math.floor(Math.min(...edges) / 5) * 5,
      max: Math.ceil(Math.max(...edges) / 5) * 5,
    }),
    yAxis: names(inks, figures),
    series: [
      {
        type: "custom",
        silent: true,
        renderItem: whisker(first, false),
        encode: { x: [1, 2], y: 0 },
        data: (low ?? []).map((least, at) => [at, least, high?.[at]]),
      },
      {
        type: "scatter",
        symbolSize: 11,
        color: first,
        data: (value ?? []).map((one, at) => [one, at]),
        markLine: {
          silent: true,
          symbol: "none",
          data: lines,
          lineStyle: { type: "dashed", width: 1.5 },
          label: { position: "start", formatter: "{b}", color: inks.ink, fontSize: inks.size, fontFamily: inks.font },
        },
      },
    ],
  };
}

/** Classes of grams per cover, told apart by colour and shape. */
const SHAPES = ["circle", "diamond", "triangle", "emptyCircle"] as const;
const CLASSES = ["good", "middling", "bad", "unknown"] as const;

export function classOf(value: number | null, band: Band | null): (typeof CLASSES)[number] {
  if (value === null) return "unknown";
  if (band === null) return "middling";
  const middle = (band.target + band.limit) / 2;
  return value <= middle ? "good" : value < band.limit ? "middling" : "bad";
}

/** Each canteen where it stands: a degree of longitude is drawn as much narrower as it is there. */
export function drawMap(inks: Inks, figures: Figures, band: Band | null): Option {
  const [first, second, third, , fifth] = inks.series;
  const [canteens, values] = [columnOf(figures, "canteen"), columnOf(figures, "value")];
  const latitudes = columnOf(figures, "latitude").map(Number);
  const narrow = Math.cos(
    (Math.PI / 180) * (latitudes.reduce((sum, one) => sum + one, 0) / Math.max(latitudes.length, 1)),
  );
  const places = columnOf(figures, "longitude").map((one, at) => [Number(one) * narrow, latitudes[at] ?? 0] as const);
  const range = (axisOf: 0 | 1) => {
    const all = places.map((place) => place[axisOf]);
    const edge = Math.max((Math.max(...all) - Math.min(...all)) * 0.12, 0.005);
    return { min: Math.min(...all) - edge, max: Math.max(...all) + edge };
  };
  const middle = (range(0).min + range(0).max) / 2;
  const bare = {
    type: "value",
    axisLabel: { show: false },
    axisTick: { show: false },
    axisLine: { show: false },
  } as const;
  const classes = values.map((value) => classOf(value === null ? null : Number(value), band));
  const colours = [first, third, second, fifth];
  return {
    legend: legend(
      inks,
      CLASSES.filter((one) => classes.includes(one)).map((one) => say(`console.evaluation.class.${one}`)),
    ),
    grid: { left: 8, right: 8, top: 40, bottom: 8 },
    tooltip: {
      ...tooltip(inks, () => ""),
      formatter: ({ name, value }: { name: string; value: unknown[] }) => `${name}\n${value[2] ?? "—"}`,
    },
    xAxis: { ...bare, ...range(0), splitLine: { lineStyle: { color: inks.line } } },
    yAxis: { ...bare, ...range(1), splitLine: { lineStyle: { color: inks.line } } },
    series: CLASSES.map((one, at) => ({
      type: "scatter",
      name: say(`console.evaluation.class.${one}`),
      symbol: SHAPES[at],
      symbolSize: 16,
      color: colours[at],
      data: places.flatMap((place, row) =>
        classes[row] === one
          ? [
              {
                name: endOf(String(canteens[row])),
                value: [...place, values[row]],
                label: { position: place[0] > middle ? "left" : "right" },
              },
            ]
          : [],
      ),
      label: {
        show: true,
        formatter: "{b}",
        color: inks.ink,
        fontFamily: inks.font,
        fontSize: inks.size,
      },
      labelLayout: { hideOverlap: true, moveOverlap: "shiftY" },
    })),
  };
}

export function drawStreams(inks: Inks, figures: Figures): Option {
  const streams = ["preparation", "unserved", "plate"] as const;
  const [first, second, third] = inks.series;
  const colours = { preparation: third, unserved: second, plate: first };
  return {
    legend: legend(
      inks,
      streams.map((stream) => say(`measures.stream.${stream}`)),
    ),
    grid: bars,
    xAxis: axis(inks, { type: "value" }),
    yAxis: names(inks, figures),
    series: streams.map((stream) => ({
      type: "bar",
      stack: "waste",
      name: say(`measures.stream.${stream}`),
      color: colours[stream],
      barMaxWidth: 22,
      data: columnOf(figures, stream),
      itemStyle: { borderColor: inks.paper, borderWidth: 1 },
    })),
  };
}

/** Which share of the meals was weighed; below the dashed line it is too little to be believed. */
export function drawCompleteness(inks: Inks, figures: Figures, least: number): Option {
  const [first, second] = inks.series;
  return {
    legend: { show: false },
    grid: bars,
    xAxis: axis(inks, { type: "value", max: 100 }),
    yAxis: names(inks, figures),
    series: [
      {
        type: "bar",
        color: first,
        barMaxWidth: 22,
        data: columnOf(figures, "completeness"),
        label: { show: true, position: "right", color: inks.ink, fontSize: inks.size },
        markLine: {
          silent: true,
          symbol: "none",
          data: [{ xAxis: least }],
          lineStyle: { color: second, type: "dashed", width: 1.5 },
          label: { position: "start", formatter: `${least} %`, color: inks.ink, fontSize: inks.size },
        },
      },
    ],
  };
}

/** Months as points, their level as steps, the interval of each quarter as a line. */
export function drawTrend(inks: Inks, figures: Figures): Option {
  const [first, second, , , fifth] = inks.series;
  const months = columnOf(figures, "month").map((month) => String(month).slice(0, 7));
  const [low, high] = ["low", "high"].map((name) => columnOf(figures, name).map(number));
  const changes = columnOf(figures, "changed").flatMap((changed, at) =>
    changed === null ? [] : [{ xAxis: months[at] ?? "" }],
  );
  const words = [say("console.evaluation.month"), say("console.evaluation.level"), say("console.evaluation.interval")];
  return {
    legend: legend(inks, words),
    xAxis: axis(inks, { type: "category", data: months, splitLine: { show: false } }),
    yAxis: axis(inks, { type: "value", scale: true }),
    series: [
      {
        type: "custom",
        name: words[2],
        color: fifth,
        renderItem: whisker(fifth, true),
        encode: { x: 0, y: [1, 2] },
        data: (low ?? []).map((least, at) => [at, least, high?.[at]]),
      },
      {
        type: "line",
        name: words[1],
        step: "middle",
        symbol: "none",
        color: second,
        lineStyle: { width: 2.5 },
        data: columnOf(figures, "level"),
        markLine: {
          silent: true,
          symbol: "none",
          data: changes,
          lineStyle: { color: second, type: "dotted", width: 2 },
          label: { formatter: say("console.evaluation.change"), color: inks.ink, fontSize: inks.size },
        },
      },
      { type: "scatter", name: words[0], color: first, symbolSize: 9, data: columnOf(figures, "grams_per_cover") },
    ],
  };
}
