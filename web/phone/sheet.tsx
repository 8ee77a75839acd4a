/** Paying by a canteen's printed code: what it is and costs, one confirmation, and the outcome. */

import { useEffect, useState } from "preact/hooks";
import { clock, yuan } from "../shared/formats.ts";
import { heading, inMine, language } from "../shared/language.ts";
import { play } from "../shared/sounds.ts";
import { OutcomeUnknown } from "../shared/terminal/answers.ts";
import type { PlaceSaid, SheetAnswer, SheetForMe, SheetPayments } from "../shared/terminal/sheetPayments.ts";
import { fenOf } from "./amounts.ts";
import { explained, useAsked } from "./me.ts";
import { Answered, Below, Problem } from "./parts.tsx";
import { Proof } from "./proof.tsx";
import { say, shortName, word } from "./words.ts";

const PLACED_WITHIN_MS = 4_000;
/** An unknown outcome is asked again so often; what is left then is found out at the next start. */
const ASKED_AGAIN_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;

interface Given {
  readonly payments: SheetPayments;
  readonly code: string;
}

export function SheetPage({ payments, code }: Given) {
  // One answer is one payment: each visit of this page asks anew, and pays by nothing that was kept.
  const [own] = useState(() => new Map<string, unknown>());
  const asked = useAsked(`sheet ${code}`, () => payments.ask(code), own);
  return (
    <Below to="#pay" back={say("phone.place.pay")} title={say("phone.sheet")}>
      <Answered asked={asked} final={ENDED.includes(asked.slug) && <Ended />}>
        {(sheet) => <Paying key={sheet.sheet} payments={payments} sheet={sheet} again={asked.again} />}
      </Answered>
    </Below>
  );
}

/** Refusals of a sheet itself, which stay. */
const ENDED: readonly string[] = ["sheet-ended", "sheet-unknown"];

function Ended() {
  return (
    <>
      <p>{say("phone.sheet.ended")}</p>
      <a class="plain" href="#scan">
        {say("phone.scan.again")}
      </a>
    </>
  );
}

type State =
  | { readonly is: "asking" }
  | { readonly is: "paying"; readonly tries: number }
  | { readonly is: "unknown" }
  | { readonly is: "answered"; readonly answer: SheetAnswer }
  | { readonly is: "failed"; readonly problem: string };

interface PayingGiven {
  readonly payments: SheetPayments;
  readonly sheet: SheetForMe;
  readonly again: () => Promise<void>;
}

function Paying({ payments, sheet, again }: PayingGiven) {
  const [state, setState] = useState<State>({ is: "asking" });
  const [fen, setFen] = useState(sheet.price_fen);
  const pay = async (amountFen: number) => {
    setFen(amountFen);
    setState({ is: "paying", tries: 0 });
    const place = sheet.place.check === "off" ? undefined : await placeNow();
    setState(
      await outcomeOf(() => payments.pay(sheet, { amountFen, ...(place === undefined ? {} : { place }) }), setState),
    );
  };
  useEffect(() => {
    if (state.is !== "answered") return;
    const isGood = state.answer.outcome === "approved";
    play(isGood ? "good" : "refused");
    navigator.vibrate?.(isGood ? 120 : [120, 80, 120]);
  }, [state]);
  switch (state.is) {
    case "asking":
      return <Confirm sheet={sheet} pay={pay} />;
    case "paying":
      return (
        <>
          <Due sheet={sheet} fen={fen} />
          <p class="notice waiting" role="status">
            {say(state.tries === 0 ? "phone.sheet.paying" : "phone.sheet.again")}
          </p>
        </>
      );
    case "unknown":
      return (
        <>
          <Due sheet={sheet} fen={fen} />
          <div class="notice danger" role="alert">
            <b>{say("phone.sheet.unknown")}</b>
            <p>{say("phone.sheet.unknown.next")}</p>
          </div>
        </>
      );
    case "failed":
      return (
        <>
          <Problem said={state.problem} />
          <button type="button" class="plain" onClick={() => again().then(() => setState({ is: "asking" }))}>
            {say("phone.again")}
          </button>
        </>
      );
    case "answered":
      return state.answer.outcome === "approved" && state.answer.proof ? (
        <Proof
          payments={payments}
          proof={state.answer.proof}
          number={state.answer.receipt.number}
          wasVoided={(state.answer.reversed_fen ?? 0) > 0}
        />
      ) : (
        <Refused answer={state.answer} again={() => again().then(() => setState({ is: "asking" }))} />
      );
  }
}

