/** What was paid, without asking: a till's payment as it is posted, and what an earlier start left without an outcome. */

import { useEffect, useRef, useState } from "preact/hooks";
import { clockWithSeconds, yuan } from "../shared/formats.ts";
import { heading, inMine, language, tag } from "../shared/language.ts";
import { play } from "../shared/sounds.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import type { Result, SheetAnswer, SheetPayments } from "../shared/terminal/sheetPayments.ts";
import type { Centre } from "./centre.ts";
import { say, word } from "./words.ts";

/** After a question that failed, or that the centre has no room for. */
const PAUSE_MS = 5_000;

/** Tell of postings after a mark as they come, until `stop`; asked for while somebody looks. `mark` moves on. */
export async function follow(
  payments: SheetPayments,
  mark: { current: string | number },
  stop: AbortSignal,
  told: (found: readonly Result[]) => void,
  failed: (error: unknown) => void = () => undefined,
): Promise<void> {
  while (!stop.aborted) {
    if (document.visibilityState !== "visible") {
      await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
    }
    try {
      const found = await payments.next(mark.current);
      if (stop.aborted) return;
      mark.current = found.mark;
      if (found.payments.length > 0) told(found.payments);
    } catch (error) {
      if (stop.aborted) return;
      failed(error);
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}

/** The latest posting since the code is on the screen, also one of a time without a network. */
export function useResults(phone: Phone, payments: SheetPayments, centre: Centre, isCode: boolean) {
  const [result, setResult] = useState<Result | null>(null);
  const mark = useRef<string | number>(0);
  useEffect(() => {
    mark.current = phone.now();
    setResult(null);
  }, [phone, isCode]);
  const isAsked = isCode && centre.state === "reached";
  const { lost } = centre;
  useEffect(() => {
    if (!isAsked) return;
    const stop = new AbortController();
    void follow(payments, mark, stop.signal, (found) => setResult(found.at(-1) ?? null), lost);
    return () => stop.abort();
  }, [payments, isAsked, lost]);
  useEffect(() => {
    if (result === null) return;
    play(isPayment(result) ? "good" : "look");
    navigator.vibrate?.(120);
  }, [result]);
  return { result, seen: () => setResult(null) };
}

function isPayment({ kind }: Result): boolean {
  return kind === "payment" || kind === "working_meal";
}

export function NewPayment({ result, seen }: { result: Result; seen: () => void }) {
  const isGood = isPayment(result);
  return (
    <section class={`paid ${isGood ? "" : "returned"}`} role="status">
      <p>
        {isGood ? `✓ ${say("phone.paid")}` : `↺ ${say("phone.paid.returned")}`} ·{" "}
        {clockWithSeconds(result.posted_at, language)}
      </p>
      <p class="big">¥ {yuan(Math.abs(result.amount_fen))}</p>
      <p>
        {inMine(result.canteen_zh, result.canteen_en)} · {heading(word("meal", result.meal))}
      </p>
      <p>{say("phone.paid.left", { amount: yuan(result.cash_fen) })}</p>
      <p class="two">
        {isGood && <a href={`/r/${result.number}?lang=${tag}`}>{say("phone.receipt")}</a>}
        <button type="button" onClick={seen}>
          {say("phone.done")}
        </button>
      </p>
    </section>
  );
}

/** What became of payments by a sheet whose answer was lost: told once, when the centre has said it. */
export function Resolved({ payments, isReached }: { payments: SheetPayments; isReached: boolean }) {
  const [answers, setAnswers] = useState<readonly SheetAnswer[]>([]);
  useEffect(() => {
    if (isReached) void payments.resolve().then((known) => setAnswers((before) => [...before, ...known]));
  }, [payments, isReached]);
  if (answers.length === 0) return null;
  return (
    <div class="notice" role="status">
      {answers.map((answer) => (
        <p key={answer.entry.sequence}>
          {answer.outcome === "approved"
            ? say("phone.resolved.paid", { amount: yuan(answer.receipt.amount_fen) })
            : say("phone.resolved.not_paid")}
        </p>
      ))}
      <button type="button" class="plain" onClick={() => setAnswers([])}>
        {say("phone.done")}
      </button>
    </div>
  );
}
