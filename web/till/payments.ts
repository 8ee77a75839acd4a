/** The requests of the journal as a cashier sees them, and what a shift's come to. Money in fen, times in seconds. */

import { type Answer, readAnswer } from "../shared/terminal/answers.ts";
import type { Meal } from "../shared/terminal/cards.ts";
import type { Entry } from "../shared/terminal/journal.ts";

/** A charge of the journal. */
export interface Payment {
  readonly epoch: number;
  readonly sequence: number;
  readonly meal: Meal;
  readonly purchasedAt: number;
  readonly channel: "code" | "card";
  readonly outcome: "approved" | "refused" | "voided" | "unknown" | "rejected";
  /** What was paid; 0 where nothing was. */
  readonly amountFen: number;
  /** Of the receipt, a UUID; empty without one. */
  readonly number: string;
  /** On which it is settled, YYYY-MM-DD; empty without a receipt. */
  readonly businessDate: string;
  readonly hostFen: number;
  readonly answer: Answer | null;
  /** What the diner presented. */
  readonly code: string;
  readonly isWorkingMeal: boolean;
}

interface ChargeBody {
  readonly meal: Meal;
  readonly purchased_at: number;
  readonly qr?: string;
  readonly working_meal?: true;
}

export function paymentOf(entry: Entry): Payment {
  const body = JSON.parse(entry.body) as ChargeBody;
  const answer = entry.answer === null ? null : readAnswer(entry.answer);
  const receipt = answer?.outcome === "approved" ? answer.receipt : null;
  return {
    epoch: entry.epoch,
    sequence: entry.sequence,
    meal: body.meal,
    purchasedAt: body.purchased_at,
    channel: body.qr === undefined ? "card" : "code",
    outcome: entry.outcome as Payment["outcome"],
    amountFen: receipt?.amount_fen ?? 0,
    number: receipt?.number ?? "",
    businessDate: receipt?.business_date ?? "",
    hostFen: receipt?.host_fen ?? 0,
    answer,
    code: body.qr ?? "",
    isWorkingMeal: body.working_meal === true,
  };
}

/** The number as the centre's receipt prints it: the business date, and the last eight characters of the whole. */
export function receiptNumber({ number, businessDate }: { number: string; businessDate: string }): string {
  const last = number.slice(-8).toUpperCase();
  return `${businessDate.replaceAll("-", "")} ${last.slice(0, 4)} ${last.slice(4)}`;
}

/** The charges of a journal's entries, the latest first. */
export function paymentsOf(entries: readonly Entry[]): Payment[] {
  return entries
    .filter((entry) => entry.operation === "charge")
    .map(paymentOf)
    .reverse();
}

/** Why a payment was refused, in the reader's language; empty where it was not. */
export function reasonOf(entry: { answer: Answer | null }, pick: (zh?: string, en?: string) => string): string {
  const { answer } = entry;
  return answer?.outcome === "refused" ? pick(answer.title_zh, answer.title_en) || answer.reason : "";
}

export interface Sum {
  readonly count: number;
  readonly fen: number;
}

export interface Totals {
  readonly taken: Sum;
  /** Of what was taken. */
  readonly meals: readonly (Sum & { readonly meal: Meal })[];
  readonly channels: readonly (Sum & { readonly channel: Payment["channel"] })[];
  readonly voided: Sum;
  readonly refusals: readonly { readonly reason: string; readonly count: number }[];
}

export function totalsOf(payments: readonly Payment[], reason: (payment: Payment) => string): Totals {
  const taken = payments.filter(({ outcome }) => outcome === "approved");
  const refused = payments.filter(({ outcome }) => outcome === "refused" || outcome === "rejected");
  return {
    taken: sumOf(taken),
    meals: groups(taken, ({ meal }) => meal).map(([meal, of]) => ({ meal, ...sumOf(of) })),
    channels: groups(taken, ({ channel }) => channel).map(([channel, of]) => ({ channel, ...sumOf(of) })),
    voided: sumOf(payments.filter(({ outcome, amountFen }) => outcome === "voided" && amountFen > 0)),
    refusals: groups(refused, reason)
      .map(([said, of]) => ({ reason: said, count: of.length }))
      .sort((one, other) => other.count - one.count),
  };
}

function sumOf(payments: readonly Payment[]): Sum {
  return { count: payments.length, fen: payments.reduce((fen, payment) => fen + payment.amountFen, 0) };
}

function groups<Key>(payments: readonly Payment[], by: (payment: Payment) => Key): [Key, Payment[]][] {
  const found = new Map<Key, Payment[]>();
  for (const payment of payments) found.set(by(payment), [...(found.get(by(payment)) ?? []), payment]);
  return [...found];
}
