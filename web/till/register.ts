/**
 * The till behind its screen: takes one code after another, follows what has no answer to its end, and knows how the
 * centre is. It sends nothing that the protocol's client does not send.
 */

import { play } from "../shared/sounds.ts";
import { type Answer, NotSignedOn, OutcomeUnknown, Rejected } from "../shared/terminal/answers.ts";
import type { Meal } from "../shared/terminal/cards.ts";
import type { Entry, Journal, Store } from "../shared/terminal/journal.ts";
import { acceptedKeys, isFresh, type Parameters, type Price } from "../shared/terminal/parameters.ts";
import { sleep } from "../shared/terminal/pauses.ts";
import { endingOf, type PaymentFound, type SettledSheetVoid, type SheetVoid } from "../shared/terminal/sheetVoids.ts";
import type { ShiftClosed } from "../shared/terminal/shifts.ts";
import type { ChargeOptions, Settled, Terminal } from "../shared/terminal/terminal.ts";
import { mealAt, priceAt } from "./meals.ts";
import { type Payment, paymentOf, paymentsOf } from "./payments.ts";
import { dinerOf, kindOf, lacksShift } from "./scanned.ts";
import { problemSaid } from "./words.ts";

/** A payment is asked for again for so long; then it is voided. */
const VOID_AFTER_S = 20;
/** A void without an answer may be set aside after so long: the diner cannot wait for a network. */
const ASIDE_AFTER_S = 10;
/** A good result stays for so long, unless the next diner comes before. */
export const SHOWN_FOR_MS = 1_500;
/** The centre is asked for news when it has not answered anything for so long; when it is away, more often. */
const NEWS_EVERY_S = 30;
/** Hours, prices and the block list are asked for so often, however many diners come: what changed is soon shown. */
const PARAMETERS_EVERY_S = 60;
const TRY_EVERY_S = 3;
const TICK_MS = 500;
/** An answer that took longer says that the centre is slow. */
const SLOW_AFTER_MS = 3_000;
/** A local clock that is further off is told. */
const CLOCK_OFF_S = 60;
/** The clock was set meanwhile: the centre's time is asked for anew. */
const CLOCK_JUMP_S = 5;
/** Who pays the same meal twice within this time is asked about. */
const AGAIN_WITHIN_S = 120;

/** An amount that changed so shortly before a code came may not be complete, or not the cashier's. */
const UNSURE_WITHIN_MS = 250;

/** Refusals that say that the till has other parameters than the centre. */
const OF_PARAMETERS = new Set([
  "price_fixed",
  "amount_missing",
  "meal_not_served",
  "limit_exceeded",
  "cashier_missing",
]);

/** Refusals of a void that another cashier's sign-on ends. */
const OF_CASHIER = new Set(["cashier_missing", "void_not_permitted"]);

/** Why nothing was taken, where the till itself says so; texts are `till.local.*`. */
export type Local =
  | "foreign"
  | "garbled"
  | "incomplete"
  | "away"
  | "amount"
  | "unsure"
  | "journal"
  | "not_served"
  | "form"
  | "void_unknown"
  | "sheet_void_unknown";

/** What fills the screen. `error` and `look` stay until somebody has seen them. */
export type Shown =
  | { readonly state: "ready" }
  | { readonly state: "waiting"; readonly since: number }
  | { readonly state: "good"; readonly payment: Payment }
  | { readonly state: "look"; readonly payment: Payment; readonly why: "confirmed" | "other_price" }
  | { readonly state: "voided"; readonly backFen: number }
  | { readonly state: "refused"; readonly title: readonly [string, string]; readonly advice: readonly [string, string] }
  | { readonly state: "local"; readonly why: Local }
  | { readonly state: "again"; readonly code: string; readonly meal: Meal }
  | {
      readonly state: "unknown";
      readonly payment: Payment;
      /** When it began to be unknown, and when its void was begun; null while it is only asked for. */
      readonly since: number;
      readonly voidingSince: number | null;
    };

export type Link = "reached" | "slow" | "away" | "asking";

export interface Shift {
  readonly number: number;
  readonly cashier: string;
  readonly drawer: string;
  readonly openedAt: number;
  /** Closed once, and the centre has something else: it is compared again. */
  readonly isDisputed: boolean;
}

