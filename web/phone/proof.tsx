/** The proof that a cashier trusts from a metre away: the minute's colours and word, a running clock, what was paid where. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Band } from "../shared/band.tsx";
import { clockWithSeconds, yuan } from "../shared/formats.ts";
import { heading, inMine, language, tag } from "../shared/language.ts";
import { play } from "../shared/sounds.ts";
import type { CounterProof, SheetPayments } from "../shared/terminal/sheetPayments.ts";
import { useNow } from "../shared/useNow.ts";
import { follow } from "./results.tsx";
import { say, word } from "./words.ts";

interface Given {
  readonly payments: SheetPayments;
  readonly proof: CounterProof;
  /** Of the receipt. */
  readonly number: string;
  /** When its answer came; what happens later is asked for. */
  readonly wasVoided: boolean;
}

/** The centre's time, which never goes back: what was past stays past, whatever is done to the phone's clock. */
function useCentreTime(payments: SheetPayments): number {
  useNow();
  const began = useRef({ at: payments.now(), mark: performance.now() });
  const latest = useRef(0);
  const passed = began.current.at + (performance.now() - began.current.mark) / 1000;
  latest.current = Math.max(latest.current, passed, payments.now());
  return latest.current;
}

/** Whether the payment was given back, told loudly in the moment that it is. */
function useVoided({ payments, proof, number, wasVoided }: Given): boolean {
  const [isVoided, setVoided] = useState(wasVoided);
  useEffect(() => {
    if (isVoided) return;
    const stop = new AbortController();
    void follow(payments, { current: proof.paid_at }, stop.signal, ({ payments: found }) => {
      if (!found.some(({ reverses }) => reverses === number)) return;
      setVoided(true);
      play("refused");
      navigator.vibrate?.([120, 80, 120]);
    });
    return () => stop.abort();
  }, [payments, proof, number, isVoided]);
  return isVoided;
}

export function Proof(given: Given) {
  const { payments, proof, number } = given;
  const now = useCentreTime(payments);
  const isVoided = useVoided(given);
  const minute = proof.minutes.find(({ since, until }) => since <= now && now < until);
  return (
    <section class={`proof ${isVoided ? "past voided" : minute ? "" : "past"}`} role={isVoided ? "alert" : "status"}>
      {minute && !isVoided && <Band minute={minute} />}
      <p class="show">{say(isVoided ? "phone.proof.voided" : minute ? "phone.proof.show" : "phone.proof.past")}</p>
      <svg viewBox="0 0 24 24" aria-hidden="true" class="check">
        <path d={isVoided ? "M5 5l14 14M19 5L5 19" : "M4 13l5 5L20 6"} />
      </svg>
      <p class="big">¥ {yuan(proof.amount_fen)}</p>
      {proof.name && <p class="window">{proof.name}</p>}
      <p>
        {inMine(proof.canteen_zh, proof.canteen_en)}
        <br />
        {heading(word("meal", proof.meal))}
      </p>
      {minute && !isVoided && (
        <p class="minute">
          <small>{say("phone.proof.word")}</small> <b>{inMine(minute.word_zh, minute.word_en)}</b>
        </p>
      )}
      {minute && !isVoided && <p class="clock">{clockWithSeconds(now, language)}</p>}
      <dl>
        <div>
          <dt>{say("phone.proof.number")}</dt>
          <dd>{proof.short_number}</dd>
        </div>
        <div>
          <dt>{say("phone.proof.paid_at")}</dt>
          <dd>{clockWithSeconds(proof.paid_at, language)}</dd>
        </div>
      </dl>
      <p class="two">
        <a class="plain" href={`/r/${number}?lang=${tag}&from=phone`}>
          {say("phone.receipt")}
        </a>
        <a class="plain" href="#pay">
          {say("phone.done")}
        </a>
      </p>
    </section>
  );
}
