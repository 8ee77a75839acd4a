/** A top-up by the payment gateway: the order's number is kept before it is sent, so that it is opened once. */

import { useEffect, useState } from "preact/hooks";
import { yuan } from "../shared/formats.ts";
import type { Phone, TopUp } from "../shared/terminal/phone.ts";
import { fenOf } from "./amounts.ts";
import { explained } from "./me.ts";
import { Problem } from "./parts.tsx";
import { say } from "./words.ts";

const KEPT = "top-up";
const USUAL_FEN = [5_000, 10_000, 20_000] as const;
const ASKED_EVERY_MS = 3_000;

interface Order {
  /** Of the phone that opened it: a browser may become another official's. */
  readonly credentialId: number;
  readonly orderId: string;
  readonly amountFen: number;
}

function keptOrder(phone: Phone): Order | null {
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null") as Order | null;
  return kept?.credentialId === phone.credentialId ? kept : null;
}

export function TopUpPage({ phone }: { phone: Phone }) {
  const [order, setOrder] = useState(() => keptOrder(phone));
  const begin = (amountFen: number) => {
    const begun = { credentialId: phone.credentialId, orderId: crypto.randomUUID(), amountFen };
    localStorage.setItem(KEPT, JSON.stringify(begun));
    setOrder(begun);
  };
  const end = () => {
    localStorage.removeItem(KEPT);
    setOrder(null);
  };
  return order ? <Opened phone={phone} order={order} end={end} /> : <Choice begin={begin} />;
}

function Choice({ begin }: { begin: (amountFen: number) => void }) {
  const [problem, setProblem] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const fen = fenOf(String(new FormData(event.currentTarget as HTMLFormElement).get("yuan")).trim());
    if (fen === null) setProblem(say("phone.top_up.form"));
    else begin(fen);
  };
  return (
    <>
      <p>{say("phone.top_up.intro")}</p>
      <div class="three">
        {USUAL_FEN.map((fen) => (
          <button key={fen} type="button" class="plain" onClick={() => begin(fen)}>
            {say("phone.balance.yuan", { amount: yuan(fen) })}
          </button>
        ))}
      </div>
      <form onSubmit={submit}>
        <label>
          {say("phone.top_up.other")}
          <input name="yuan" inputMode="decimal" autocomplete="off" required />
        </label>
        <Problem said={problem} />
        <button type="submit" class="primary">
          {say("phone.top_up.do")}
        </button>
      </form>
    </>
  );
}

function Opened({ phone, order, end }: { phone: Phone; order: Order; end: () => void }) {
  const [state, setState] = useState<TopUp | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      let known: TopUp | null = null;
      try {
        known = await phone.topUp(order.orderId, order.amountFen);
        setState(known);
        setProblem("");
      } catch (error) {
        setProblem(explained(error));
      }
      if (known === null || known.state === "open") timer = setTimeout(ask, ASKED_EVERY_MS);
    };
    void ask();
    return () => clearTimeout(timer);
  }, [phone, order]);
  return (
    <>
      <p class="tile" role="status">
        <small>{state ? say(`phone.top_up.${state.state}`) : say("phone.asking")}</small>
        <b>{say("phone.balance.yuan", { amount: yuan(order.amountFen) })}</b>
      </p>
      <Problem said={problem} />
      {state?.pay_url && (
        <a class="primary" href={state.pay_url}>
          {say("phone.top_up.pay")}
        </a>
      )}
      <button type="button" class="plain" onClick={end}>
        {say(state?.state === "open" || state === null ? "phone.top_up.leave" : "phone.done")}
      </button>
    </>
  );
}
