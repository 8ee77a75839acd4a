/** Waste of all canteens in a quarter: on the map, ranked with intervals, by stream, and over time. */

import { useNavigate } from "@tanstack/react-router";
import { Segmented, Select, Skeleton } from "antd";
import { useCallback, useEffect, useMemo, useState } from "react";
import { heading } from "../../shared/language.ts";
import { Allowed } from "../charts/allowed.tsx";
import { Chart } from "../charts/chart.tsx";
import { Figure } from "../charts/figure.tsx";
import type { Inks } from "../charts/inks.ts";
import type { Figures, Heading, Value } from "../charts/table.ts";
import { useWish } from "../links.ts";
import { useNames } from "../names.ts";
import { MEALS, type Meal } from "../today/meals.ts";
import { Trouble } from "../trouble.tsx";
import { say } from "./words.ts";
import "./evaluation.css";
import { bandOf, type Kitchen, quarterName, quarters, together, useKitchens } from "./kitchens.ts";
import { drawCompleteness, drawForest, drawMap, drawStreams } from "./pictures.ts";
import { Regions } from "./regions.tsx";
import { Trend } from "./trend.tsx";

const DRAWN_MAX = 30;
const COMPLETE_PERCENT = 80;
const QUARTERS = quarters(new Date());
const SERVINGS = ["buffet", "set_meal", "a_la_carte"] as const;
const RANKED = ["grams", "score"] as const;

export function Evaluation() {
  return (
    <Allowed permission="see_waste">
      <Quarter />
    </Allowed>
  );
}

type Ask = (changes: Readonly<Record<string, string | undefined>>) => void;

function Quarter() {
  const wish = useWish();
  const navigate = useNavigate();
  const names = useNames();
  const quarter = wish.quarter ?? QUARTERS[1] ?? "";
  const meal = wish.meal === "all" ? undefined : ((wish.meal as Meal | undefined) ?? "lunch");
  const { data, error, refetch, dataUpdatedAt } = useKitchens(quarter, meal);
  useEffect(() => {
    document.title = `${say("console.evaluation.title")} · ${say("console.title")}`;
  }, []);
  const ask: Ask = (changes) => {
    const said = Object.entries({ ...wish, ...changes }).filter(([, value]) => value);
    void navigate({ to: "/evaluation", search: Object.fromEntries(said) as never });
  };
  const shown = useMemo(
    () =>
      (data?.kitchens ?? []).filter(
        (one) =>
          (wish.book === undefined || String(one.book) === wish.book) &&
          (wish.serving === undefined || one.evaluated?.serving === wish.serving),
      ),
    [data, wish.book, wish.serving],
  );
  const chosen = data?.kitchens.find((one) => String(one.id) === wish.canteen_id);
  return (
    <>
      <div className="heading">
        <div>
          <h1>{say("console.evaluation.title")}</h1>
          <p className="unit">
            {quarterName(quarter)}
            {data?.isFrozen && ` · ${say("console.evaluation.frozen")}`}
          </p>
        </div>
        <div className="acts">
          <Select
            aria-label={say("console.evaluation.quarter")}
            value={quarter}
            options={QUARTERS.map((value) => ({ value, label: quarterName(value) }))}
            onChange={(value) => ask({ quarter: value })}
          />
          <Select
            aria-label={say("console.named.book")}
            value={wish.book ?? ""}
            popupMatchSelectWidth={false}
            options={[{ value: "", label: say("console.evaluation.all_regions") }, ...names.choices("book")]}
            onChange={(value) => ask({ book: value })}
          />
          <Select
            aria-label={say("console.evaluation.serving")}
            value={wish.serving ?? ""}
            popupMatchSelectWidth={false}
            options={[
              { value: "", label: say("console.evaluation.all_servings") },
              ...SERVINGS.map((value) => ({ value, label: say(`measures.serving.${value}`) })),
            ]}
            onChange={(value) => ask({ serving: value })}
          />
        </div>
      </div>
      <Segmented
        aria-label={say("console.scope.meal")}
        value={meal ?? "all"}
        options={[
          ...MEALS.map((value) => ({ value, label: heading(say(`meal.${value}`)) })),
          { value: "all", label: heading(say("console.evaluation.all_meals")) },
        ]}
        onChange={(value) => ask({ meal: value })}
      />
      {error && <Trouble error={error} again={refetch} />}
      {!data && !error && <Skeleton active />}
      {data && (
        <>
          <Numbers kitchens={shown} />
          <div className="bench">
            <Places kitchens={shown} meal={meal} at={dataUpdatedAt} />
            <Regions
              kitchens={shown}
              chosen={chosen}
              quarter={quarter}
              addressOf={(id) => ({ ...wish, canteen_id: String(id) })}
            />
            <Ranking kitchens={shown} meal={meal} at={dataUpdatedAt} choose={(id) => ask({ canteen_id: id })} />
            <Trend key={chosen?.id ?? 0} kitchen={chosen} />
            <Streams kitchens={shown} at={dataUpdatedAt} />
            <Completeness kitchens={shown} at={dataUpdatedAt} />
          </div>
        </>
      )}
    </>
  );
}