/** A meal that the cashier chose: it holds until another one begins by the clock. */
interface Chosen {
  readonly meal: Meal;
  readonly byClock: Meal | null;
}

export class Register {
  readonly terminal: Terminal;
  readonly journal: Journal;
  readonly store: Store;
  shown: Shown = { state: "ready" };
  /** The last result that was shown, to be called back. */
  last: Shown | null = null;
  link: Link = "asking";
  /** Of the payment that is shown: the initial of who paid. It goes with the result, and is kept nowhere. */
  payer: { readonly number: string; readonly initial: string } | null = null;
  /** What the centre said instead of an answer; empty where it said nothing. */
  trouble = "";
  shift: Shift | null = null;
  /** Of the shift, the latest first. */
  payments: readonly Payment[] = [];
  /** What has no final answer, but for the payment that is under way. */
  unanswered: readonly Entry[] = [];
  /** Chosen by the cashier; null: by the clock. */
  chosen: Meal | null = null;
  /** What the cashier has typed, in yuan: digits and a point. */
  amount = "";
  isWorkingMeal = false;
  /** Something else than the till's own screen is open: a list, a receipt, the end of the shift. */
  isElsewhere = false;
  /** Something was scanned and not taken, since the screen is not free. */
  hints = 0;
  /** An input method has taken keys. */
  isEaten = false;
  /** A receipt's code or address that was scanned. */
  receipt = "";
  /** Voids of payments by sheets that have no answer. */
  unknownSheetVoids: readonly SheetVoid[] = [];

  readonly #watchers = new Set<() => void>();
  readonly #stop = new AbortController();
  #answeredAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #clockBase = Date.now() - performance.now();
  #mealByClock: Meal | null = null;
  #isCharging = false;
  #voidAsked = false;
  /** When the cashier last changed the amount. */
  #typedAt = Number.NEGATIVE_INFINITY;
  /** A void is on its way: what became of its payment is not known before. */
  #isVoiding = false;
  #hadCashier = false;
  /** The centre knows something else than this till: it is asked at once. */
  #isOutdated = false;
  /** What voids gave back, in fen, by the number of their payment. */
  readonly #back = new Map<string, number>();
  #newsAt = Number.NEGATIVE_INFINITY;
  /** Charges whose void the cashier does not wait for, by `numberOf`. */
  #aside: readonly string[] = [];
  /** The centre voids it for a cashier alone who may. */
  #voidNeedsCashier = false;
  /** What became known while something else was on the screen: shown between two diners. */
  readonly #late: Shown[] = [];

  constructor(terminal: Terminal, journal: Journal, store: Store) {
    this.terminal = terminal;
    this.journal = journal;
    this.store = store;
  }

