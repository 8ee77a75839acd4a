/** Small parts that several pages of the phone share. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Asked } from "./me.ts";
import { say } from "./words.ts";

/** A page below one of the places, with the way back. */
export function Below({ to, back, title, children }: BelowGiven) {
  return (
    <>
      <a class="back" href={to}>
        ‹ {back}
      </a>
      <h2>{title}</h2>
      {children}
    </>
  );
}

interface BelowGiven {
  readonly to: string;
  readonly back: string;
  readonly title: string;
  readonly children: ComponentChildren;
}

interface AnsweredGiven<Known> {
  readonly asked: Asked<Known>;
  /** What helps instead of asking again. */
  readonly final?: ComponentChildren;
  readonly children: (known: Known) => unknown;
}

/** What was asked for, once it is there; until then that it is asked for, or why it did not come. */
export function Answered<Known>({ asked, final, children }: AnsweredGiven<Known>) {
  const { known, problem, again } = asked;
  return (
    <>
      {problem !== "" && (
        <div class="notice danger" role="alert">
          <p>{problem}</p>
          {final || (
            <button type="button" class="plain" onClick={again}>
              {say("phone.again")}
            </button>
          )}
        </div>
      )}
      {known === null && problem === "" && <p class="notice waiting">{say("phone.asking")}</p>}
      {known !== null && (children(known) as ComponentChildren)}
    </>
  );
}

export function Problem({ said }: { said: string }) {
  return said === "" ? null : (
    <p class="notice danger" role="alert">
      {said}
    </p>
  );
}

interface AskedGiven {
  /** What happens, and the word for it. */
  readonly sure: string;
  readonly act: string;
  readonly busy: boolean;
  readonly yes: () => void;
  readonly no: () => void;
}

/** The question before what cannot be taken back. */
export function Sure({ sure, act, busy, yes, no }: AskedGiven) {
  const question = useRef<HTMLDivElement>(null);
  // Above the places: on a small screen it opens behind them.
  useEffect(() => question.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <div ref={question} class="notice danger sure">
      <p>{sure}</p>
      <button type="button" class="primary alarm" disabled={busy} onClick={yes}>
        {act}
      </button>
      <button type="button" class="plain" onClick={no}>
        {say("phone.no")}
      </button>
    </div>
  );
}

/** A page whose script is read when it is first shown. */
export function Later<Given extends object>({ load, given }: { load: () => Promise<Page<Given>>; given: Given }) {
  const [page, setPage] = useState<{ readonly Shown: Page<Given> } | null>(null);
  useEffect(() => void load().then((Shown) => setPage({ Shown })), [load]);
  return page && <page.Shown {...given} />;
}

type Page<Given> = (given: Given) => ComponentChildren;
