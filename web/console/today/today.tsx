/** A canteen's day while it happens: what is sold and expected, how fast, where it does not go, what to cook next. */

import { useNavigate } from "@tanstack/react-router";
import { Button, Segmented, Select } from "antd";
import { useEffect, useMemo, useState } from "react";
import { clockWithSeconds, longDay } from "../../shared/formats.ts";
import { heading, inMine, language } from "../../shared/language.ts";
import { useCanteens } from "../canteens.ts";
import { Allowed } from "../charts/allowed.tsx";
import { Chart } from "../charts/chart.tsx";
import { Figure } from "../charts/figure.tsx";
import { type Read, useChart } from "../charts/read.ts";
import type { Figures } from "../charts/table.ts";
import { useWish } from "../links.ts";
import { Canteens } from "./canteens.tsx";
import { Cook } from "./cook.tsx";
import { Counters } from "./counters.tsx";
import { Forecasts } from "./forecasts.tsx";
import { type Live, useLive } from "./live.ts";
import { currentMeal, MEALS, type Meal, ofMeal, past, speed, sum } from "./meals.ts";
import { drawBars, drawMinutes } from "./minutes.ts";
import { say } from "./words.ts";
import "./today.css";

const EVERY_MS = 10_000;
const MANY_CANTEENS = 50;

export function Today() {
  return (
    <Allowed permission="see_waste">
      <Day />
    </Allowed>
  );
}

function Day() {
  const { canteen_id, wall } = useWish();
  const navigate = useNavigate();
  const live = useLive(canteen_id);
  const canteens = useCanteens();
  const of = { canteenId: canteen_id, everyMs: EVERY_MS };
  const isOfFew = canteen_id !== undefined || canteens.length <= MANY_CANTEENS;
  const minutes = useChart("minutes", { sold: 0, expected: 1, least: 1, most: 1, week_before: 0 }, of);
  const covers = useChart("live", { covers: 0, expected: 0, cook_for: 0 }, of);
  const waste = useChart("today", {}, of);
  const refusals = useChart("refusals", { times: 0 }, { ...of, isWanted: isOfFew });
  const [chosen, choose] = useState<Meal | null>(null);
  const meal = chosen ?? currentMeal(minutes.rows);
  const day = String(minutes.rows[0]?.at ?? live.totals[0]?.business_date ?? "").slice(0, 10);
  const ask = (changes: Readonly<Record<string, string | undefined>>) => {
    const said = Object.entries({ canteen_id, wall, ...changes }).filter(([, value]) => value);
    void navigate({ to: "/today", search: Object.fromEntries(said) as never });
  };
  useEffect(() => {
    document.title = `${say("console.today.title")} · ${say("console.title")}`;
  }, []);
  useWall(wall === "1");
  const own = new Set(canteens.map((canteen) => canteen.canteen_id));
  const shown = { ...live, totals: live.totals.filter((total) => own.has(total.canteen_id)) };
  const name = canteens.find((one) => String(one.canteen_id) === canteen_id);
  return (
    <>
      <div className="heading">
        <div>
          <h1>{name ? inMine(name.name_zh, name.name_en) : say("console.today.title")}</h1>
          <p className="unit" role="status">
            {day && `${longDay(day, language)} · `}
            {say(live.isOn ? "console.today.live" : "console.today.not_live", {
              at: live.at ? clockWithSeconds(live.at / 1000, language) : "—",
            })}
          </p>
        </div>
        <div className="acts">
          {canteens.length > 1 && (
            <Select
              aria-label={say("console.named.canteen_id")}
              value={canteen_id ?? ""}
              popupMatchSelectWidth={false}
              showSearch={{ optionFilterProp: "label" }}
              options={[
                { value: "", label: say("console.scope.all_canteens") },
                ...canteens.map((one) => ({ value: String(one.canteen_id), label: inMine(one.name_zh, one.name_en) })),
              ]}
              onChange={(value) => ask({ canteen_id: value })}
            />
          )}
          <Button onClick={() => ask({ wall: wall ? undefined : "1" })}>
            {say(wall ? "console.today.leave_wall" : "console.today.wall")}
          </Button>
        </div>
      </div>
      <Numbers live={shown} minutes={minutes} covers={covers} waste={waste} refusals={refusals} meal={meal} />
      <Segmented
        aria-label={say("console.scope.meal")}
        value={meal}
        options={MEALS.map((value) => ({ value, label: heading(say(`meal.${value}`)) }))}
        onChange={choose}
      />
      <Minutes minutes={minutes} meal={meal} />
      <div className="bench">
        <Cook day={day} meal={meal} canteenId={canteen_id} />
        {isOfFew && <Counters canteenId={canteen_id} everyMs={EVERY_MS} />}
        <Channels live={shown} />
        {isOfFew && (
          <Chart
            {...refusals}
            name="refusals"
            title={say("console.today.refusals")}
            unit={say("console.today.refusals_unit")}
            source={say("console.source.ledger")}
            draw={drawBars}
            height="low"
          />
        )}
        {!wall && <Forecasts canteenId={canteen_id} meal={meal} />}
        {canteen_id === undefined && canteens.length > 1 && (
          <Canteens covers={covers} meal={meal} open={(id) => ask({ canteen_id: id })} />
        )}
      </div>
    </>
  );
}

