/** What was paid, without asking: a till's payment as it is posted, and what an earlier start left without an outcome. */

import { useEffect, useRef, useState } from "preact/hooks";
import { clockWithSeconds, yuan } from "../shared/formats.ts";
import { heading, inMine, language, tag } from "../shared/language.ts";
import { play } from "../shared/sounds.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import type { CodeRefused, Result, Results, SheetAnswer, SheetPayments } from "../shared/terminal/sheetPayments.ts";
import type { Centre } from "./centre.ts";
import { say, word } from "./words.ts";

/** After a question that failed, or that the centre has no room for. */
const PAUSE_MS = 5_000;

/** Tell of postings after a mark as they come, until `stop`; asked for while somebody looks. `mark` moves on. */
export async function follow(
  payments: SheetPayments,
  mark: { current: string | number },
  stop: AbortSignal,
  told: (found: Results) => void,
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
      if (found.payments.length + found.refusals.length > 0) told(found);
    } catch (error) {
      if (stop.aborted) return;
      failed(error);
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}

/** What the holder is told of his code. */
export type News = Result | CodeRefused;

function isRefusal(news: News): news is CodeRefused {
  return "reason" in news;
}

/** The latest of some news; what was posted says more than what was refused at the same time. */
function latestOf({ payments, refusals }: Results): News | null {
  const [payment, refusal] = [payments.at(-1), refusals.at(-1)];
  if (!payment || !refusal) return payment ?? refusal ?? null;
  return Date.parse(refusal.at) > Date.parse(payment.posted_at) ? refusal : payment;
}

/** The latest news since the code is on the screen, also of a time without a network. */
export function useResults(phone: Phone, payments: SheetPayments, centre: Centre, isCode: boolean) {
  const [news, setNews] = useState<News | null>(null);
  const mark = useRef<string | number>(0);
  useEffect(() => {
    // What was told is not told again, though the phone's clock were behind the centre's.
    if (Number(mark.current) < phone.now()) mark.current = phone.now();
    setNews(null);
  }, [phone, isCode]);
  const isAsked = isCode && centre.state === "reached";
  const { lost } = centre;
  useEffect(() => {
    if (!isAsked) return;
    const stop = new AbortController();
    void follow(payments, mark, stop.signal, (found) => setNews(latestOf(found)), lost);
    return () => stop.abort();
  }, [payments, isAsked, lost]);
  useEffect(() => {
    if (news === null) return;
    play(isRefusal(news) ? "refused" : isPayment(news) ? "good" : "look");
    navigator.vibrate?.(isRefusal(news) ? [120, 80, 120] : 120);
  }, [news]);
  return { news, seen: () => setNews(null) };
}

function isPayment({ kind }: Result): boolean {
  return kind === "payment" || kind === "working_meal";
}

/** Of a refusal, where the holder can do what it needs. */
const NEXT_STEPS: Readonly<Record<string, readonly [string, "phone.top_up" | "phone.visits.add"]>> = {
  insufficient_funds: ["#mine/top-up", "phone.top_up"],
  not_entitled: ["#mine/visits", "phone.visits.add"],
};

export function Told({ news, seen }: { news: News; seen: () => void }) {
  return isRefusal(news) ? <Refused refused={news} seen={seen} /> : <Posted result={news} seen={seen} />;
}

interface WhereGiven {
  readonly canteen_zh: string;
  readonly canteen_en: string;
  readonly meal: string;
  readonly at: string;
}

function Where({ canteen_zh, canteen_en, meal, at }: WhereGiven) {
  return (
    <p>
      {inMine(canteen_zh, canteen_en)}
      <br />
      {heading(word("meal", meal))} · {clockWithSeconds(at, language)}
    </p>
  );
}

function Refused({ refused, seen }: { refused: CodeRefused; seen: () => void }) {
  const next = NEXT_STEPS[refused.reason];
  return (
    <section class="told refused" role="alert">
      <p class="title">
        <span aria-hidden="true">✕</span> {say("phone.refused_at_till")}
      </p>
      <p>{inMine(refused.reason_zh, refused.reason_en)}</p>
      <Where {...refused} />
      <p class="two">
        {next && <a href={next[0]}>{say(next[1])}</a>}
        <button type="button" onClick={seen}>
          {say("phone.seen")}
        </button>
      </p>
    </section>
  );
}

function Posted({ result, seen }: { result: Result; seen: () => void }) {
  const isGood = isPayment(result);
  const amount = yuan(Math.abs(result.amount_fen));
  return (
    <section class={`told ${isGood ? "paid" : "returned"}`} role="status">
      <p class="title">
        <span aria-hidden="true">{isGood ? "✓" : "↺"}</span> {say(isGood ? "phone.paid" : "phone.paid.returned")}
      </p>
      <p class="big">¥ {amount}</p>
      <Where {...result} at={result.purchased_at ?? result.posted_at} />
      <p>{say("phone.paid.left", { amount: yuan(result.cash_fen) })}</p>
      <p class="two">
        <a href={`/r/${result.reverses ?? result.number}?lang=${tag}&from=phone`}>{say("phone.receipt")}</a>
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