  /** Begin to ask the centre, and to follow what an earlier page left without an answer. */
  async start(): Promise<void> {
    await this.#reload();
    const kept = (await this.store.read("chosen")) as Chosen | undefined;
    this.#mealByClock = this.#mealNow();
    if (kept && kept.byClock === this.#mealByClock) this.chosen = kept.meal;
    this.#aside = ((await this.store.read("aside")) as readonly string[] | undefined) ?? [];
    this.#noteCashier();
    this.#showUnknown();
    void this.#run();
    void this.#tick();
  }

  /** Send nothing more: another tab has the till. */
  stop(): void {
    this.#stop.abort();
    this.payer = null;
  }

  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  get parameters(): Parameters | null {
    return this.terminal.parameters;
  }

  get meal(): Meal {
    return this.chosen ?? this.#mealNow() ?? "lunch";
  }

  /** The centre's clock minus ours, in seconds, where that is worth a word; else 0. */
  get clockOffS(): number {
    const off = Math.round(this.terminal.now() - Date.now() / 1000);
    return Math.abs(off) > CLOCK_OFF_S ? off : 0;
  }

  get isBlockListOld(): boolean {
    const { parameters, blockList } = this.terminal;
    return parameters !== null && blockList.currentAt > 0 && !isFresh(blockList, parameters, this.terminal.now());
  }

  /** Whether the cashier of this shift is signed on no more. */
  get hasLostCashier(): boolean {
    return this.#hadCashier && this.terminal.cashier === null;
  }

  /** Whether somebody must look before the next diner: a scan never closes an error. */
  get isHeld(): boolean {
    return ["look", "voided", "refused", "local", "again", "unknown"].includes(this.shown.state);
  }

  /** Whether the next code is taken. */
  get isFree(): boolean {
    return !this.#isCharging && !this.isHeld && !this.isElsewhere;
  }

  /** Between two diners: nothing is shown, nothing is under way. */
  get isIdle(): boolean {
    return this.shown.state === "ready" && !this.#isCharging && this.unanswered.length === 0;
  }

  /** How many payments have no final answer: a charge and its void are one. */
  get pending(): number {
    return new Set(this.unanswered.map(paymentNumberOf)).size + this.unknownSheetVoids.length;
  }

  /** How long until the till voids what is unknown by itself, in whole seconds; 0: it is about to, or does. */
  get voidsInS(): number {
    const { shown } = this;
    if (shown.state !== "unknown" || shown.voidingSince !== null) return 0;
    return Math.max(0, Math.ceil(VOID_AFTER_S - (performance.now() - shown.since) / 1000));
  }

  /** Whether the cashier may go on without the answer to the void that is shown. */
  get maySetAside(): boolean {
    const { shown } = this;
    if (shown.state !== "unknown" || shown.voidingSince === null) return false;
    return performance.now() - shown.voidingSince > ASIDE_AFTER_S * 1000;
  }

  /** Whether what was set aside waits for a cashier who may void. */
  get voidsAwaitCashier(): boolean {
    const mayVoid = this.terminal.cashier?.may.includes("void") === true;
    return this.#aside.length > 0 && this.#voidNeedsCashier && !mayVoid;
  }

  choose(meal: Meal): void {
    this.chosen = meal;
    this.amount = "";
    this.changed();
    void this.store.write("chosen", { meal, byClock: this.#mealNow() } satisfies Chosen);
  }

  /** What the meal is to cost where the cashier says so, in fen. */
  get amountFen(): number {
    return Math.round(Number(this.amount) * 100);
  }

  /** Whether the cashier enters what the meal costs. */
  get isAmountOpen(): boolean {
    return this.price?.limit_fen !== undefined;
  }

  get price(): Price | null {
    return this.parameters && priceAt(this.parameters, this.meal, this.terminal.now());
  }

  /**
   * One key of the keypad: a digit, a point, or `back`, and when it was pressed (as `performance.now()`). What makes no
   * amount within the limit is left out.
   */
  type(key: string, at = performance.now()): void {
    const typed = key === "back" ? this.amount.slice(0, -1) : this.amount + key;
    const isAmount = /^\d{0,4}(?:(?<=\d)\.\d{0,2})?$/.test(typed);
    if (!isAmount || Math.round(Number(typed) * 100) > (this.price?.limit_fen ?? 0)) return;
    this.#typedAt = at;
    this.setAmount(typed);
  }

  setAmount(amount: string): void {
    this.amount = amount;
    this.changed();
  }

  setWorkingMeal(on: boolean): void {
    this.isWorkingMeal = on;
    this.changed();
  }

  /** What a scanner read, and when it began to (as `performance.now()`). */
  async scan(text: string, begunAt = performance.now()): Promise<void> {
    const kind = kindOf(text);
    const isLookedUp = kind === "receipt" && !this.#isCharging && !this.isHeld;
    if (!isLookedUp && !this.isFree) {
      this.hints++;
      play("hint");
      this.changed();
      return;
    }
    if (kind === "receipt") {
      this.receipt = text;
      this.changed();
      return;
    }
    if (kind !== "payment") return this.#refuse(kind);
    if (this.link === "away") return this.#refuse("away");
    if (this.#isTaken(text)) return play("hint");
    if (this.isAmountOpen && begunAt - this.#typedAt < UNSURE_WITHIN_MS) return this.#refuse("unsure");
    this.#isCharging = true;
    const isAgain = await this.#paysAgain(text).finally(() => {
      this.#isCharging = false;
    });
    if (isAgain) {
      play("look");
      this.#show({ state: "again", code: text, meal: this.meal });
      return;
    }
    await this.#charge(text);
  }

  /** A scan that stopped in the middle. */
  lost(): void {
    if (!this.isHeld && !this.#isCharging) this.#refuse("incomplete");
  }

  eaten(): void {
    if (this.isEaten) return;
    this.isEaten = true;
    this.changed();
  }

  /** The same diner pays a second time, and the cashier has said yes. */
  async confirmAgain(): Promise<void> {
    if (this.shown.state === "again") await this.#charge(this.shown.code);
  }

  /** The cashier has seen what is shown. What is unknown stays until it is known. */
  seen(): void {
    if (this.shown.state === "unknown" || this.shown.state === "waiting") return;
    this.#show({ state: "ready" });
  }

  /** Show the last result once more. */
  callBack(): void {
    // As a result of its own: an initial that is still on its way was meant for the diner who stood there.
    if (this.shown.state === "ready" && this.last) this.#show({ ...this.last });
  }

  /** Do not wait any longer for a payment without an answer. */
  voidUnknown(): void {
    if (this.shown.state === "unknown" && this.shown.voidingSince === null) {
      this.shown = { ...this.shown, voidingSince: performance.now() };
      this.changed();
      void this.#voidWhenDue().catch((error) => this.#broken(error));
    }
  }

  /** Go on without the answer: the till voids the payment whenever the centre answers, and says so then. */
  async setAside(): Promise<void> {
    const { shown } = this;
    if (shown.state !== "unknown" || !this.maySetAside) return;
    await this.#keepAside([...this.#aside, numberOf(shown.payment)]);
    this.#voidAsked = false;
    await this.#reload();
    this.#show({ state: "ready" });
    this.#showUnknown();
  }

  /**
   * Payments at this canteen whose numbers end so, whichever till or sheet took them; throws as `ask` does.
   */
  async paymentsEnding(ending: string): Promise<readonly PaymentFound[]> {
    return this.ask(() => this.terminal.paymentsEnding(ending));
  }

  /** Take back a payment by the canteen's sheet. */
  async voidSheetPayment({ number }: PaymentFound, reason: string): Promise<void> {
    await this.#send(async () => {
      const { answer } = await this.terminal.voidSheetPayment({ short_number: endingOf(number), reason });
      return this.#ofVoid(answer);
    });
  }

  /** Void a payment of this till. What the cashier gave as reason stays at the till: the protocol has no place for it. */
  async void(payment: Payment, reason: string): Promise<void> {
    const { epoch, sequence } = payment;
    await this.store.write(`void ${epoch}/${sequence}`, reason);
    await this.#send(async () => {
      const { answer } = await this.terminal.void(epoch, sequence);
      return this.#ofVoid(answer);
    });
  }

