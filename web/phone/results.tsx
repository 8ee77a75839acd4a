/** What was paid, without asking: a till's payment as it is posted, and what an earlier start left without an outcome. */

import { useEffect, useState } from "preact/hooks";
import { clockWithSeconds, yuan } from "../shared/formats.ts";
import { heading, inMine, language, tag } from "../shared/language.ts";
import { play } from "../shared/sounds.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import type { Result, SheetAnswer, SheetPayments } from "../shared/terminal/sheetPayments.ts";
import { say, word } from "./words.ts";

/** After a question that failed, or that the centre has no room for. */
const PAUSE_MS = 5_000;

/** The latest posting since the code is on the screen; asked for while `isAsked` and somebody looks. */
export function useResults(phone: Phone, payments: SheetPayments, isAsked: boolean) {
  const [result, setResult] = useState<Result | null>(null);
  useEffect(() => {
    if (!isAsked) return;
    let isOver = false;
    const ask = async () => {
      let mark: string | number = phone.now();
      while (!isOver) {
        if (document.visibilityState !== "visible") {
          await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
        }
        try {
          const found = await payments.next(mark);
          mark = found.mark;
          const latest = found.payments.at(-1);
          if (latest && !isOver) setResult(latest);
        } catch {
          await new Promise((done) => setTimeout(done, PAUSE_MS));
        }
      }
    };
    void ask();
    return () => {
      isOver = true;
    };
  }, [phone, payments, isAsked]);
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
    <section class={`paid ${isGood ? "" : "back"}`} role="status">
      <p>
        {isGood ? `✓ ${say("phone.paid")}` : `↺ ${heading(word("transfer.kind", result.kind))}`} ·{" "}
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
