/** Money saved on receptions and on meals that hosts pay: the months after joining against those before. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Alert, Segmented, Select, Skeleton } from "antd";
import { useEffect, useMemo } from "react";
import { yuan } from "../../shared/formats.ts";
import { useActs } from "../acts/acts.ts";
import { centre, held } from "../centre.ts";
import { Allowed } from "../charts/allowed.tsx";
import { Chart } from "../charts/chart.tsx";
import { Figure } from "../charts/figure.tsx";
import { Framed } from "../charts/framed.tsx";
import type { Figures } from "../charts/table.ts";
import { linkTo, useWish } from "../links.ts";
import { useNames } from "../names.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { type Agency, byGroup, byMonth, type Line, percentLess, sumsOf } from "./compared.ts";
import { drawGroups, drawMonths } from "./pictures.ts";
import "./savings.css";
import { say } from "./words.ts";

const GROUPS = ["agency", "region"] as const;

export function Savings() {
  return (
    <Allowed permission="see_clearing">
      <Compared />
    </Allowed>
  );
}

function Compared() {
  const wish = useWish();
  const navigate = useNavigate();
  const names = useNames();
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ["reception-savings"],
    queryFn: () => held(centre.GET("/clearing/receptions/savings")),
  });
  const by = wish.by === "region" ? "region" : "agency";
  const agencies = useMemo(
    () => (data?.agencies ?? []).filter((one) => wish.book === undefined || String(one.book) === wish.book),
    [data, wish.book],
  );
  useEffect(() => {
    document.title = `${say("console.savings.title")} · ${say("console.title")}`;
  }, []);
  const ask = (changes: Readonly<Record<string, string>>) => {
    const said = Object.entries({ ...wish, ...changes }).filter(([, value]) => value);
    void navigate({ to: "/savings", search: Object.fromEntries(said) as never });
  };
  return (
    <>
      <div className="heading">
        <div>
          <h1>{say("console.savings.title")}</h1>
          <p className="unit">{say("console.savings.lead")}</p>
        </div>
        <div className="acts">
          <Select
            aria-label={say("console.named.book")}
            value={wish.book ?? ""}
            popupMatchSelectWidth={false}
            options={[{ value: "", label: say("console.savings.all_regions") }, ...names.choices("book")]}
            onChange={(book) => ask({ book })}
          />
          <Reporting />
        </div>
      </div>
      {error && <Trouble error={error} again={refetch} />}
      {!data && !error && <Skeleton active />}
      {data && (
        <>
          <Headline agencies={agencies} />
          {sumsOf(agencies).months === 0 ? (
            <Alert
              type="info"
              showIcon
              title={say("console.savings.none")}
              description={say("console.savings.none_why")}
            />
          ) : (
            <>
              <Segmented
                aria-label={say("console.savings.by")}
                value={by}
                options={GROUPS.map((value) => ({ value, label: say(`console.savings.by.${value}`) }))}
                onChange={(value) => ask({ by: value })}
              />
              <div className="bench">
                <Groups agencies={agencies} by={by} at={dataUpdatedAt} />
                <Months agencies={agencies} at={dataUpdatedAt} />
              </div>
            </>
          )}
          <Agencies agencies={agencies} />
          <Method agencies={agencies} />
        </>
      )}
    </>
  );
}

/** The ways to the reports, and to a new one for who makes them. */
function Reporting() {
  const mayReport = useActs().data?.some((act) => act.name === "report_receptions");
  return (
    <>
      <a href={linkTo("/clearing/receptions")}>{say("console.savings.reports")}</a>
      {mayReport && <a href={linkTo("/acts/report_receptions")}>{say("console.savings.report")}</a>}
    </>
  );
}

function Headline({ agencies }: { agencies: readonly Agency[] }) {
  const all = sumsOf(agencies);
  const compared = agencies.filter((one) => one.compared.length > 0);
  const less = percentLess(all);
  const more = compared.filter((one) => one.saved_fen < 0).length;
  const isKnown = all.months > 0;
  return (
    <dl className="figures money">
      <Figure
        label={say("console.savings.saved")}
        value={isKnown ? yuan(all.saved) : "—"}
        unit={say("console.unit.yuan")}
      >
        <span className={all.saved < 0 ? "bad" : "good"}>
          {less === null ? "" : say("console.savings.percent", { percent: less.toFixed(1) })}
        </span>
        {less !== null && " · "}
        {say("console.savings.basis", { months: all.months, agencies: compared.length })}
      </Figure>
      <Figure
        label={say("console.savings.before")}
        value={isKnown ? yuan(all.before) : "—"}
        unit={say("console.unit.yuan")}
      >
        {say("console.savings.before_of")}
      </Figure>
      <Figure
        label={say("console.savings.after")}
        value={isKnown ? yuan(all.after) : "—"}
        unit={say("console.unit.yuan")}
      >
        {say("console.savings.network_of", { yuan: yuan(all.network) })}
      </Figure>
      <Figure
        label={say("console.savings.agencies")}
        value={`${compared.length} / ${agencies.length}`}
        unit={say("console.savings.unit_agencies")}
      >
        {say("console.savings.more", { count: more })}
      </Figure>
    </dl>
  );
}

