/** A canteen's waste over time and how well it is known, the days to come, and what has to be answered. */

import { Segmented, Select, Skeleton } from "antd";
import { useMemo } from "react";
import { yuan } from "../../shared/formats.ts";
import { heading, inMine } from "../../shared/language.ts";
import type { Canteen } from "../canteens.ts";
import { Allowed } from "../charts/allowed.tsx";
import { Chart } from "../charts/chart.tsx";
import { Figure } from "../charts/figure.tsx";
import type { Figures, Heading, Value } from "../charts/table.ts";
import { Trend } from "../evaluation/trend.tsx";
import { useWish } from "../links.ts";
import { Forecasts } from "../today/forecasts.tsx";
import { MEALS, type Meal } from "../today/meals.ts";
import { Trouble } from "../trouble.tsx";
import { type Ask, OfCanteen, useAsk } from "./canteen.tsx";
import { Coming } from "./coming.tsx";
import { Duties } from "./duties.tsx";
import {
  completeness,
  gramsPerCover,
  type Measures,
  PERIODS,
  type Span,
  spanOf,
  sumOf,
  useFoods,
  useMeasures,
} from "./figures.ts";
import { COMPLETE_PERCENT, Missing } from "./missing.tsx";
import { drawFoods, drawMonths, drawStreams, drawWeighed } from "./pictures.ts";
import { say } from "./words.ts";
import "./kitchen.css";

const USUAL_PERIOD = "12";
const FOODS_DRAWN = 12;
const GRAMS_A_KG = 1000;

export function Trends() {
  return (
    <Allowed permission="see_waste">
      <Page />
    </Allowed>
  );
}

function Page() {
  const { months = USUAL_PERIOD } = useWish();
  const ask = useAsk("/kitchen");
  const period = PERIODS.find((one) => one === months) ?? USUAL_PERIOD;
  const choices = (
    <Select
      aria-label={say("console.kitchen.period")}
      value={period}
      popupMatchSelectWidth={false}
      options={PERIODS.map((value) => ({ value, label: say("console.kitchen.months", { months: value }) }))}
      onChange={(value) => ask({ months: value })}
    />
  );
  return (
    <OfCanteen
      title={say("console.kitchen.trends")}
      ask={ask}
      choices={choices}
      of={(canteen) => (
        <OfOne
          key={canteen.canteen_id}
          canteen={canteen}
          name={inMine(canteen.name_zh, canteen.name_en)}
          months={Number(period)}
          ask={ask}
        />
      )}
    />
  );
}

interface OfOneProps {
  readonly canteen: Canteen;
  readonly name: string;
  readonly months: number;
  readonly ask: Ask;
}

function OfOne({ canteen, name, months, ask }: OfOneProps) {
  const wish = useWish();
  const id = canteen.canteen_id;
  const meal = MEALS.find((one) => one === wish.meal) ?? "lunch";
  const span = spanOf(months, Date.now());
  const read = useMeasures(id, span, "month");
  const since = span.first.slice(0, 7);
  const kitchen = useMemo(() => ({ id, name }), [id, name]);
  return (
    <>
      {read.error && <Trouble error={read.error} again={read.refetch} />}
      {!read.data && !read.error && <Skeleton active />}
      {read.data && <Numbers measures={read.data} />}
      <div className="bench">
        <Missing canteenId={id} />
        <Coming canteenId={id} />
        <Trend kitchen={kitchen} since={since} isWide />
        {read.data && <Months measures={read.data} at={read.dataUpdatedAt} />}
        <Foods canteenId={id} span={span} />
        <Duties canteenId={id} />
      </div>
      <Segmented
        aria-label={say("console.scope.meal")}
        value={meal}
        options={MEALS.map((value) => ({ value, label: heading(say(`meal.${value}`)) }))}
        onChange={(value) => ask({ meal: value as Meal })}
      />
      <Forecasts canteenId={String(id)} meal={meal} />
    </>
  );
}

function Numbers({ measures }: { measures: readonly Measures[] }) {
  const grams = gramsPerCover(measures);
  const share = completeness(measures);
  return (
    <dl className="figures">
      <Figure
        label={say("console.kitchen.waste")}
        value={grams?.toFixed(1) ?? "—"}
        unit={say("console.unit.grams_per_cover")}
      >
        {say("console.kitchen.of_covers", { covers: sumOf(measures, "weighed_covers").toLocaleString("en-US") })}
      </Figure>
      <Figure label={say("console.kitchen.weighed")} value={share === null ? "—" : (100 * share).toFixed(1)} unit="%">
        {say("console.kitchen.of_meals", {
          weighed: sumOf(measures, "weighed_meals"),
          meals: sumOf(measures, "meals"),
        })}
      </Figure>
      <Figure
        label={say("console.kitchen.cost")}
        value={yuan(sumOf(measures, "cost_fen"))}
        unit={say("console.unit.yuan")}
      >
        {say("console.kitchen.cost_base")}
      </Figure>
      <Figure
        label={say("console.kitchen.co2e")}
        value={Math.round(sumOf(measures, "co2e_g") / GRAMS_A_KG).toLocaleString("en-US")}
        unit={say("console.kitchen.kg_co2e")}
      >
        {say("console.kitchen.co2e_base")}
      </Figure>
    </dl>
  );
}

