/** The centre computes the chain of its audit log again, step by step: how far it is, and what came of it. */

import { Alert, Button, Progress } from "antd";
import { useEffect, useRef, useState } from "react";
import { centre, held } from "../centre.ts";
import { linkTo } from "../links.ts";
import { Trouble } from "../trouble.tsx";
import { say } from "./words.ts";

/** Entries that are asked for at once: a second or less. */
const STEP = 5_000;
const WHOLE_PERCENT = 100;

interface State {
  readonly checked: number;
  readonly entries: number;
  readonly digest: string;
  readonly firstBreak: number | null;
  readonly isOver: boolean;
}

type Step = { checked: number; entries: number };

async function lastEntry(): Promise<number> {
  const query = { sort: "-number", limit: 1 };
  const page = await held(centre.GET("/console/audit-entries", { params: { query } }));
  return page.items[0]?.entry ?? 0;
}

async function stepOf({ checked, entries }: Step): Promise<State> {
  const entry = Math.min(checked + STEP, entries);
  const params = { path: { entry }, query: { after: checked } };
  const shown = await held(centre.GET("/console/audit-entries/{entry}/chain", { params }));
  const isOver = !shown.holds || entry === entries;
  return { checked: entry, entries, digest: shown.digest, firstBreak: shown.first_break, isOver };
}

export function ChainCheck() {
  const [state, setState] = useState<State | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isAtWork, setAtWork] = useState(false);
  const isLeft = useRef(false);
  useEffect(() => {
    isLeft.current = false;
    return () => {
      isLeft.current = true;
    };
  }, []);
  const check = async () => {
    setError(null);
    setAtWork(true);
    try {
      let at: Step = { checked: 0, entries: await lastEntry() };
      for (let isOver = at.entries === 0; !isOver && !isLeft.current; ) {
        const step = await stepOf(at);
        setState(step);
        [at, isOver] = [step, step.isOver];
      }
    } catch (thrown) {
      setError(thrown as Error);
    }
    setAtWork(false);
  };
  return (
    <section className="calm" aria-labelledby="chain">
      <h2 id="chain">{say("console.audit.chain")}</h2>
      <p>{say("console.audit.chain.what")}</p>
      <Button type="primary" disabled={isAtWork} aria-busy={isAtWork} onClick={check}>
        {say("console.audit.chain.check")}
      </Button>
      {error && <Trouble error={error} again={check} />}
      {state && !state.isOver && (
        <Progress
          aria-label={say("console.audit.chain")}
          percent={Math.floor((WHOLE_PERCENT * state.checked) / state.entries)}
        />
      )}
      {state && <Outcome state={state} />}
    </section>
  );
}

function Outcome({ state }: { state: State }) {
  const { checked, entries, digest, firstBreak, isOver } = state;
  if (!isOver) return <p role="status">{say("console.audit.chain.checked", { checked, entries })}</p>;
  if (firstBreak !== null) {
    return (
      <Alert
        type="error"
        showIcon
        title={say("console.audit.chain.breaks", { entry: firstBreak })}
        description={<a href={linkTo(`/console/audit-entries/${firstBreak}`)}>{say("console.audit.chain.see")}</a>}
      />
    );
  }
  return (
    <Alert
      type="success"
      showIcon
      title={say("console.audit.chain.holds", { entries })}
      description={<span className="digest">{say("console.audit.chain.digest", { digest })}</span>}
    />
  );
}