function figuresOf(lines: readonly Line[], heading: string): Figures {
  const money = (name: "before" | "after" | "network" | "saved") => ({
    name,
    heading: say(`console.savings.column.${name}`),
    digits: 2,
  });
  return {
    columns: [
      { name: "name", heading },
      money("before"),
      money("after"),
      money("network"),
      money("saved"),
      { name: "months", heading: say("console.savings.column.months"), digits: 0 },
    ],
    rows: lines.map((one) => [
      one.name,
      one.before / 100,
      one.after / 100,
      one.network / 100,
      one.saved / 100,
      one.months,
    ]),
  };
}

interface Drawn {
  readonly agencies: readonly Agency[];
  readonly at: number;
}

function Groups({ agencies, by, at }: Drawn & { readonly by: (typeof GROUPS)[number] }) {
  const names = useNames();
  const figures = useMemo(() => {
    const lines = byGroup(agencies, (one) =>
      by === "agency"
        ? [String(one.agency_id), names.agency(one.agency_id)]
        : [String(one.book), names.of("book", one.book)?.name ?? String(one.book)],
    );
    return figuresOf(lines, say(`console.savings.by.${by}`));
  }, [agencies, by, names.agency, names.of]);
  return (
    <Chart
      name={`receptions-by-${by}`}
      title={say("console.savings.groups")}
      unit={say("console.savings.groups_unit")}
      source={say("console.savings.source")}
      at={at}
      figures={figures}
      draw={drawGroups}
    />
  );
}

function Months({ agencies, at }: Drawn) {
  const figures = useMemo(() => figuresOf(byMonth(agencies), say("console.savings.column.month")), [agencies]);
  return (
    <Chart
      name="receptions-by-month"
      title={say("console.savings.months")}
      unit={say("console.savings.months_unit")}
      source={say("console.savings.source")}
      at={at}
      figures={figures}
      draw={drawMonths}
    />
  );
}

function month(day: string | null | undefined): string {
  return day?.slice(0, 7) ?? "—";
}

function Agencies({ agencies }: { agencies: readonly Agency[] }) {
  const names = useNames();
  return (
    <section className="panel" aria-labelledby="reported">
      <div>
        <h2 id="reported">{say("console.savings.reported")}</h2>
        <p className="unit">{say("console.savings.reported_unit")}</p>
      </div>
      <Framed
        labelledBy="reported"
        caption={say("console.savings.reported")}
        heads={[
          say("console.named.agency_id"),
          say("console.savings.joined"),
          { number: say("console.savings.reported_months") },
          say("console.savings.span"),
          { number: say("console.savings.column.months") },
          { number: say("console.savings.missing") },
          { number: say("console.savings.column.saved") },
        ]}
        isShort
      >
        <tbody>
          {agencies.map((one) => (
            <tr key={one.agency_id}>
              <th scope="row">
                <a href={linkTo("/clearing/receptions", { agency_id: one.agency_id })}>{names.agency(one.agency_id)}</a>
              </th>
              <td>
                {month(one.joined_month)}
                {one.is_stated && say("console.savings.stated", { first: month(one.first_cycle) })}
              </td>
              <td className="number">{one.reported}</td>
              <td>{one.reported > 0 ? `${month(one.reported_first)} – ${month(one.reported_last)}` : "—"}</td>
              <td className="number">{one.compared.length}</td>
              <td className="number">{one.missing.length}</td>
              <td className={one.saved_fen < 0 ? "number negative" : "number"}>
                {one.compared.length > 0 ? yuan(one.saved_fen) : "—"}
              </td>
            </tr>
          ))}
        </tbody>
      </Framed>
    </section>
  );
}

function Method({ agencies }: { agencies: readonly Agency[] }) {
  const { agency_id } = useSession();
  const silent = agencies.filter((one) => one.reported === 0).length;
  const missing = agencies.reduce((sum, one) => sum + (one.reported > 0 ? one.missing.length : 0), 0);
  return (
    <section className="panel method" aria-labelledby="method">
      <h2 id="method">{say("console.savings.method")}</h2>
      <p>{say("console.savings.method.compared")}</p>
      <p>{say("console.savings.method.sides")}</p>
      <p>{say("console.savings.method.sources")}</p>
      <h3>{say("console.savings.unknown")}</h3>
      <ul>
        {agency_id === null && <li>{say("console.savings.unknown.silent", { count: silent })}</li>}
        <li>{say("console.savings.unknown.missing", { count: missing })}</li>
        <li>{say("console.savings.unknown.cause")}</li>
        <li>{say("console.savings.unknown.books")}</li>
      </ul>
    </section>
  );
}