/** Pay until the outcome is known: a lost answer is asked for again, under the same number. */
async function outcomeOf(pay: () => Promise<SheetAnswer>, tell: (state: State) => void): Promise<State> {
  for (let tries = 0; ; tries++) {
    try {
      return { is: "answered", answer: await pay() };
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) return { is: "failed", problem: explained(error) };
      const wait = ASKED_AGAIN_MS[tries];
      if (wait === undefined) return { is: "unknown" };
      tell({ is: "paying", tries: tries + 1 });
      await new Promise((done) => setTimeout(done, Math.max(wait, error.retryAfterS * 1000)));
    }
  }
}

/** What is paid, and where. */
function Due({ sheet, fen }: { sheet: SheetForMe; fen: number | null }) {
  const agency = inMine(sheet.agency_zh, sheet.agency_en);
  return (
    <section class="tile due">
      <small>{agency}</small>
      <b>{shortName(inMine(sheet.canteen_zh, sheet.canteen_en), agency)}</b>
      <small>
        {sheet.meal && heading(word("meal", sheet.meal))}
        {sheet.name && ` · ${sheet.name}`}
      </small>
      {fen !== null && <b class="big">¥ {yuan(fen)}</b>}
      <small>{say(sheet.at_home ? "phone.sheet.at_home" : "phone.sheet.own_money")}</small>
    </section>
  );
}

function Confirm({ sheet, pay }: { sheet: SheetForMe; pay: (amountFen: number) => void }) {
  const [problem, setProblem] = useState("");
  const canteen = inMine(sheet.canteen_zh, sheet.canteen_en);
  const entered = (event: SubmitEvent) => {
    event.preventDefault();
    const fen = fenOf(String(new FormData(event.currentTarget as HTMLFormElement).get("yuan")).trim());
    if (fen === null) setProblem(say("phone.top_up.form"));
    else if (sheet.limit_fen !== null && fen > sheet.limit_fen) {
      setProblem(say("phone.sheet.too_much", { amount: yuan(sheet.limit_fen) }));
    } else pay(fen);
  };
  if (!sheet.may_eat || sheet.meal === null) {
    return (
      <div class="notice">
        <b>{canteen}</b>
        <p class="warning">
          {sheet.why_not ? inMine(sheet.why_not.reason_zh, sheet.why_not.reason_en) : say("phone.eat.may_not")}
        </p>
        {sheet.opens_at && <p>{say("phone.eat.opens", { at: clock(sheet.opens_at, language) })}</p>}
      </div>
    );
  }
  return (
    <>
      <Due sheet={sheet} fen={sheet.price_fen} />
      {sheet.place.check !== "off" && <p class="about">{say(`phone.sheet.place.${sheet.place.check}`)}</p>}
      <Problem said={problem} />
      {sheet.price_fen === null ? (
        <form onSubmit={entered}>
          <label>
            {say("phone.sheet.amount")}
            <input name="yuan" inputMode="decimal" autocomplete="off" required />
          </label>
          <button type="submit" class="primary">
            {say("phone.sheet.pay_entered")}
          </button>
        </form>
      ) : (
        <button type="button" class="primary" onClick={() => pay(sheet.price_fen ?? 0)}>
          {say("phone.sheet.pay", { amount: yuan(sheet.price_fen) })}
        </button>
      )}
    </>
  );
}

function Refused({ answer, again }: { answer: SheetAnswer; again: () => void }) {
  const said = answer.outcome === "refused" ? answer : null;
  return (
    <div class="notice danger" role="alert">
      <b>✕ {said ? inMine(said.title_zh ?? said.reason, said.title_en) : say("phone.sheet.voided")}</b>
      {said && <p>{inMine(said.advice_zh ?? "", said.advice_en)}</p>}
      <p>{say("phone.sheet.not_paid")}</p>
      <button type="button" class="plain" onClick={again}>
        {say("phone.sheet.once_more")}
      </button>
    </div>
  );
}

/** Where the phone is, asked at the moment of paying alone. */
function placeNow(): Promise<PlaceSaid> {
  if (!("geolocation" in navigator)) return Promise.resolve("unknown");
  return new Promise((done) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        done({ latitude: coords.latitude, longitude: coords.longitude, accuracy_m: Math.round(coords.accuracy) }),
      ({ code, PERMISSION_DENIED }) => done(code === PERMISSION_DENIED ? "denied" : "unknown"),
      { timeout: PLACED_WITHIN_MS, maximumAge: 30_000, enableHighAccuracy: true },
    );
  });
}