function Numbers({ kitchens }: { kitchens: readonly Kitchen[] }) {
  const all = together(kitchens);
  const few = kitchens.filter((one) => (one.measures?.completeness ?? 1) * 100 < COMPLETE_PERCENT).length;
  return (
    <dl className="figures">
      <Figure
        label={say("console.evaluation.waste")}
        value={all.gramsPerCover?.toFixed(1) ?? "—"}
        unit={say("console.unit.grams_per_cover")}
      >
        {say("console.evaluation.of_covers", { covers: all.covers.toLocaleString("en-US") })}
      </Figure>
      <Figure
        label={say("console.evaluation.completeness")}
        value={all.completeness === null ? "—" : (100 * all.completeness).toFixed(1)}
        unit="%"
      >
        {say("console.evaluation.incomplete", { count: few, percent: COMPLETE_PERCENT })}
      </Figure>
      <Figure
        label={say("console.evaluation.credibility")}
        value={String(all.implausible)}
        unit={say("console.evaluation.implausible")}
      >
        {say("console.evaluation.corrections", { count: all.corrected })}
      </Figure>
      <Figure
        label={say("console.evaluation.canteens")}
        value={String(kitchens.length)}
        unit={say("console.unit.canteens")}
      >
        {say("console.evaluation.measured", { count: kitchens.filter((one) => one.measures !== null).length })}
      </Figure>
    </dl>
  );
}

interface Drawn {
  readonly kitchens: readonly Kitchen[];
  readonly at: number;
}

interface Choosing extends Drawn {
  readonly meal: Meal | undefined;
  choose(id: string): void;
}

const SOURCE = say("console.source.waste");
const CANTEEN: Heading = { name: "canteen", heading: say("console.named.canteen_id") };

function tableOf<Row>(rows: readonly Row[], columns: readonly (readonly [Heading, (row: Row) => Value])[]): Figures {
  return {
    columns: columns.map(([heading]) => heading),
    rows: rows.map((row) => columns.map(([, value]) => value(row))),
  };
}

function Places({ kitchens, meal, at }: Omit<Choosing, "choose">) {
  const placed = useMemo(() => kitchens.filter((one) => one.latitude !== null && one.longitude !== null), [kitchens]);
  const band = useMemo(() => bandOf(kitchens, meal), [kitchens, meal]);
  const figures = useMemo(
    () =>
      tableOf(placed, [
        [CANTEEN, (one) => one.name],
        [
          { name: "value", heading: say("console.evaluation.grams"), digits: 1 },
          (one) => one.measures?.grams_per_cover ?? null,
        ],
        [{ name: "latitude", heading: say("console.evaluation.latitude"), digits: 3 }, (one) => one.latitude],
        [{ name: "longitude", heading: say("console.evaluation.longitude"), digits: 3 }, (one) => one.longitude],
      ]),
    [placed],
  );
  const draw = useCallback((inks: Inks, shown: Figures) => drawMap(inks, shown, band), [band]);
  return (
    <Chart
      name="canteens-map"
      title={say("console.evaluation.map")}
      unit={say("console.evaluation.map_unit")}
      source={SOURCE}
      at={at}
      figures={figures}
      draw={draw}
      height="tall"
    />
  );
}