  #ofVoid(answer: Answer): Shown {
    play(answer.outcome === "voided" ? "look" : "refused");
    return voidAs(answer);
  }

  async openShift(cashier: string, drawer: string): Promise<void> {
    try {
      await this.terminal.openShift(cashier, drawer);
      this.#answered();
    } catch (error) {
      this.#failed(error);
      // It is in the journal, and is sent again: the shift is open all the same.
      if (!(error instanceof OutcomeUnknown)) throw error;
    }
    await this.store.write("drawer", drawer);
    await this.#reload();
  }

  /** Close the shift, whose journal has an answer to everything; what the centre has of it. */
  async closeShift(): Promise<ShiftClosed> {
    try {
      const closed = await this.terminal.closeShift();
      this.#answered();
      return closed;
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      await this.#reload();
    }
  }

  /** Nobody is at the till any more: what it showed of a diner goes with the cashier; throws as `signCashierOff`. */
  async signCashierOff(): Promise<void> {
    this.payer = null;
    await this.ask(() => this.terminal.signCashierOff());
  }

  /** Whatever the centre answered elsewhere: a sign-on, a question. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      const answer = await question();
      this.#answered();
      return answer;
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      this.changed();
    }
  }

  async #charge(code: string): Promise<void> {
    const { parameters, meal, amountFen, isAmountOpen } = this;
    if (parameters && !this.price) return this.#refuse("not_served");
    if (isAmountOpen && amountFen === 0) return this.#refuse("amount");
    const options: ChargeOptions = {
      ...(isAmountOpen ? { amountFen } : {}),
      ...(this.isWorkingMeal ? { workingMeal: true } : {}),
    };
    play("taken");
    await this.#send(async () => {
      const settled = await this.terminal.chargeCode(code, meal, options);
      if (settled.answer.outcome === "approved") {
        this.amount = "";
        this.isWorkingMeal = false;
      }
      const { answer } = settled;
      if (answer.outcome === "refused" && answer.reason === "credential_invalid" && lacksShift(code)) {
        play("refused");
        return { state: "local", why: "garbled" };
      }
      return this.#resultOf(settled, false);
    });
  }

  /** Send something whose outcome fills the screen. */
  async #send(send: () => Promise<Shown>): Promise<void> {
    this.#isCharging = true;
    this.#show({ state: "waiting", since: performance.now() });
    const began = performance.now();
    let shown: Shown;
    try {
      shown = await send();
      this.#answered(performance.now() - began);
    } catch (error) {
      this.#failed(error);
      shown = this.#failure(error);
    }
    this.#isCharging = false;
    await this.#reload();
    this.#show(shown);
    if (shown.state === "good" || shown.state === "look") void this.#tellPayer(shown, shown.payment);
  }

  /** Say whose it was as soon as the centre tells: nobody waits for it, and without it the result stands as it is. */
  async #tellPayer(shown: Shown, { number }: Payment): Promise<void> {
    const initial = await this.terminal.payerInitial(endingOf(number)).catch(() => null);
    if (initial === null || this.shown !== shown) return;
    this.payer = { number, initial };
    this.changed();
  }

  #resultOf({ entry, answer }: Settled, isLate: boolean): Shown {
    if (answer.outcome === "refused") {
      if (OF_PARAMETERS.has(answer.reason)) this.#isOutdated = true;
      play("refused");
      return refusalOf(answer);
    }
    const payment = paymentOf(entry);
    if (entry.outcome === "voided") {
      play("look");
      return { state: "voided", backFen: 0 };
    }
    const isOther = this.#isOtherPrice(payment);
    play(isLate || isOther ? "look" : "good");
    if (isLate) return { state: "look", payment, why: "confirmed" };
    return isOther ? { state: "look", payment, why: "other_price" } : { state: "good", payment };
  }

  /** The centre decides by its own records: an amount that was not shown is told. */
  #isOtherPrice(payment: Payment): boolean {
    const price = this.parameters && priceAt(this.parameters, payment.meal, payment.purchasedAt);
    if (!price || price.limit_fen !== undefined || payment.isWorkingMeal) return false;
    return payment.amountFen !== price.home_fen && payment.amountFen !== price.visitor_fen;
  }

  #failure(error: unknown): Shown {
    if (error instanceof OutcomeUnknown && error.entry?.operation === "charge") {
      play("unknown");
      return { state: "unknown", payment: paymentOf(error.entry), since: performance.now(), voidingSince: null };
    }
    play("refused");
    if (error instanceof OutcomeUnknown)
      return { state: "local", why: error.entry ? "void_unknown" : "sheet_void_unknown" };
    if (error instanceof Rejected) return rejectionOf(error);
    if (error instanceof NotSignedOn) return { state: "local", why: "away" };
    return { state: "local", why: error instanceof RangeError ? "form" : "journal" };
  }

  #refuse(why: Local): void {
    play("refused");
    this.#show({ state: "local", why });
  }

  #show(shown: Shown): void {
    this.shown = shown;
    this.payer = null;
    if (!["ready", "waiting", "again", "unknown"].includes(shown.state)) this.last = shown;
    this.changed();
    if (shown.state === "good") {
      setTimeout(() => {
        if (this.shown === shown) this.#show({ state: "ready" });
      }, SHOWN_FOR_MS);
    }
  }

  /** A scanner that reads twice: a code pays once, so it is the one that was just taken. */
  #isTaken(code: string): boolean {
    const [latest] = this.payments;
    return latest?.code === code && latest.outcome === "approved";
  }

  async #paysAgain(code: string): Promise<boolean> {
    const now = this.terminal.now();
    const keys = acceptedKeys(this.parameters?.centre_keys ?? [], now);
    const recent = this.payments.filter(
      ({ outcome, meal, purchasedAt }) =>
        outcome === "approved" && meal === this.meal && now - purchasedAt < AGAIN_WITHIN_S,
    );
    if (recent.length === 0) return false;
    const diner = await dinerOf(code, keys);
    const before = await Promise.all(recent.map((one) => dinerOf(one.code, keys)));
    return diner !== null && before.includes(diner);
  }

  #answered(tookMs = 0): void {
    this.#answeredAt = performance.now();
    this.link = tookMs > SLOW_AFTER_MS ? "slow" : "reached";
  }

  #failed(error: unknown): void {
    if (error instanceof Rejected) this.#answered();
    if (!(error instanceof OutcomeUnknown || error instanceof NotSignedOn)) return;
    this.link = "away";
    const cause = error instanceof NotSignedOn ? error.cause : error;
    this.trouble = cause instanceof OutcomeUnknown || cause instanceof Rejected ? problemSaid(cause.problem) : "";
  }

  async #reload(): Promise<void> {
    const { journal, terminal } = this;
    const opening = await journal.latestShift(terminal.epoch);
    this.shift = opening ? await this.#shiftOf(opening) : null;
    const from = this.shift?.number ?? Number.MAX_SAFE_INTEGER;
    this.payments = paymentsOf(await journal.between(terminal.epoch, from, Number.MAX_SAFE_INTEGER));
    this.unanswered = this.#isCharging ? this.unanswered : await terminal.unknown();
    this.unknownSheetVoids = this.#isCharging ? this.unknownSheetVoids : await terminal.unknownSheetVoids();
    this.changed();
  }

  async #shiftOf(opening: Entry): Promise<Shift | null> {
    const closing = await this.journal.closing(opening.epoch, opening.sequence);
    const answer = closing?.answer ? (JSON.parse(closing.answer) as ShiftClosed) : null;
    if (answer?.agree) return null;
    const said = JSON.parse(opening.body) as { cashier: string; drawer: string; opened_at: number };
    return {
      number: opening.sequence,
      cashier: said.cashier,
      drawer: said.drawer,
      openedAt: said.opened_at,
      isDisputed: closing !== undefined,
    };
  }

  /** Charges that are neither answered, voided nor set aside, the latest first. */
  #openCharges(): Entry[] {
    return this.unanswered
      .filter((one) => one.operation === "charge" && one.outcome === "unknown" && !this.#isAside(one))
      .reverse();
  }

  #isAside(one: Numbered): boolean {
    return this.#aside.includes(numberOf(one));
  }

  async #keepAside(aside: readonly string[]): Promise<void> {
    this.#aside = aside;
    await this.store.write("aside", aside);
  }

  /** Until it is stopped: ask again what is unknown, and the centre for news. Either may take long. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (!this.#isCharging) {
          await this.#askAgain();
          await this.#voidAside();
          await this.#askSheetVoidsAgain();
          await this.#askForNews();
        }
      } catch (error) {
        this.#broken(error);
      }
      await sleep(TICK_MS, signal);
    }
  }

  /** Until it is stopped: what goes by the clock, also while the centre does not answer. */
  async #tick(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#noteMeal();
      this.#noteCashier();
      void this.#voidWhenDue().catch((error) => this.#broken(error));
      this.#showLate();
      this.changed();
      await sleep(TICK_MS, signal);
    }
  }

  /** The disk of the till: without its journal it takes nothing. */
  #broken(error: unknown): void {
    if (this.stopped.aborted) return;
    console.error(error);
    if (this.shown.state !== "local") this.#refuse("journal");
  }

  async #askAgain(): Promise<void> {
    if (this.unanswered.length === 0) return;
    const settled = await this.terminal.resendUnknown(this.stopped);
    if (settled.length > 0) this.#answered();
    for (const one of settled) this.#noteVoid(one);
    await this.#reload();
    await this.#endUnknown();
  }

  /** What was asked for long enough, or what the cashier will not wait for, is voided. */
  async #voidWhenDue(): Promise<void> {
    const { shown } = this;
    if (shown.state !== "unknown" || this.#voidAsked) return;
    const isDue = shown.voidingSince !== null || performance.now() - shown.since > VOID_AFTER_S * 1000;
    if (!isDue || this.#awaitsVoid(shown.payment)) return;
    this.#voidAsked = true;
    this.#isVoiding = true;
    this.voidUnknown();
    try {
      this.#noteVoid(await this.terminal.void(shown.payment.epoch, shown.payment.sequence));
    } catch (error) {
      // Of unknown outcome, it is in the journal and sent again. Without a session nothing was kept: it is tried anew.
      if (error instanceof NotSignedOn) this.#voidAsked = false;
      else if (!(error instanceof OutcomeUnknown || error instanceof Rejected)) throw error;
    } finally {
      await this.#reload();
      this.#isVoiding = false;
    }
    await this.#endUnknown();
  }

  /** Show what became of the payment that was unknown. */
  async #endUnknown(): Promise<void> {
    const { shown } = this;
    if (shown.state !== "unknown") return;
    const entry = await this.journal.entry(shown.payment.epoch, shown.payment.sequence);
    if (!entry || entry.outcome === "unknown" || this.#isVoiding || this.#awaitsVoid(entry)) return;
    // It was to be voided before it was known to be paid.
    if (entry.outcome === "approved" && shown.voidingSince !== null && !this.#voidAsked) return;
    this.#voidAsked = false;
    const payment = paymentOf(entry);
    if (payment.answer && payment.outcome !== "voided") {
      this.#show(this.#resultOf({ entry, answer: payment.answer }, true));
    } else {
      play("look");
      this.#show({ state: "voided", backFen: this.#backOf(entry) });
    }
    this.#showUnknown();
  }

  /** Void what was set aside, as soon as the centre answers, also where the payment has turned out to be paid. */
  async #voidAside(): Promise<void> {
    if (this.#isVoiding || this.voidsAwaitCashier) return;
    for (const number of this.#aside) {
      const [epoch = 0, sequence = 0] = number.split("/").map(Number);
      const entry = await this.journal.entry(epoch, sequence);
      if (entry && this.#awaitsVoid(entry)) continue;
      const isOpen = entry?.outcome === "unknown" || entry?.outcome === "approved";
      const told = isOpen ? await this.#voidedAside(epoch, sequence) : this.#asideAs(entry);
      if (told === "unknown") continue;
      await this.#keepAside(this.#aside.filter((one) => one !== number));
      await this.#reload();
      if (told) this.#late.push(told);
    }
  }

  /** What became of a payment that is not open; a charge that was refused, or never arrived, has nothing to tell. */
  #asideAs(entry: Entry | undefined): Shown | null {
    return entry?.outcome === "voided" ? { state: "voided", backFen: this.#backOf(entry) } : null;
  }

  async #voidedAside(epoch: number, sequence: number): Promise<Shown | "unknown"> {
    try {
      const settled = await this.terminal.void(epoch, sequence);
      this.#answered();
      this.#noteVoid(settled);
      this.#voidNeedsCashier = settled.answer.outcome === "refused" && OF_CASHIER.has(settled.answer.reason);
      return this.#voidNeedsCashier ? "unknown" : voidAs(settled.answer);
    } catch (error) {
      this.#failed(error);
      if (error instanceof Rejected) return rejectionOf(error);
      if (!(error instanceof NotSignedOn || error instanceof OutcomeUnknown)) throw error;
      await this.#reload();
      return "unknown";
    }
  }

  async #askSheetVoidsAgain(): Promise<void> {
    if (this.unknownSheetVoids.length === 0) return;
    for (const one of await this.terminal.resendSheetVoids()) {
      this.#answered();
      this.#late.push(await this.#truthOf(one));
    }
    await this.#reload();
  }

  /**
   * What became of a void that was sent more than once. A refusal may be of the repeat alone (a cashier who has signed
   * off since): whether the payment was voided, the centre says.
   */
  async #truthOf(one: SettledSheetVoid | { wanted: SheetVoid; error: Rejected }): Promise<Shown> {
    if ("answer" in one && one.answer.outcome === "voided") return voidAs(one.answer);
    const found = await this.paymentsEnding(one.wanted.short_number).catch(() => []);
    if (found.length === 1 && found[0]?.voided) return { state: "voided", backFen: found[0].amount_fen };
    return "answer" in one ? voidAs(one.answer) : rejectionOf(one.error);
  }

  #showLate(): void {
    if (this.shown.state !== "ready" || !this.isFree) return;
    const next = this.#late.shift();
    if (!next) return;
    play(next.state === "voided" ? "look" : "refused");
    this.#show(next);
  }

  /** What has no answer comes before everything else. */
  #showUnknown(): void {
    const [next] = this.#openCharges();
    if (!next) return;
    const since = performance.now();
    const voidingSince = this.#awaitsVoid(next) ? since : null;
    this.#show({ state: "unknown", payment: paymentOf(next), since, voidingSince });
  }

  #noteVoid({ entry, answer }: Settled): void {
    if (entry.operation === "void" && answer.outcome === "voided")
      this.#back.set(paymentNumberOf(entry), answer.reversed_fen ?? 0);
  }

  #backOf(charge: Numbered): number {
    return this.#back.get(numberOf(charge)) ?? 0;
  }

  /** Whether a void of this payment was sent and has no answer: what it comes to is not known before. */
  #awaitsVoid(charge: Numbered): boolean {
    return this.unanswered.some((one) => one.operation === "void" && paymentNumberOf(one) === numberOf(charge));
  }

  async #askForNews(): Promise<void> {
    const now = performance.now();
    const base = Date.now() - now;
    const isClockSet = Math.abs(base - this.#clockBase) > CLOCK_JUMP_S * 1000;
    const everyS = this.link === "reached" || this.link === "slow" ? NEWS_EVERY_S : TRY_EVERY_S;
    const isDue =
      now - Math.max(this.#answeredAt, this.#triedAt) > everyS * 1000 ||
      now - Math.max(this.#newsAt, this.#triedAt) > PARAMETERS_EVERY_S * 1000;
    if (!isDue && !isClockSet && !this.#isOutdated && this.link !== "asking") return;
    this.#isOutdated = false;
    this.#clockBase = base;
    this.#triedAt = now;
    const { terminal } = this;
    try {
      await terminal.refreshParameters();
      this.#newsAt = performance.now();
      const isBehind = terminal.blockListVersion > terminal.blockList.version || terminal.blockList.currentAt === 0;
      if (isBehind || this.isBlockListOld) await terminal.refreshBlockList();
      this.#answered(performance.now() - now);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** When another meal begins, the clock chooses again. */
  #noteMeal(): void {
    const meal = this.#mealNow();
    if (meal !== this.#mealByClock && this.#mealByClock !== null) this.chosen = null;
    this.#mealByClock = meal;
  }

  /** A sign-on ends with the terminal's session: that is told while the shift goes on without him. */
  #noteCashier(): void {
    if (this.terminal.cashier) this.#hadCashier = true;
    if (!this.shift) this.#hadCashier = false;
  }

  #mealNow(): Meal | null {
    return this.parameters && mealAt(this.parameters, this.terminal.now());
  }
}

interface Numbered {
  readonly epoch: number;
  readonly sequence: number;
}

function numberOf({ epoch, sequence }: Numbered): string {
  return `${epoch}/${sequence}`;
}

/** The number of the payment that a request of the journal is about: a void's is that of its charge. */
function paymentNumberOf(entry: Entry): string {
  if (entry.operation !== "void") return numberOf(entry);
  const target = JSON.parse(entry.body) as { target_epoch: number; target_sequence: number };
  return `${target.target_epoch}/${target.target_sequence}`;
}

function rejectionOf({ problem }: Rejected): Shown {
  const {
    title = "",
    title_zh = title,
    title_en = title,
    detail = "",
    detail_zh = detail,
    detail_en = detail,
  } = problem;
  return { state: "refused", title: [title_zh, title_en], advice: [detail_zh, detail_en] };
}

function voidAs(answer: Answer): Shown {
  return answer.outcome === "voided" ? { state: "voided", backFen: answer.reversed_fen ?? 0 } : refusalOf(answer);
}

function refusalOf(answer: Answer): Shown {
  if (answer.outcome !== "refused") return { state: "local", why: "form" };
  const { title_zh = answer.reason, title_en = answer.reason, advice_zh = "", advice_en = "" } = answer;
  return { state: "refused", title: [title_zh, title_en], advice: [advice_zh, advice_en] };
}
