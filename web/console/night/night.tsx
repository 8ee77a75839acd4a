/** A cycle from the end of its day to the last payment: how far it is, what it waits for, and who pays whom. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Segmented, Select, Skeleton } from "antd";
import { useEffect, useMemo, useState } from "react";
import { longDay, yuan } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { centre, held } from "../centre.ts";
import { Allowed } from "../charts/allowed.tsx";
import { Chart } from "../charts/chart.tsx";
import { Figure } from "../charts/figure.tsx";
import type { Figures } from "../charts/table.ts";
import { linkTo, useWish } from "../links.ts";
import { useNames } from "../names.ts";
import { Trouble } from "../trouble.tsx";
import { after, before, FLOWS_MAX, type Owed, type Position, total } from "./flows.ts";
import { Matrix } from "./matrix.tsx";
import { say } from "./words.ts";
import "./night.css";
import { drawSankey } from "./sankey.ts";
import { type Cycle, Steps } from "./steps.tsx";
import { Waits } from "./waits.tsx";

const NIGHTS = 60;
const UNFINISHED_MS = 2_000;
const FINISHED_MS = 30_000;
const UNFINISHED = new Set(["closing", "closed", "netted"]);

export function Night() {
  return (
    <Allowed permission="see_clearing">
      <Nights />
    </Allowed>
  );
}

async function readNight(business_date: string) {
  const params = { path: { business_date } };
  const [cycle, legs, owed, openDays] = await Promise.all([
    held(centre.GET("/clearing/cycles/{business_date}", { params })),
    held(centre.GET("/clearing/cycles/{business_date}/legs", { params })),
    held(centre.GET("/clearing/cycles/{business_date}/obligations", { params })),
    held(centre.GET("/clearing/open-days")),
  ]);
  return { positions: cycle.positions, legs, owed, openDays };
}

function Nights() {
  const { day } = useWish();
  const navigate = useNavigate();
  const nights = useQuery({
    queryKey: ["nights"],
    refetchInterval: ({ state }) =>
      state.data?.items.some((one) => UNFINISHED.has(one.state)) ? UNFINISHED_MS : FINISHED_MS,
    queryFn: () =>
      held(centre.GET("/clearing/cycles", { params: { query: { sort: "-number", limit: NIGHTS } as never } })),
  });
  const cycles = nights.data?.items ?? [];
  const cycle = cycles.find((one) => one.business_date === day) ?? cycles[0];
  useEffect(() => {
    document.title = `${say("console.night.title")} · ${say("console.title")}`;
  }, []);
  return (
    <>
      <div className="heading">
        <div>
          <h1>{say("console.night.title")}</h1>
          <p className="unit">{cycle ? longDay(cycle.business_date, language) : ""}</p>
        </div>
        {cycle && (
          <div className="acts">
            <Select
              aria-label={say("console.night.day")}
              value={cycle.business_date}
              options={cycles.map((one) => ({ value: one.business_date, label: one.business_date }))}
              onChange={(value) => navigate({ to: "/night", search: { day: value } as never })}
            />
            <a href={linkTo(`/clearing/statements`, { cycle_date: cycle.business_date })}>
              {say("console.night.statements")}
            </a>
          </div>
        )}
      </div>
      {nights.error && <Trouble error={nights.error} again={nights.refetch} />}
      {!nights.data && !nights.error && <Skeleton active />}
      {nights.data && !cycle && <p className="calm">{say("console.night.none")}</p>}
      {cycle && <OneNight key={cycle.business_date} cycle={cycle} />}
    </>
  );
}

function OneNight({ cycle }: { cycle: Cycle }) {
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ["night", cycle.business_date, cycle.state],
    refetchInterval: UNFINISHED.has(cycle.state) ? UNFINISHED_MS : FINISHED_MS,
    queryFn: () => readNight(cycle.business_date),
  });
  if (error && !data) return <Trouble error={error} again={refetch} />;
  if (!data) return <Skeleton active />;
  return (
    <>
      <Steps cycle={cycle} legs={data.legs} openDays={data.openDays} />
      <Waits cycle={cycle} legs={data.legs} openDays={data.openDays} />
      <Money positions={data.positions} owed={data.owed} at={dataUpdatedAt} />
    </>
  );
}

interface Known {
  readonly positions: readonly Position[];
  readonly owed: readonly Owed[];
  readonly at: number;
}

const LOOKS = ["picture", "matrix", "table"] as const;

function Money({ positions, owed, at }: Known) {
  const names = useNames();
  const [look, setLook] = useState<(typeof LOOKS)[number]>("picture");
  const gross = useMemo(() => before(owed, names.agency), [owed, names.agency]);
  const net = useMemo(() => after(positions, names.agency, say("console.night.centre")), [positions, names.agency]);
  const moved = positions.reduce((sum, one) => sum + Math.max(one.position_fen, 0), 0);
  const grossFen = total(gross);
  const efficiency = grossFen > 0 ? (100 * (grossFen - moved)) / grossFen : 0;
  return (
    <>
      <dl className="figures">
        <Figure label={say("console.night.gross")} value={yuan(grossFen)} unit={say("console.unit.yuan")}>
          {say("console.night.flows", { count: gross.length })}
        </Figure>
        <Figure label={say("console.night.net")} value={yuan(moved)} unit={say("console.unit.yuan")}>
          {say("console.night.flows", { count: net.length })}
        </Figure>
        <Figure label={say("console.night.efficiency")} value={efficiency.toFixed(1)} unit="%">
          {say("console.night.efficiency_of")}
        </Figure>
      </dl>
      <Segmented
        aria-label={say("console.night.look")}
        value={look}
        options={LOOKS.map((value) => ({ value, label: say(`console.night.look.${value}`) }))}
        onChange={setLook}
      />
      {look === "picture" && (
        <div className="bench">
          <Flows name="before-netting" title={say("console.night.before")} flows={gross} at={at} />
          <Flows name="after-netting" title={say("console.night.after")} flows={net} at={at} />
        </div>
      )}
      {look === "matrix" && (
        <section className="panel">
          <h2>{say("console.night.matrix")}</h2>
          <p className="unit">{say("console.night.matrix_unit")}</p>
          <Matrix owed={owed} />
        </section>
      )}
      {look === "table" && <Positions positions={positions} />}
    </>
  );
}

function Flows({
  name,
  title,
  flows,
  at,
}: {
  name: string;
  title: string;
  flows: ReturnType<typeof before>;
  at: number;
}) {
  const figures = useMemo(
    (): Figures => ({
      columns: [
        { name: "from", heading: say("console.night.from") },
        { name: "to", heading: say("console.night.to") },
        { name: "yuan", heading: say("console.night.yuan"), digits: 2 },
      ],
      rows: flows.slice(0, FLOWS_MAX).map((flow) => [flow.from, flow.to, flow.fen / 100]),
    }),
    [flows],
  );
  const unit =
    flows.length > FLOWS_MAX
      ? say("console.night.largest", { shown: FLOWS_MAX, all: flows.length })
      : say("console.night.flows_unit");
  return (
    <Chart
      name={name}
      title={title}
      unit={unit}
      source={say("console.source.clearing")}
      at={at}
      figures={figures}
      draw={drawSankey}
      height="tall"
    />
  );
}

function Positions({ positions }: { positions: readonly Position[] }) {
  const names = useNames();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is long is scrolled, also by keyboard
    <section className="table" aria-label={say("console.night.positions")} tabIndex={0}>
      <table>
        <caption>{say("console.night.positions")}</caption>
        <thead>
          <tr>
            <th scope="col">{say("console.named.agency_id")}</th>
            {(["receivable", "payable", "position"] as const).map((name) => (
              <th scope="col" className="number" key={name}>
                {say(`console.night.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {positions.map((one) => (
            <tr key={one.agency_id}>
              <th scope="row">{names.agency(one.agency_id)}</th>
              <td className="number">{yuan(one.receivable_fen)}</td>
              <td className="number">{yuan(one.payable_fen)}</td>
              <td className={one.position_fen < 0 ? "number negative" : "number"}>{yuan(one.position_fen)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
