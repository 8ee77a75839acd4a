/** What waits for this person's second pair of eyes: a queue, one request open, decided in its place, the next one. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Alert, Skeleton } from "antd";
import { useEffect, useRef, useState } from "react";
import type { components } from "../../shared/api/schema.ts";
import { ago, yuan } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { centre, held } from "../centre.ts";
import { Allowed } from "../charts/allowed.tsx";
import "../charts/charts.css";
import { linkTo, useWish } from "../links.ts";
import { useNames } from "../names.ts";
import { Trouble } from "../trouble.tsx";
import { kindOf, Request } from "./request.tsx";
import { say } from "./words.ts";
import "./inbox.css";

export type Asked = components["schemas"]["ApprovalShown"];

const LOOK_AGAIN_MS = 30_000;
/** The centre lists so many at a time. */
const LISTED = 200;
/** Every person has at most 50 that wait; more pages than these are not read. */
const PAGES_MAX = 10;
const PLACE = "/approvals-inbox";

export function Inbox() {
  return (
    <Allowed permission="see_approvals">
      <Waiting />
    </Allowed>
  );
}

/** All that waits for somebody, the oldest first. */
async function readWaiting(): Promise<Asked[]> {
  const found: Asked[] = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const before = found.at(-1)?.approval_id;
    const query = { state: "pending" as const, ...(before !== undefined && { before }) };
    const some = await held(centre.GET("/console/approvals/overview", { params: { query } }));
    found.push(...some);
    if (some.length < LISTED) break;
  }
  return found.reverse();
}

function Waiting() {
  const wish = useWish();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [told, tell] = useState<string | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ["inbox"],
    refetchInterval: LOOK_AGAIN_MS,
    queryFn: readWaiting,
  });
  useEffect(() => {
    document.title = `${say("console.inbox.title")} · ${say("console.title")}`;
  }, []);
  if (error && !data) return <Trouble error={error} again={refetch} />;
  if (!data) return <Skeleton active />;
  const mine = data.filter((one) => one.may_decide);
  const number = wish.number === undefined ? mine[0]?.approval_id : Number(wish.number);
  const decided = async (text: string) => {
    const at = mine.findIndex((one) => one.approval_id === number);
    const next = mine[at + 1] ?? mine[at - 1];
    tell(text);
    await queries.invalidateQueries({
      predicate: ({ queryKey }) => !["session", "acts", "lists"].includes(String(queryKey[0])),
    });
    await navigate({ to: PLACE, search: (next ? { number: String(next.approval_id) } : {}) as never });
  };
  return (
    <>
      <div className="heading">
        <div>
          <h1>{say("console.inbox.title")}</h1>
          <p className="unit">
            {say("console.inbox.counts", { mine: mine.length, others: data.length - mine.length })}
          </p>
        </div>
        <a href={linkTo("/console/approvals")}>{say("console.inbox.all")}</a>
      </div>
      <div role="status">{told && <Alert type="success" showIcon title={told} />}</div>
      <div className="inbox">
        <Queue mine={mine} open={number} />
        {number === undefined ? (
          <p className="calm">{say("console.inbox.none")}</p>
        ) : (
          <Open key={number} number={number} takesFocus={told !== null} decided={decided} />
        )}
      </div>
    </>
  );
}

function Queue({ mine, open }: { mine: readonly Asked[]; open: number | undefined }) {
  const names = useNames();
  if (mine.length === 0) return null;
  return (
    <nav className="queue" aria-label={say("console.inbox.queue")}>
      <ol>
        {mine.map((one) => (
          <li key={one.approval_id}>
            <a
              href={linkTo(PLACE, { number: one.approval_id })}
              aria-current={one.approval_id === open ? "page" : undefined}
            >
              <strong>{kindOf(one.kind)}</strong>
              {one.amount_fen !== null && one.amount_fen !== undefined && (
                <span className="number">{say("console.inbox.yuan", { yuan: yuan(one.amount_fen) })}</span>
              )}
              <small>
                {one.agency_id == null ? say("console.inbox.centre") : names.agency(one.agency_id)} · {one.maker} ·{" "}
                {ago(one.made_at, Date.now(), language)}
              </small>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

interface OpenProps {
  readonly number: number;
  /** After a decision the next one takes the keyboard. */
  readonly takesFocus: boolean;
  decided(text: string): Promise<void>;
}

function Open({ number, takesFocus, decided }: OpenProps) {
  const box = useRef<HTMLElement>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ["approval", number],
    queryFn: () => held(centre.GET("/console/approvals/{approval_id}", { params: { path: { approval_id: number } } })),
  });
  const isThere = data !== undefined;
  useEffect(() => {
    if (takesFocus && isThere) box.current?.querySelector<HTMLElement>("h2")?.focus();
  }, [takesFocus, isThere]);
  return (
    <article ref={box} className="request panel" aria-labelledby="request">
      {error && <Trouble error={error} again={refetch} />}
      {!isThere && !error && <Skeleton active />}
      {isThere && <Request asked={data} decided={decided} again={refetch} />}
    </article>
  );
}
