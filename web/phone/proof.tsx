/** The proof that a cashier trusts from a metre away: the minute's colours and word, a running clock, what was paid where. */

import { Band } from "../shared/band.tsx";
import { clockWithSeconds, yuan } from "../shared/formats.ts";
import { heading, inMine, language, tag } from "../shared/language.ts";
import type { CounterProof } from "../shared/terminal/sheetPayments.ts";
import { useNow } from "../shared/useNow.ts";
import { say, word } from "./words.ts";

interface Given {
  readonly proof: CounterProof;
  /** Of the receipt. */
  readonly number: string;
  readonly isVoided: boolean;
}

export function Proof({ proof, number, isVoided }: Given) {
  const now = useNow();
  const minute = proof.minutes.find(({ since, until }) => since <= now && now < until);
  return (
    <section class={`proof ${minute && !isVoided ? "" : "past"}`} role="status">
      {minute && <Band minute={minute} />}
      <p class="show">{say(isVoided ? "phone.proof.voided" : minute ? "phone.proof.show" : "phone.proof.past")}</p>
      <svg viewBox="0 0 24 24" aria-hidden="true" class="check">
        <path d="M4 13l5 5L20 6" />
      </svg>
      <p class="big">¥ {yuan(proof.amount_fen)}</p>
      <p>
        {inMine(proof.canteen_zh, proof.canteen_en)} · {heading(word("meal", proof.meal))}
      </p>
      {minute && (
        <p class="minute">
          <small>{say("phone.proof.word")}</small> <b>{inMine(minute.word_zh, minute.word_en)}</b>
        </p>
      )}
      <p class="clock">{clockWithSeconds(minute ? now : proof.paid_at, language)}</p>
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
        <a class="plain" href={`/r/${number}?lang=${tag}`}>
          {say("phone.receipt")}
        </a>
        <a class="plain" href="#pay">
          {say("phone.done")}
        </a>
      </p>
    </section>
  );
}
