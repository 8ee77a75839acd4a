/** Cases as a board: a column a state, a card a case, and the appeals that wait beside it. */

import { useNavigate } from "@tanstack/react-router";
import { Button, Select, Skeleton, Switch } from "antd";
import { useEffect } from "react";
import { dayOf } from "../../shared/formats.ts";
import { heading } from "../../shared/language.ts";
import { useActs } from "../acts/acts.ts";
import { Allowed } from "../charts/allowed.tsx";
import { linkTo, useWish } from "../links.ts";
import { useNames } from "../names.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { Appeals } from "./appeals.tsx";
import {
  type Case,
  type Column,
  daysBetween,
  dueOf,
  filtersOf,
  hasEnded,
  KINDS,
  LEVELS,
  STATES,
  type State,
  useColumns,
  waitsFor,
} from "./cases.ts";
import { say } from "./words.ts";
import "../charts/charts.css";
import "./supervision.css";

export function Board() {
  return (
    <Allowed permission={["see_inspections", "rectify"]}>
      <Columns />
    </Allowed>
  );
}

function Columns() {
  const wish = useWish();
  const navigate = useNavigate();
  const person = useSession();
  const names = useNames();
  const acts = useActs().data ?? [];
  const mine = STATES.filter((state) => waitsFor(person, state));
  const isMine = wish.mine === "yes" && mine.length > 0;
  const states = isMine ? mine : STATES;
  const filters = filtersOf(wish);
  const columns = useColumns(states, filters);
  const title = say(person.permissions.has("rectify") ? "console.supervision.to_answer" : "console.supervision.cases");
  useEffect(() => {
    document.title = `${title} · ${say("console.title")}`;
  }, [title]);
  const ask = (changes: Readonly<Record<string, string>>) => {
    const said = Object.entries({ ...wish, ...changes }).filter(([, value]) => value);
    void navigate({ to: "/cases", search: Object.fromEntries(said) as never });
  };
  const chooser = (name: string, all: string, options: { value: string; label: string }[]) => (
    <Select
      aria-label={all}
      value={wish[name] ?? ""}
      popupMatchSelectWidth={false}
      showSearch={{ optionFilterProp: "label" }}
      options={[{ value: "", label: all }, ...options]}
      onChange={(value) => ask({ [name]: value })}
    />
  );
  const laneOf = (state: State) => {
    const column = columns[states.indexOf(state)];
    return (
      <Lane
        key={state}
        state={state}
        column={column?.data}
        isLate={column?.isError === true && column.data !== undefined}
        all={linkTo("/waste/cases", { ...filters, state })}
      />
    );
  };
  const error = columns.find((one) => one.error && !one.data)?.error;
  const isOfNetwork = person.agency_id === null;
  return (
    <>
      <div className="heading">
        <h1>{title}</h1>
        <div className="acts">
          {isOfNetwork && chooser("book", say("console.supervision.all_regions"), names.choices("book"))}
          {chooser(
            "canteen_id",
            say("console.supervision.all_canteens"),
            names.choices("canteen_id", person.agency_id),
          )}
          {chooser(
            "kind",
            say("console.supervision.all_kinds"),
            KINDS.map((value) => ({ value, label: heading(say(`case.kind.${value}`)) })),
          )}
          {mine.length > 0 && (
            <span className="switch">
              <Switch
                id="mine"
                aria-labelledby="mine-label"
                checked={isMine}
                onChange={(on) => ask({ mine: on ? "yes" : "" })}
              />
              <label id="mine-label" htmlFor="mine">
                {say("console.supervision.mine")}
              </label>
            </span>
          )}
          {acts
            .filter((act) => act.name === "open_case")
            .map((act) => (
              <Button key={act.name} type="primary" href={linkTo(`/acts/${act.name}`)}>
                {act.title}
              </Button>
            ))}
        </div>
      </div>
      {error && (
        <Trouble
          error={error}
          again={() => Promise.all(columns.filter((one) => one.error).map((one) => one.refetch()))}
        />
      )}
      <div className="board">
        {states.filter((state) => !hasEnded(state)).map(laneOf)}
        {!isMine && <div className="ended">{states.filter(hasEnded).map(laneOf)}</div>}
      </div>
      <Appeals filters={filters} />
    </>
  );
}

interface LaneProps {
  readonly state: State;
  readonly column: Column | undefined;
  readonly isLate: boolean;
  /** The list with all cases of the state. */
  readonly all: string;
}

function Lane({ state, column, isLate, all }: LaneProps) {
  const count = column && (column.hasMore ? `${column.cases.length}+` : String(column.cases.length));
  return (
    <section className="lane" aria-labelledby={`lane-${state}`}>
      <h2 id={`lane-${state}`}>
        {heading(say(`supervision.state.${state}`))} {count !== undefined && <span className="count">{count}</span>}
      </h2>
      {!hasEnded(state) && <p className="unit">{say(`console.supervision.next.${state as "open"}`)}</p>}
      {isLate && <p className="late">{say("console.supervision.stale")}</p>}
      {!column && <Skeleton active />}
      {column?.cases.length === 0 && <p className="none">{say("console.supervision.none")}</p>}
      {column && column.cases.length > 0 && (
        <ul>
          {column.cases.map((one) => (
            <Card key={one.case_id} one={one} />
          ))}
        </ul>
      )}
      {column?.hasMore && (
        <p>
          <a href={all}>{say("console.supervision.more", { shown: column.cases.length })}</a>
        </p>
      )}
    </section>
  );
}

function Card({ one }: { one: Case }) {
  const names = useNames();
  const now = Date.now();
  const due = dueOf(one, now);
  const level = LEVELS[one.level];
  return (
    <li className={`card ${due.urgency}`}>
      <a href={linkTo(`/cases/${one.case_id}`)}>
        {names.of("canteen_id", one.canteen_id)?.name ?? one.canteen_id}
        <small> {say("console.supervision.number", { number: one.case_id })}</small>
      </a>
      <p className="what">{one.what}</p>
      <p>
        <span className={one.kind === "falsified_weights" ? "tag grave" : "tag"}>
          {heading(say(`case.kind.${one.kind as "finding"}`))}
        </span>
        {one.level > 0 && level && <span className="tag">{heading(say(`supervision.level.${level}`))}</span>}
      </p>
      <p className="due">
        <strong>
          <span aria-hidden="true">{due.sign}</span> {due.words}
        </strong>
        {due.urgency !== "ended" && <span>{one.deadline}</span>}
      </p>
      <p className="unit">
        {due.urgency !== "ended" &&
          `${say("console.supervision.age", { days: daysBetween(one.opened_on, dayOf(now)) })} · `}
        {one.responsible}
      </p>
    </li>
  );
}
