/** One case: what was found, what is due, every step with what was said, the evidence, and what one may do now. */

import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Button, Skeleton } from "antd";
import { useEffect } from "react";
import { dayAndTime } from "../../shared/formats.ts";
import { heading, language } from "../../shared/language.ts";
import { actsAt, linkToAct, useActs } from "../acts/acts.ts";
import { centre, held } from "../centre.ts";
import { Allowed } from "../charts/allowed.tsx";
import { quarterName } from "../evaluation/kitchens.ts";
import { linkTo } from "../links.ts";
import { Files } from "../lists/files.tsx";
import { useLists } from "../lists/lists.ts";
import { useNames } from "../names.ts";
import { Trouble } from "../trouble.tsx";
import { AGAIN_MS, dueOf, hasEnded, LEVELS } from "./cases.ts";
import { say } from "./words.ts";
import "../charts/charts.css";
import "./supervision.css";

/** The steps that a case waits for. */
const AWAITED = new Set(["plan_case", "prove_case", "pass_case"]);

export function CasePage() {
  const { number } = useParams({ strict: false }) as { number: string };
  return (
    <Allowed permission="see_waste">
      <Opened key={number} number={Number(number)} />
    </Allowed>
  );
}

function Opened({ number }: { number: number }) {
  const names = useNames();
  const described = useActs().data ?? [];
  const list = useLists().data?.find((one) => one.path === "/waste/cases");
  const { data, error, refetch } = useQuery({
    queryKey: ["case", number],
    staleTime: 0,
    refetchInterval: AGAIN_MS,
    queryFn: () => held(centre.GET("/waste/cases/{case_id}", { params: { path: { case_id: number } } })),
  });
  const title = say("console.supervision.case", { number });
  useEffect(() => {
    document.title = `${title} · ${say("console.title")}`;
  }, [title]);
  if (error) return <Trouble error={error} again={refetch} />;
  if (!data || !list) return <Skeleton active />;
  const row = data as unknown as Readonly<Record<string, unknown>>;
  const acts = actsAt(described, list, row);
  const due = dueOf(data, Date.now());
  const level = LEVELS[data.level];
  const facts: (readonly [string, React.ReactNode])[] = [
    [
      say("console.named.canteen_id"),
      <a key="canteen" href={linkTo(`/registry/canteens/${data.canteen_id}`)}>
        {names.of("canteen_id", data.canteen_id)?.name ?? data.canteen_id}
      </a>,
    ],
    [say("console.supervision.state"), heading(say(`supervision.state.${data.state as "open"}`))],
    [say("console.supervision.kind"), heading(say(`case.kind.${data.kind as "finding"}`))],
    [say("console.supervision.quarter"), quarterName(data.quarter)],
    [say("console.supervision.responsible"), data.responsible],
    [say("console.supervision.level"), level ? heading(say(`supervision.level.${level}`)) : data.level],
    [say("console.supervision.opened_on"), data.opened_on],
    [say("console.supervision.due_on"), data.due_on],
    [say("console.supervision.deadline"), data.deadline],
  ];
  return (
    <>
      <p>
        <a href={linkTo("/cases")}>← {say("console.supervision.board")}</a>
      </p>
      <div className="heading">
        <h1>{title}</h1>
        <p className={`due ${due.urgency}`}>
          <span aria-hidden="true">{due.sign}</span> <strong>{due.words}</strong>
        </p>
      </div>
      <p className="finding">{data.what}</p>
      {acts.length > 0 && (
        <section aria-labelledby="next">
          <h2 id="next">{say("console.supervision.next")}</h2>
          <div className="acts large">
            {acts.map((act) => (
              <Button
                key={act.name}
                type={AWAITED.has(act.name) ? "primary" : "default"}
                danger={act.grave}
                size="large"
                href={linkToAct(act, list, row)}
              >
                {act.title}
              </Button>
            ))}
          </div>
        </section>
      )}
      {acts.length === 0 && !hasEnded(data.state) && (
        <p className="calm">{say(`console.supervision.next.${data.state as "open"}`)}</p>
      )}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <section className="panel" aria-labelledby="steps">
        <h2 id="steps">{say("console.belongs.steps")}</h2>
        <ol className="timeline">
          {data.steps.map((step) => (
            <li key={step.number}>
              <strong>{say(`console.step.${step.action as "plan"}`)}</strong>
              <small>
                {" "}
                {step.done_by} · {dayAndTime(step.done_at, language)}
              </small>
              <p>{step.text}</p>
            </li>
          ))}
        </ol>
      </section>
      <Files files={data.files} />
    </>
  );
}
