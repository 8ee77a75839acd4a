/** What the sampling plan says is still to be visited, how far its year is, and the way to each visit. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Select, Skeleton } from "antd";
import { useEffect, useMemo } from "react";
import { heading } from "../../shared/language.ts";
import { useActs } from "../acts/acts.ts";
import { Allowed } from "../charts/allowed.tsx";
import { Chart } from "../charts/chart.tsx";
import { Figure } from "../charts/figure.tsx";
import type { Figures } from "../charts/table.ts";
import { linkTo, useWish } from "../links.ts";
import { useNames } from "../names.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { drawCoverage } from "./coverage.ts";
import { visitsOf } from "./drafts.ts";
import { type Drawn, type Plan, quarterAt, quotasOf, usePlan, useVisits, type Visit } from "./plan.ts";
import { say } from "./words.ts";
import "./supervision.css";

const QUARTERS = [1, 2, 3, 4];
const SHOWN = ["left", "all"] as const;

export function Inspections() {
  return (
    <Allowed permission="see_inspections">
      <Year />
    </Allowed>
  );
}

function Year() {
  const wish = useWish();
  const navigate = useNavigate();
  const names = useNames();
  const now = quarterAt(Date.now());
  const year = Number(wish.year ?? now.year);
  const plan = usePlan(year);
  const visits = useVisits(year);
  const acts = useActs().data ?? [];
  const mayInspect = acts.some((act) => act.name === "file_inspection");
  useEffect(() => {
    document.title = `${say("console.supervision.inspections")} · ${say("console.title")}`;
  }, []);
  const ask = (changes: Readonly<Record<string, string>>) => {
    const said = Object.entries({ ...wish, ...changes }).filter(([, value]) => value);
    void navigate({ to: "/inspections", search: Object.fromEntries(said) as never });
  };
  const error = plan.error ?? visits.error;
  const draw = acts.find((act) => act.name === "draw_sampling_plan");
  return (
    <>
      <div className="heading">
        <h1>{say("console.supervision.inspections")}</h1>
        <div className="acts">
          <Select
            aria-label={say("console.supervision.year")}
            value={String(year)}
            options={[now.year + 1, now.year, now.year - 1, now.year - 2].map((one) => ({
              value: String(one),
              label: String(one),
            }))}
            onChange={(value) => ask({ year: value })}
          />
          {mayInspect && (
            <Select
              aria-label={say("console.supervision.other_canteen")}
              placeholder={say("console.supervision.other_canteen")}
              value={null}
              popupMatchSelectWidth={false}
              showSearch={{ optionFilterProp: "label" }}
              options={names.choices("canteen_id")}
              onChange={(value: string | null) => value && void navigate({ to: `/inspections/${value}` as never })}
            />
          )}
        </div>
      </div>
      {mayInspect && <Unsent />}
      {error && <Trouble error={error} again={() => Promise.all([plan.refetch(), visits.refetch()])} />}
      {!error && (plan.isPending || visits.isPending) && <Skeleton active />}
      {plan.data === null && (
        <section className="calm">
          <p>{say("console.supervision.no_plan", { year })}</p>
          {draw && year >= now.year && <Button href={linkTo(`/acts/${draw.name}`)}>{draw.title}</Button>}
        </section>
      )}
      {plan.data && visits.data && (
        <>
          <Numbers plan={plan.data} visits={visits.data} />
          <Coverage plan={plan.data} visits={visits.data} at={Math.min(plan.dataUpdatedAt, visits.dataUpdatedAt)} />
          <ToVisit
            plan={plan.data}
            visits={visits.data}
            mayInspect={mayInspect}
            quarter={wish.quarter ?? ""}
            shown={wish.shown === "all" ? "all" : "left"}
            ask={ask}
          />
        </>
      )}
    </>
  );
}

/** What this device keeps of the person's: begun, or not sent for want of a network. */
function Unsent() {
  const { login } = useSession();
  const names = useNames();
  const { data } = useQuery({ queryKey: ["visit-drafts", login], staleTime: 0, queryFn: () => visitsOf(login) });
  if (!data || data.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="unsent">
      <h2 id="unsent">{say("console.supervision.unsent")}</h2>
      <ul className="visits">
        {data.map((draft) => (
          <li key={draft.canteen}>
            <span>
              {names.of("canteen_id", draft.canteen)?.name ?? draft.canteen}
              <small>
                {" "}
                {draft.visitedOn} · {say("console.supervision.photos_kept", { count: draft.photos.length })}
              </small>
            </span>
            <Button className="touch" href={linkTo(`/inspections/${draft.canteen}`)}>
              {say("console.supervision.go_on")}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Planned {
  readonly plan: Plan;
  readonly visits: ReadonlyMap<number, Visit>;
}

function Numbers({ plan, visits }: Planned) {
  const visited = plan.drawn.filter((one) => visits.has(one.canteen_id)).length;
  const unit = say("console.unit.canteens");
  const { canteens, in_three_years } = plan.coverage;
  return (
    <dl className="figures">
      <Figure label={say("console.supervision.drawn")} value={String(plan.drawn.length)} unit={unit}>
        {say("console.supervision.drawn_of", {
          all: plan.candidates.length,
          percent: Math.round(100 * plan.share),
        })}
      </Figure>
      <Figure label={say("console.supervision.visited")} value={String(visited)} unit={unit}>
        {say("console.supervision.visited_besides", { count: plan.coverage.inspected - visited })}
      </Figure>
      <Figure label={say("console.supervision.left")} value={String(plan.drawn.length - visited)} unit={unit}>
        {say("console.supervision.left_until", { year: plan.year })}
      </Figure>
      <Figure label={say("console.supervision.three_years")} value={String(in_three_years)} unit={unit}>
        {say("console.supervision.three_years_of", { all: canteens })}
      </Figure>
    </dl>
  );
}

function Coverage({ plan, visits, at }: Planned & { at: number }) {
  const figures = useMemo((): Figures => {
    const number = (name: string, heading: string) => ({ name, heading, digits: 0 });
    return {
      columns: [
        { name: "stratum", heading: say("console.supervision.stratum") },
        number("canteens", say("console.supervision.canteens")),
        number("least", say("console.supervision.least")),
        number("drawn", say("console.supervision.drawn")),
        number("visited", say("console.supervision.visited")),
        number("left", say("console.supervision.left")),
      ],
      rows: quotasOf(plan, visits).map((one) => [
        say(`console.supervision.stratum.${one.stratum}`),
        one.canteens,
        one.least,
        one.drawn,
        one.visited,
        one.drawn - one.visited,
      ]),
    };
  }, [plan, visits]);
  return (
    <Chart
      name={`coverage-${plan.year}`}
      title={say("console.supervision.coverage")}
      unit={say("console.supervision.coverage_unit")}
      source={say("console.supervision.source")}
      at={at}
      figures={figures}
      draw={drawCoverage}
      height="low"
    />
  );
}

interface ToVisitProps extends Planned {
  readonly mayInspect: boolean;
  readonly quarter: string;
  readonly shown: (typeof SHOWN)[number];
  ask(changes: Readonly<Record<string, string>>): void;
}

function ToVisit({ plan, visits, mayInspect, quarter, shown, ask }: ToVisitProps) {
  const rows = plan.drawn
    .filter((one) => quarter === "" || String(one.quarter) === quarter)
    .filter((one) => shown === "all" || !visits.has(one.canteen_id))
    .sort((a, b) => a.quarter - b.quarter || a.canteen_id - b.canteen_id);
  return (
    <section className="panel" aria-labelledby="to-visit">
      <div className="heading">
        <h2 id="to-visit">{say("console.supervision.to_visit")}</h2>
        <div className="acts">
          <Select
            aria-label={say("console.supervision.quarter")}
            value={quarter}
            popupMatchSelectWidth={false}
            options={[
              { value: "", label: say("console.supervision.all_quarters") },
              ...QUARTERS.map((one) => ({ value: String(one), label: `Q${one}` })),
            ]}
            onChange={(value) => ask({ quarter: value })}
          />
          <Select
            aria-label={say("console.supervision.shown")}
            value={shown}
            popupMatchSelectWidth={false}
            options={SHOWN.map((value) => ({ value, label: say(`console.supervision.shown.${value}`) }))}
            onChange={(value) => ask({ shown: value === "all" ? value : "" })}
          />
        </div>
      </div>
      {rows.length === 0 && <p>{say("console.supervision.nothing_left")}</p>}
      <ul className="visits">
        {rows.map((one) => (
          <Place
            key={one.canteen_id}
            one={one}
            year={plan.year}
            visit={visits.get(one.canteen_id)}
            mayInspect={mayInspect}
          />
        ))}
      </ul>
    </section>
  );
}

function Place({
  one,
  year,
  visit,
  mayInspect,
}: {
  one: Drawn;
  year: number;
  visit: Visit | undefined;
  mayInspect: boolean;
}) {
  const names = useNames();
  const now = quarterAt(Date.now());
  const isLate = visit === undefined && (year < now.year || (year === now.year && one.quarter < now.quarter));
  const name = names.of("canteen_id", one.canteen_id)?.name ?? String(one.canteen_id);
  return (
    <li>
      <span>
        {name}
        <small>
          {" "}
          {`${year} Q${one.quarter}`} · {heading(say(`console.supervision.stratum.${one.stratum}`))}
          {one.due && ` · ${say("console.supervision.three_years_due")}`}
        </small>
        {isLate && (
          <small className="due overdue">
            {" "}
            <span aria-hidden="true">✕</span> {say("console.supervision.quarter_over")}
          </small>
        )}
      </span>
      {visit && (
        <a className="touch" href={linkTo(`/waste/inspections/${visit.visit_id}`)}>
          <span aria-hidden="true">✓</span> {say("console.supervision.visited_on", { day: visit.visited_on })}
        </a>
      )}
      {!visit && mayInspect && year === now.year && (
        <Button
          className="touch"
          href={linkTo(`/inspections/${one.canteen_id}`)}
          aria-label={say("console.supervision.start_at", { canteen: name })}
        >
          {say("console.supervision.start")}
        </Button>
      )}
    </li>
  );
}