function Ranking({ kitchens, meal, at, choose }: Choosing) {
  const [by, setBy] = useState<(typeof RANKED)[number]>("grams");
  const ranked = useMemo(() => {
    const rows = kitchens.flatMap((one) => {
      const { grams_per_cover, low, high } = one.measures ?? {};
      const of =
        by === "grams" ? { value: grams_per_cover, low, high } : { ...one.evaluated, value: one.evaluated?.score };
      return of.value == null ? [] : [{ one, value: of.value, low: of.low ?? null, high: of.high ?? null }];
    });
    return rows.sort((a, b) => (by === "grams" ? a.value - b.value : b.value - a.value));
  }, [kitchens, by]);
  const band = useMemo(() => (by === "grams" ? bandOf(kitchens, meal) : null), [kitchens, meal, by]);
  const figures = useMemo(
    () =>
      tableOf(ranked, [
        [CANTEEN, ({ one }) => one.name],
        [{ name: "value", heading: say(`console.evaluation.${by}`), digits: 1 }, ({ value }) => value],
        [{ name: "low", heading: say("console.evaluation.low"), digits: 1 }, ({ low }) => low],
        [{ name: "high", heading: say("console.evaluation.high"), digits: 1 }, ({ high }) => high],
        [
          { name: "rank", heading: say("console.evaluation.rank"), digits: 0 },
          ({ one }) => one.evaluated?.rank ?? null,
        ],
      ]),
    [ranked, by],
  );
  const draw = useCallback((inks: Inks, all: Figures) => drawForest(inks, firstOf(all), band), [band]);
  return (
    <div className="ranked">
      <Segmented
        aria-label={say("console.evaluation.rank_by")}
        value={by}
        options={RANKED.map((value) => ({ value, label: say(`console.evaluation.${value}`) }))}
        onChange={setBy}
      />
      <Chart
        name={`ranking-${by}`}
        title={say("console.evaluation.ranking")}
        unit={unitOf(ranked.length, say("console.evaluation.ranking_unit"))}
        source={SOURCE}
        at={at}
        figures={figures}
        draw={draw}
        height="usual"
        choose={(row) => choose(String(ranked[row]?.one.id))}
      />
    </div>
  );
}

/** What is drawn of many: a picture of more is none; the table has all. */
function firstOf(figures: Figures): Figures {
  return { columns: figures.columns, rows: figures.rows.slice(0, DRAWN_MAX) };
}

function unitOf(count: number, unit: string): string {
  return count > DRAWN_MAX ? `${unit} · ${say("console.evaluation.first", { shown: DRAWN_MAX, all: count })}` : unit;
}

function Streams({ kitchens, at }: Drawn) {
  const figures = useMemo(() => {
    const known = kitchens.flatMap(({ name, measures }) =>
      measures?.grams_per_cover == null ? [] : [{ name, measures }],
    );
    known.sort((a, b) => (b.measures.grams_per_cover ?? 0) - (a.measures.grams_per_cover ?? 0));
    const stream = (name: "preparation" | "unserved" | "plate"): Heading => ({
      name,
      heading: say(`measures.stream.${name}`),
      digits: 1,
    });
    return tableOf(known, [
      [CANTEEN, ({ name }) => name],
      [stream("preparation"), ({ measures }) => measures.preparation_per_cover],
      [stream("unserved"), ({ measures }) => measures.unserved_per_cover],
      [stream("plate"), ({ measures }) => measures.plate_per_cover],
    ]);
  }, [kitchens]);
  const draw = useCallback((inks: Inks, all: Figures) => drawStreams(inks, firstOf(all)), []);
  return (
    <Chart
      name="waste-by-stream"
      title={say("console.evaluation.streams")}
      unit={unitOf(figures.rows.length, say("console.unit.grams_per_cover"))}
      source={SOURCE}
      at={at}
      figures={figures}
      draw={draw}
    />
  );
}

function Completeness({ kitchens, at }: Drawn) {
  const figures = useMemo(() => {
    const known = kitchens.flatMap(({ name, measures }) =>
      measures?.completeness == null ? [] : [{ name, measures }],
    );
    known.sort((a, b) => (a.measures.completeness ?? 0) - (b.measures.completeness ?? 0));
    return tableOf(known, [
      [CANTEEN, ({ name }) => name],
      [
        { name: "completeness", heading: say("console.evaluation.completeness_percent"), digits: 1 },
        ({ measures }) => Math.round(1000 * (measures.completeness ?? 0)) / 10,
      ],
      [
        { name: "implausible", heading: say("console.evaluation.implausible"), digits: 0 },
        ({ measures }) => measures.implausible,
      ],
      [
        { name: "corrected", heading: say("console.evaluation.corrected"), digits: 0 },
        ({ measures }) => measures.corrected,
      ],
    ]);
  }, [kitchens]);
  const draw = useCallback((inks: Inks, all: Figures) => drawCompleteness(inks, firstOf(all), COMPLETE_PERCENT), []);
  return (
    <Chart
      name="completeness"
      title={say("console.evaluation.completeness")}
      unit={unitOf(figures.rows.length, say("console.evaluation.completeness_unit"))}
      source={SOURCE}
      at={at}
      figures={figures}
      draw={draw}
    />
  );
}