/** On a wall there is no menu, and everything is large. */
function useWall(isOnWall: boolean): void {
  useEffect(() => {
    const { dataset } = document.documentElement;
    if (isOnWall) dataset.wall = "";
    return () => {
      delete dataset.wall;
    };
  }, [isOnWall]);
}

interface Known {
  readonly live: Live;
  readonly minutes: Read;
  readonly covers: Read;
  readonly waste: Read;
  readonly refusals: Read;
  readonly meal: Meal;
}

function Numbers({ live, minutes, covers, waste, refusals, meal }: Known) {
  const ofThis = ofMeal(minutes.rows, meal);
  const served = sum(ofMeal(covers.rows, meal), "covers");
  const forecast = sum(ofMeal(covers.rows, meal), "expected");
  const sold = sum(ofThis, "sold");
  const expectedByNow = sum(past(ofThis), "expected");
  const off = expectedByNow > 0 ? Math.round((100 * (sold - expectedByNow)) / expectedByNow) : null;
  const weighed = waste.rows.filter((row) => row.grams_per_cover !== null);
  const grams = sum(weighed, "waste_g");
  const payments = live.totals.reduce((total, one) => total + one.payments, 0);
  return (
    <dl className="figures">
      <Figure label={say(`console.today.covers.${meal}`)} value={String(served)} unit={say("console.unit.covers")}>
        {say("console.today.of_forecast", { forecast })}
        {off !== null && (
          <>
            {" · "}
            <b className={off < -10 ? "bad" : "good"}>
              {off < 0 ? "▼" : "▲"} {Math.abs(off)} %
            </b>{" "}
            {say("console.today.than_by_now", { expected: Math.round(expectedByNow) })}
          </>
        )}
      </Figure>
      <Figure label={say("console.today.payments")} value={String(payments)} unit={say("console.unit.payments")}>
        {say("console.today.whole_day")}
      </Figure>
      <Figure label={say("console.today.speed")} value={speed(ofThis).toFixed(1)} unit={say("console.unit.a_minute")}>
        {say("console.today.speed_of")}
      </Figure>
      <Figure
        label={say("console.today.waste")}
        value={weighed.length > 0 ? (grams / Math.max(sum(weighed, "covers"), 1)).toFixed(1) : "—"}
        unit={say("console.unit.grams_per_cover")}
      >
        {say("console.today.waste_of", { kg: (grams / 1000).toFixed(1), meals: weighed.length })}
      </Figure>
      <Figure
        label={say("console.today.refused")}
        value={refusals.figures ? String(sum(refusals.rows, "times")) : "—"}
        unit={say("console.unit.payments")}
      >
        {refusals.figures?.rows[0]?.[0] ?? ""}
      </Figure>
    </dl>
  );
}

function Minutes({ minutes, meal }: { minutes: Read; meal: Meal }) {
  const figures = useMemo((): Figures | undefined => {
    if (!minutes.figures) return undefined;
    const rows = minutes.figures.rows.filter((_, at) => minutes.rows[at]?.meal === meal);
    return { columns: minutes.figures.columns, rows };
  }, [minutes.figures, minutes.rows, meal]);
  const ofThis = ofMeal(minutes.rows, meal);
  return (
    <Chart
      {...minutes}
      name={`minutes-${meal}`}
      title={say("console.today.minutes")}
      unit={say("console.today.minutes_unit")}
      source={say("console.source.ledger_and_forecast")}
      summary={say("console.today.minutes_summary", {
        sold: sum(ofThis, "sold"),
        expected: Math.round(sum(past(ofThis), "expected")),
      })}
      figures={figures}
      draw={drawMinutes}
    />
  );
}

function Channels({ live }: { live: Live }) {
  const counts = (["card", "qr", "sheet"] as const).map((channel) =>
    live.totals.reduce((total, one) => total + one[channel], 0),
  );
  const [card = 0, qr = 0, sheet = 0] = counts;
  const figures = useMemo(
    (): Figures => ({
      columns: [
        { name: "channel", heading: say("console.today.channel") },
        { name: "payments", heading: say("console.unit.payments"), digits: 0 },
      ],
      rows: [
        [say("console.channel.card"), card],
        [say("console.channel.qr"), qr],
        [say("console.channel.sheet"), sheet],
      ],
    }),
    [card, qr, sheet],
  );
  return (
    <Chart
      name="channels"
      title={say("console.today.channels")}
      unit={say("console.today.channels_unit")}
      source={say("console.source.live")}
      at={live.at}
      figures={live.at ? figures : undefined}
      draw={drawBars}
      height="low"
    />
  );
}
