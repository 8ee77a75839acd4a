/**
 * A phone that pays by a canteen's sheet (section 9.2 of the page). It is a terminal of its own kind: every payment is in
 * its journal before it is sent, and sent again under its number until its outcome is known.
 */

import { type Answer, OutcomeUnknown, Rejected, readAnswer } from "./answers.ts";
import type { Entry, Journal } from "./journal.ts";
import type { Phone } from "./phone.ts";
import { checkForm } from "./requests.ts";

/** A phone that loses its journal loses its key: it never begins another one. */
const EPOCH = 1;

/** Problems that a message keeps however often it is sent: nothing was posted under its number. */
const FINAL = new Set(["invalid", "malformed", "other-content", "epoch-wrong"]);

/** How long a question for results may wait at the centre: less than the transport waits for its answer. */
const WAIT_MAX_S = 8;

/** What a sheet sells now to the phone's holder. Money in fen, times as ISO 8601. */
export interface SheetForMe {
  readonly sheet: string;
  readonly canteen_id: number;
  readonly canteen_zh: string;
  readonly canteen_en: string;
  readonly agency_zh: string;
  readonly agency_en: string;
  /** The window where it hangs. */
  readonly name: string | null;
  /** Of his own agency, where meal money pays, too. */
  readonly at_home: boolean;
  /** Null: none is sold now. */
  readonly meal: "breakfast" | "lunch" | "dinner" | null;
  readonly starts: string | null;
  readonly ends: string | null;
  readonly opens_at: string | null;
  /** To be confirmed; null where he enters the amount. */
  readonly price_fen: number | null;
  readonly limit_fen: number | null;
  readonly may_eat: boolean;
  readonly why_not: { readonly code: string; readonly reason_zh: string; readonly reason_en: string } | null;
  readonly cash_fen: number;
  readonly subsidy_fen: number;
  readonly place: { readonly check: "off" | "flag" | "refuse"; readonly within_m: number };
}

/** Where the phone is, in degrees (WGS 84), or why it does not say. */
export type PlaceSaid =
  | { readonly latitude: number; readonly longitude: number; readonly accuracy_m: number }
  | "denied"
  | "unknown";

/** The word and the colours of a minute, which nobody but the centre knows before; seconds since 1970. */
export interface Minute {
  readonly since: number;
  readonly until: number;
  readonly word_zh: string;
  readonly word_en: string;
  readonly ground: string;
  readonly figure: string;
}

/** What the payer shows at the counter. */
export interface CounterProof {
  readonly canteen_zh: string;
  readonly canteen_en: string;
  /** The window where the sheet hangs. */
  readonly name: string | null;
  readonly meal: string;
  readonly amount_fen: number;
  readonly short_number: string;
  readonly paid_at: number;
  readonly minutes: readonly Minute[];
}

/** The answer to a payment; `entry` is the request in the journal. */
export type SheetAnswer = Answer & {
  /** Of a refusal `price_changed`: what the meal costs instead. */
  readonly price_fen?: number;
  readonly place?: "off" | "near" | "far" | "denied" | "unknown";
  readonly proof?: CounterProof;
  readonly entry: Entry;
};

/** What was sent, without the place, which no journal has. */
export interface SheetMessage {
  readonly epoch: number;
  readonly sequence: number;
  readonly sheet: string;
  readonly canteen_id: number;
  readonly meal: string;
  readonly amount_fen: number;
  readonly purchased_at: number;
}

/** A message in the journal, with the credential that it is of: a browser may become another official's phone. */
type Kept = SheetMessage & { readonly credential_id: number };

/** A posting of the holder, by whichever way. Money in fen. */
export interface Result {
  readonly number: string;
  readonly short_number: string;
  readonly kind: "payment" | "working_meal" | "reversal" | "refund";
  /** The number of the payment that it gives back. */
  readonly reverses: string | null;
  readonly channel: string;
  readonly meal: string;
  readonly canteen_id: number;
  readonly canteen_zh: string;
  readonly canteen_en: string;
  /** When the payment was made; of what was given back, when that payment was. */
  readonly purchased_at: string | null;
  readonly posted_at: string;
  readonly amount_fen: number;
  readonly cash_fen: number;
  readonly subsidy_fen: number;
}

/** A code of this phone that a till refused: nothing was paid. */
export interface CodeRefused {
  readonly at: string;
  readonly canteen_id: number;
  readonly canteen_zh: string;
  readonly canteen_en: string;
  readonly meal: string;
  readonly reason: string;
  readonly reason_zh: string;
  readonly reason_en: string;
}

export interface Results {
  /** To be given with the next question. */
  readonly mark: string;
  /** Oldest first. */
  readonly payments: readonly Result[];
  /** Oldest first, of the last minute. */
  readonly refusals: readonly CodeRefused[];
}

export class SheetPayments {
  readonly #phone: Phone;
  readonly #journal: Journal;
  /** The payment of each sheet that was asked for: one number, however often its button is tapped. */
  readonly #begun = new WeakMap<SheetForMe, Promise<SheetMessage>>();
  /** Codes of what was asked. */
  readonly #codes = new WeakMap<SheetForMe, string>();
  readonly #sending = new Map<number, Promise<SheetAnswer>>();
  /** Numbers are given out one after another. */
  #numbering: Promise<unknown> = Promise.resolve();

  constructor(phone: Phone, journal: Journal) {
    this.#phone = phone;
    this.#journal = journal;
  }

