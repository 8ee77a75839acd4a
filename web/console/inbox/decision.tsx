/** Yes or no: a remark, asked once more, sent as the act that the centre describes, with its proof. */

import { Alert, Button, Input } from "antd";
import { useId, useRef, useState } from "react";
import { yuan } from "../../shared/formats.ts";
import { useActs } from "../acts/acts.ts";
import { begin } from "../acts/draft.ts";
import { NotProved, useProof } from "../acts/proof.tsx";
import { send } from "../acts/sending.ts";
import { Refused, Unreachable } from "../centre.ts";
import type { Asked } from "./inbox.tsx";
import { say } from "./words.ts";

const HOWS = ["approve", "reject"] as const;
type How = (typeof HOWS)[number];

interface Props {
  readonly asked: Asked;
  readonly title: string;
  decided(text: string): Promise<void>;
  again(): unknown;
}

export function Decision({ asked, title, decided, again }: Props) {
  const acts = useActs().data ?? [];
  const { dialog, prove } = useProof();
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [reason, setReason] = useState("");
  const [how, choose] = useState<How | null>(null);
  const [lacks, setLacks] = useState(false);
  const [isAtWork, setAtWork] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const amount = asked.amount_fen == null ? "" : say("console.inbox.yuan", { yuan: yuan(asked.amount_fen) });
  const what = `${title} ${amount}`.trim();
  const ask = (wanted: How) => {
    const isMissing = wanted === "reject" && reason.trim() === "";
    setLacks(isMissing);
    setError(null);
    if (isMissing) box.current?.querySelector<HTMLElement>("textarea")?.focus();
    else choose(wanted);
  };
  const carryOut = async (wanted: How) => {
    const act = acts.find((one) => one.name === wanted);
    if (act === undefined) return;
    setAtWork(true);
    setError(null);
    const said = { approval_id: asked.approval_id };
    try {
      const draft = { ...begin(act.members, said), reason: reason.trim() };
      await send({ act, draft, said, file: null }, prove);
      await decided(say(`console.inbox.done.${wanted}`, { number: asked.approval_id, what }));
    } catch (thrown) {
      setError(thrown as Error);
      choose(null);
      // Somebody else may have decided it meanwhile.
      if (thrown instanceof Refused) again();
    } finally {
      setAtWork(false);
    }
  };
  return (
    <div ref={box} className="decision">
      {error && <Wrong error={error} />}
      <div className={lacks ? "field wrong" : "field"}>
        <label htmlFor={id}>{say("console.inbox.remark")}</label>
        <Input.TextArea
          id={id}
          rows={2}
          maxLength={200}
          value={reason}
          disabled={how !== null}
          aria-invalid={lacks || undefined}
          aria-describedby={lacks ? `${id}-fault` : undefined}
          onChange={(event) => setReason(event.target.value)}
        />
        {lacks && (
          <small id={`${id}-fault`} className="fault">
            {say("console.inbox.reason_needed")}
          </small>
        )}
      </div>
      {how === null ? (
        <div className="acts" key="asked">
          <Button type="primary" onClick={() => ask("approve")}>
            {say("console.inbox.approve")}
          </Button>
          <Button danger onClick={() => ask("reject")}>
            {say("console.inbox.reject")}
          </Button>
        </div>
      ) : (
        <div className="acts" key="sure">
          <strong>{say(`console.inbox.sure.${how}`, { what })}</strong>
          <Button
            type="primary"
            autoFocus
            danger={how === "reject"}
            disabled={isAtWork}
            aria-busy={isAtWork}
            onClick={() => carryOut(how)}
          >
            {say(`console.inbox.confirm.${how}`)}
          </Button>
          <Button disabled={isAtWork} onClick={() => choose(null)}>
            {say("console.inbox.back")}
          </Button>
        </div>
      )}
      {dialog}
    </div>
  );
}

function Wrong({ error }: { error: Error }) {
  if (error instanceof NotProved) return <Alert type="info" showIcon title={error.message} />;
  const more = error instanceof Unreachable ? say("console.act.unknown") : error instanceof Refused && error.advice;
  return <Alert type="error" showIcon title={error.message} description={more || undefined} />;
}
