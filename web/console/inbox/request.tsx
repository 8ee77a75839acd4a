/** One request: whose, how much, why, what it changes, and the decision. */

import { Skeleton } from "antd";
import type { ReactNode } from "react";
import { ago, dayAndTime, yuan } from "../../shared/formats.ts";
import { heading, language } from "../../shared/language.ts";
import { Changes } from "../changes/changes.tsx";
import { useNames } from "../names.ts";
import { useSession } from "../session.tsx";
import { contentOf } from "./content.ts";
import { Decision } from "./decision.tsx";
import type { Asked } from "./inbox.tsx";
import { Items } from "./items.tsx";
import { useRefunded } from "./refunded.ts";
import { say, texts } from "./words.ts";

/** What people call a kind of request. */
export function kindOf(kind: string): string {
  const id = `approval.kind.${kind}`;
  return id in texts ? heading(texts[id as "approval.kind.refund"]) : kind;
}

function stateOf(state: string): string {
  const id = `approval.state.${state}`;
  return id in texts ? texts[id as "approval.state.pending"] : state;
}

interface Props {
  readonly asked: Asked;
  decided(text: string): Promise<void>;
  again(): unknown;
}

export function Request({ asked, decided, again }: Props) {
  const names = useNames();
  const person = useSession();
  const refunded = useRefunded(asked);
  const { changes, tables, facts } = contentOf(asked, names, refunded.data ?? null);
  return (
    <>
      <div className="heading">
        <h2 id="request" tabIndex={-1}>
          {kindOf(asked.kind)}
        </h2>
        <span className="unit">{say("console.inbox.number", { number: asked.approval_id })}</span>
      </div>
      {asked.amount_fen != null && (
        <p className="amount">
          <strong>{yuan(asked.amount_fen)}</strong> {say("console.unit.yuan")}
        </p>
      )}
      <p className="why">{asked.why}</p>
      <dl className="facts brief">
        <Fact label={say("console.named.agency_id")}>
          {asked.agency_id == null ? say("console.inbox.centre") : names.agency(asked.agency_id)}
        </Fact>
        <Fact label={say("console.inbox.maker")}>{asked.maker}</Fact>
        <Fact label={say("console.inbox.made_at")}>
          {dayAndTime(asked.made_at, language)} ({ago(asked.made_at, Date.now(), language)})
        </Fact>
        <Fact label={say("console.inbox.expires_at")}>{dayAndTime(asked.expires_at, language)}</Fact>
        {asked.reason && <Fact label={say("console.inbox.reason")}>{asked.reason}</Fact>}
        {facts.map(([label, text]) => (
          <Fact key={label} label={label}>
            {text}
          </Fact>
        ))}
        {asked.decided_by && (
          <Fact label={stateOf(asked.state)}>
            {asked.decided_by}
            {asked.decided_at && ` · ${dayAndTime(asked.decided_at, language)}`}
            {asked.decision && ` · ${asked.decision}`}
          </Fact>
        )}
      </dl>
      {refunded.isLoading && <Skeleton active />}
      {changes.length > 0 && (
        <div className="rows">
          <h3 id="changes">{say("console.inbox.changes")}</h3>
          <Changes labelledBy="changes" changes={changes} />
        </div>
      )}
      {tables.map((table) => (
        <Items key={table.name} table={table} number={asked.approval_id} />
      ))}
      {asked.may_decide ? (
        <Decision asked={asked} title={kindOf(asked.kind)} decided={decided} again={again} />
      ) : (
        <p className="calm">
          {asked.state !== "pending"
            ? stateOf(asked.state)
            : say(asked.maker === person.login ? "console.inbox.own" : "console.inbox.not_yours")}
        </p>
      )}
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