  /** The centre's time by the phone's clock, seconds since 1970. */
  now(): number {
    return this.#phone.now();
  }

  /** What a sheet sells now; throws Rejected (`sheet-unknown`, `sheet-ended`) and OutcomeUnknown. */
  async ask(code: string): Promise<SheetForMe> {
    const asked = (await this.#phone.ask("GET", `/me/sheets/${encodeURIComponent(code)}`)) as SheetForMe;
    this.#codes.set(asked, code);
    return asked;
  }

  /**
   * Pay what `ask` said, at its price or for an amount; throws OutcomeUnknown, after which the same call sends the same
   * payment again, Rejected, and RangeError for another form.
   *
   * However often it is called with one answer of `ask`, it is one payment.
   */
  async pay(
    asked: SheetForMe,
    { amountFen, place }: { amountFen?: number; place?: PlaceSaid } = {},
  ): Promise<SheetAnswer> {
    let begun = this.#begun.get(asked);
    if (!begun) {
      begun = this.#begin(asked, amountFen ?? asked.price_fen);
      this.#begun.set(asked, begun);
      begun.catch(() => this.#begun.delete(asked));
    }
    return this.#send(await begun, place);
  }

  /**
   * What this phone sent and has no answer yet, in its order.
   *
   * What an earlier owner of the journal left, under another credential, is never sent again: this key would pay it.
   */
  async unresolved(): Promise<SheetMessage[]> {
    const open = (await this.#journal.unanswered()).map((entry) => JSON.parse(entry.body) as Kept);
    return open
      .filter((kept) => kept.credential_id === this.#phone.credentialId)
      .map(({ credential_id: _, ...message }) => message);
  }

  /**
   * Find out, when the application starts, what became of payments without an answer; what is still unknown stays so.
   *
   * Nothing is paid late by it: what did not arrive within a minute is refused.
   */
  async resolve(): Promise<SheetAnswer[]> {
    const known: SheetAnswer[] = [];
    for (const message of await this.unresolved()) {
      try {
        known.push(await this.#send(message));
      } catch (error) {
        if (!(error instanceof OutcomeUnknown || error instanceof Rejected)) throw error;
      }
    }
    return known;
  }

  /**
   * Payments and voids of the holder after a mark, whichever till made them, and refusals of this phone's codes: at once
   * where there are some, else as soon as there are, or none after `waitS` seconds (at most 8). Throws OutcomeUnknown and Rejected.
   *
   * `mark`: when a code was first shown, in seconds since 1970 by `phone.now()`, or the mark of the answer before.
   */
  async next(mark: string | number, waitS = WAIT_MAX_S): Promise<Results> {
    const query = new URLSearchParams({ after: String(mark), wait: String(Math.min(waitS, WAIT_MAX_S)) });
    return (await this.#phone.ask("GET", `/me/results?${query}`)) as Results;
  }

  #begin(asked: SheetForMe, amountFen: number | null): Promise<SheetMessage> {
    const next = this.#numbering.then(async () => {
      const message = {
        epoch: EPOCH,
        sequence: (await this.#journal.highestSequence(EPOCH)) + 1,
        sheet: this.#codes.get(asked) ?? "",
        canteen_id: asked.canteen_id,
        meal: asked.meal ?? "",
        amount_fen: amountFen ?? 0,
        purchased_at: this.#phone.now(),
      };
      checkForm("payment", message);
      const kept: Kept = { ...message, credential_id: this.#phone.credentialId };
      await this.#journal.writeAhead(EPOCH, message.sequence, "charge", JSON.stringify(kept));
      return message;
    });
    this.#numbering = next.catch(() => undefined);
    return next;
  }

  /** Two taps are one request while it is under way. */
  #send(message: SheetMessage, place?: PlaceSaid): Promise<SheetAnswer> {
    const { sequence } = message;
    const under = this.#sending.get(sequence);
    if (under) return under;
    const sending = this.#sendOnce(message, place).finally(() => this.#sending.delete(sequence));
    this.#sending.set(sequence, sending);
    return sending;
  }

  async #sendOnce(message: SheetMessage, place?: PlaceSaid): Promise<SheetAnswer> {
    const { sequence } = message;
    const kept = await this.#journal.entry(EPOCH, sequence);
    if (kept?.answer) return this.#known(kept, kept.answer);
    const said = place === undefined ? {} : typeof place === "string" ? { no_place: place } : { place };
    let answer: string;
    try {
      answer = JSON.stringify(await this.#phone.ask("POST", "/phone/payments", { ...message, ...said }));
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      if (!FINAL.has(error.slug)) throw new OutcomeUnknown(error.message, error.status, error.problem);
      await this.#journal.writeAnswer(EPOCH, sequence, "rejected", error.text);
      throw error;
    }
    const read = readAnswer(answer);
    if (read === null || read.outcome === "recorded") throw new OutcomeUnknown(`an answer of another form: ${answer}`);
    const isReversed = read.outcome === "approved" && (read.reversed_fen ?? 0) > 0;
    await this.#journal.writeAnswer(EPOCH, sequence, isReversed ? "voided" : read.outcome, answer);
    return this.#known(await this.#journal.entry(EPOCH, sequence), answer);
  }

  #known(entry: Entry | undefined, answer: string): SheetAnswer {
    if (!entry) throw new Error("the journal lost a payment");
    if (entry.outcome === "rejected") throw new Rejected(422, JSON.parse(answer), answer);
    return { ...JSON.parse(answer), entry };
  }
}