const MONTH: Heading = { name: "month", heading: say("console.kitchen.month") };

type Column = readonly [Heading, (one: Measures) => Value];

function tableOf(measures: readonly Measures[], columns: readonly Column[]): Figures {
  return {
    columns: [MONTH, ...columns.map(([heading]) => heading)],
    rows: measures.map((one) => [one.period.slice(0, 7), ...columns.map(([, value]) => value(one))]),
  };
}

const STREAMS: readonly Column[] = (["preparation", "unserved", "plate"] as const).map((stream) => [
  { name: stream, heading: say(`measures.stream.${stream}`), digits: 1 },
  (one) => one[`${stream}_per_cover`],
]);
const CO2E: readonly Column[] = [
  [{ name: "value", heading: say("console.kitchen.kg_co2e"), digits: 1 }, (one) => one.co2e_g / GRAMS_A_KG],
];
const COST: readonly Column[] = [
  [{ name: "value", heading: say("console.unit.yuan"), digits: 2 }, (one) => one.cost_fen / 100],
];
const WEIGHED: readonly Column[] = [
  [
    { name: "weighed", heading: say("console.kitchen.weighed_percent"), digits: 1 },
    (one) => (one.completeness === null ? null : Math.round(1000 * one.completeness) / 10),
  ],
  [{ name: "meals", heading: say("console.kitchen.meals"), digits: 0 }, (one) => one.meals],
  [{ name: "weighed_meals", heading: say("console.kitchen.weighed_meals"), digits: 0 }, (one) => one.weighed_meals],
  [{ name: "implausible", heading: say("console.kitchen.implausible"), digits: 0 }, (one) => one.implausible],
  [{ name: "corrected", heading: say("console.kitchen.corrected"), digits: 0 }, (one) => one.corrected],
];

const KINDS = [
  { name: "streams", columns: STREAMS, draw: drawStreams, unit: say("console.unit.grams_per_cover") },
  { name: "co2e", columns: CO2E, draw: drawMonths, unit: say("console.kitchen.co2e_unit") },
  { name: "cost", columns: COST, draw: drawMonths, unit: say("console.kitchen.cost_unit") },
  {
    name: "weighed",
    columns: WEIGHED,
    draw: (...[inks, figures]: Parameters<typeof drawMonths>) => drawWeighed(inks, figures, COMPLETE_PERCENT),
    unit: say("console.kitchen.weighed_unit"),
  },
] as const;

function Months({ measures, at }: { measures: readonly Measures[]; at: number }) {
  const made = useMemo(() => {
    const known = measures.filter((one) => one.weighed_meals > 0);
    return KINDS.map(({ name, columns }) => tableOf(name === "weighed" ? measures : known, columns));
  }, [measures]);
  return KINDS.map(({ name, draw, unit }, index) => (
    <Chart
      key={name}
      name={`kitchen-${name}`}
      title={say(`console.kitchen.chart.${name}`)}
      unit={unit}
      source={say("console.source.waste")}
      at={at}
      figures={made[index]}
      draw={draw}
    />
  ));
}

function Foods({ canteenId, span }: { canteenId: number; span: Span }) {
  const { data, error, refetch, dataUpdatedAt } = useFoods(canteenId, span);
  const figures = useMemo(
    (): Figures | undefined =>
      data && {
        columns: [
          { name: "food", heading: say("console.kitchen.food") },
          { name: "kg", heading: say("console.kitchen.kg"), digits: 1 },
          { name: "co2e", heading: say("console.kitchen.kg_co2e"), digits: 1 },
          { name: "weigh_ins", heading: say("console.kitchen.weigh_ins"), digits: 0 },
        ],
        rows: data.map((one) => [
          one.food === null ? say("console.kitchen.no_food") : inMine(one.name_zh ?? one.food, one.name_en ?? one.food),
          Math.round(one.waste_g / 100) / 10,
          Math.round(one.co2e_g / 100) / 10,
          one.weigh_ins,
        ]),
      },
    [data],
  );
  const all = data?.length ?? 0;
  const untold = data?.find((one) => one.food === null)?.waste_g ?? 0;
  const total = data?.reduce((sum, one) => sum + one.waste_g, 0) ?? 0;
  const unit = say("console.kitchen.foods_unit", {
    percent: total > 0 ? ((100 * (total - untold)) / total).toFixed(0) : "—",
  });
  return (
    <Chart
      name="kitchen-foods"
      title={say("console.kitchen.chart.foods")}
      unit={all > FOODS_DRAWN ? `${unit} · ${say("console.kitchen.first_foods", { shown: FOODS_DRAWN, all })}` : unit}
      source={say("console.kitchen.source_weigh_ins")}
      at={dataUpdatedAt}
      figures={figures}
      error={error}
      again={refetch}
      draw={drawFirstFoods}
    />
  );
}

function drawFirstFoods(...[inks, figures]: Parameters<typeof drawFoods>) {
  return drawFoods(inks, { columns: figures.columns, rows: figures.rows.slice(0, FOODS_DRAWN) });
}
