/**
 * A payment terminal: enrols, signs on, charges, and never loses track of a payment. Every request is in the journal
 * before it is sent; while its outcome is unknown it is sent again under the same numbers, across reloads and sign-ons.
 *
 * One terminal has one journal, in one tab.
 */

import {
  type Answer,
  NotSignedOn,
  OutcomeUnknown,
  problemOf,
  Rejected,
  readAnswer,
  slugOf,
  verdictOf,
} from "./answers.ts";
import { type Bytes, concat, equal, fromBase64url, toBase64url, toHex, uint, utf8 } from "./bytes.ts";
import { binding, cardChallenge, type Meal, type Tap } from "./cards.ts";
import { type Cashier, type CashierAnswer, readCashierAnswer } from "./cashiers.ts";
import type { Entry, Journal, Operation, Store } from "./journal.ts";
import { newSigningKey, type SigningKey, sign } from "./keys.ts";
import { type Expected, Link, type NamedKey, post, type Received, refuse, sendOnce } from "./messages.ts";
import {
  type BlockChanges,
  type BlockList,
  type CentreKey,
  EMPTY_BLOCK_LIST,
  keyInUse,
  type Parameters,
  withChanges,
} from "./parameters.ts";
import { pauseMs, sleep } from "./pauses.ts";
import { checkForm, type MessageKind } from "./requests.ts";
import type { SaleLine } from "./saleLines.ts";
import { agreeKey, newEphemeral, type Session, SUITE } from "./session.ts";
import type { PaymentFound, SettledSheetVoid, SheetVoid } from "./sheetVoids.ts";
import {
  type Difference,
  differences,
  type LatestShift,
  type LedgerRequest,
  latestShift,
  requestsBetween,
  type ShiftClosed,
  type ShiftClosing,
  totalsOf,
} from "./shifts.ts";
import { EDITION, hmacSigner, hmacVerifier } from "./signatures.ts";
import { fetchTransport, type Transport } from "./transport.ts";

const FORMS: Record<Operation, MessageKind> = { charge: "charge", void: "void", open_shift: "shift_opening" };
const PATHS: Record<Operation, string> = {
  charge: "/terminal/charges",
  void: "/terminal/voids",
  open_shift: "/terminal/shifts",
};
const CASHIERS = "/terminal/cashiers";
const SHEET_VOIDS = "sheet-voids";
/** A version that no parameters have: whoever names it gets them. */
const NO_VERSION = "A".repeat(22);

/** What the console gives out for a new terminal. */
export interface Slip {
  readonly enrolment_id: number;
  readonly code: string;
  readonly centre_public_key: string;
  /** The version of that key. */
  readonly centre_key: number;
}

/** What maker and operator know the device by: 1 to 64 visible ASCII characters each. */
export interface Device {
  readonly software: string;
  readonly model: string;
  readonly serial: string;
}

export interface Setup {
  /** Of the centre; in a browser `location.origin`. */
  readonly origin: string;
  readonly journal: Journal;
  readonly store: Store;
  readonly device: Device;
  /** Default: `fetch`. */
  readonly transport?: Transport;
  /** Default: an Ed25519 key that cannot be read out. */
  readonly newKey?: () => Promise<SigningKey>;
}

/** A request with its final answer. Show `entry.outcome`: a charge that was voided since is `voided` there. */
export interface Settled {
  readonly entry: Entry;
  readonly answer: Answer;
}

export interface ChargeOptions {
  /** Only where the tariff leaves the amount to the cashier. */
  readonly amountFen?: number;
  /** What is sold, only with an amount: their sum. */
  readonly lines?: readonly SaleLine[];
  /** The host pays, once a visit. */
  readonly workingMeal?: boolean;
  /** When the card or code was presented, in the centre's time; default: now. */
  readonly purchasedAt?: number;
}

/** Made, and perhaps sent: the answer to an enrolment has not come. */
interface Enrolment {
  readonly enrolmentId: number;
  readonly key: SigningKey;
}

interface Identity {
  readonly terminalId: number;
  readonly epoch: number;
  readonly key: SigningKey;
  /** Made and perhaps sent: whether it is in force is not known. */
  readonly nextKey: SigningKey | null;
  /** The centre's key of the slip. */
  readonly centreKey: CentreKey;
}

interface KeptParameters {
  readonly version: string;
  readonly parameters: Parameters;
  /** The centre's clock minus ours, in seconds. */
  readonly clockAheadS: number;
}

interface SignedOn {
  readonly session_id: string;
  readonly protocol: number;
  readonly suite: string;
  readonly ephemeral: string;
  readonly epoch: number;
  readonly highest_sequence: number;
  readonly centre_time: number;
  readonly key_renew_at: number;
  readonly parameters_version: string;
  readonly parameters: Parameters;
}

export class Terminal {
  readonly #setup: Setup;
  readonly #link: Link;
  #identity: Identity;
  #kept: KeptParameters | null;
  #blockList: BlockList;
  #blockListVersion: number;
  #cashier: Cashier | null;
  #session: Session | null = null;
  #signingOn: Promise<Session> | null = null;
  #nextSequence = 0;
  /** The latest sign-on of a cashier, while nobody knows its outcome. Its PIN is in memory alone. */
  #unknownSignOn: { readonly epoch: number; readonly sequence: number; readonly body: Bytes } | null = null;
  readonly #inFlight = new Map<string, Promise<Settled>>();
  readonly #sheetVoids = new Map<string, Promise<SettledSheetVoid>>();
  #keepingSheetVoids: Promise<unknown> = Promise.resolve();
  /** How often a request stayed unknown, and when it may be sent again. */
  readonly #failures = new Map<string, { times: number; dueAt: number }>();
  /** How often in a row no session could be opened, and when the next try may be made. */
  #signOnFailures = { times: 0, dueAt: 0 };

  private constructor(
    setup: Setup,
    link: Link,
    identity: Identity,
    kept: KeptParameters | null,
    list: BlockList,
    cashier: Cashier | null,
  ) {
    this.#setup = setup;
    this.#link = link;
    this.#identity = identity;
    this.#kept = kept;
    this.#blockList = list;
    this.#blockListVersion = list.version;
    this.#cashier = cashier;
    if (kept) link.clock.aheadS = kept.clockAheadS;
  }

  /**
   * Redeem an approved enrolment code; throws OutcomeUnknown or Rejected.
   *
   * The key is in the store before it is sent: after a lost answer the same call gets it. A terminal that is enrolled
   * again goes on with its journal, under its next epoch; the slip of another terminal needs an empty database (throws
   * Error): sent again by another, a request of unknown outcome would be another payment.
   */
  static async enrol(setup: Setup, slip: Slip): Promise<Terminal> {
    const { store } = setup;
    const link = linkOf(setup);
    const begun = (await store.read("enrolment")) as Enrolment | undefined;
    const isBegun = begun?.enrolmentId === slip.enrolment_id;
    const key = isBegun ? begun.key : await (setup.newKey ?? newSigningKey)();
    if (!isBegun) await store.write("enrolment", { enrolmentId: slip.enrolment_id, key } satisfies Enrolment);
    const body = encode("enrolment", {
      enrolment_id: slip.enrolment_id,
      code: slip.code,
      public_key: toBase64url(key.publicKey.bytes),
      centre_key: slip.centre_key,
    });
    const centre = { version: slip.centre_key, publicKey: fromBase64url(slip.centre_public_key) };
    const { text } = await post(link, "/terminal/enrolments", body, key, "enrolment", centre);
    const enrolled = JSON.parse(text) as { terminal_id: number; epoch: number };
    const before = (await store.read("identity")) as Identity | undefined;
    if (before && before.terminalId !== enrolled.terminal_id) {
      throw new Error(
        `this is the journal of terminal ${before.terminalId}: another one begins with an empty database`,
      );
    }
    const identity: Identity = {
      terminalId: enrolled.terminal_id,
      epoch: enrolled.epoch,
      key,
      nextKey: null,
      centreKey: { version: slip.centre_key, public_key: slip.centre_public_key, valid_from: 0 },
    };
    // The keys of the centre that it knew before are forgotten: from now on it trusts the slip's.
    await store.write("parameters", null);
    await store.write("identity", identity);
    await store.write("cashier", null);
    return new Terminal(setup, link, identity, null, await blockListOf(store), null);
  }

  /** The terminal of this store; null when none was enrolled. Needs no network. */
  static async open(setup: Setup): Promise<Terminal | null> {
    const identity = (await setup.store.read("identity")) as Identity | undefined;
    if (!identity) return null;
    const kept = (await setup.store.read("parameters")) as KeptParameters | null | undefined;
    const cashier = (await setup.store.read("cashier")) as Cashier | null | undefined;
    const list = await blockListOf(setup.store);
    return new Terminal(setup, linkOf(setup), identity, kept ?? null, list, cashier ?? null);
  }

  get terminalId(): number {
    return this.#identity.terminalId;
  }

  get epoch(): number {
    return this.#identity.epoch;
  }

  /** What the terminal knows before it charges; null before its first sign-on. */
  get parameters(): Parameters | null {
    return this.#kept?.parameters ?? null;
  }

  /** Who is signed on as a cashier; also after a reload without a network, until his sign-on ends. */
  get cashier(): Cashier | null {
    return this.#cashier !== null && this.now() < this.#cashier.until ? this.#cashier : null;
  }

  /** Whether a cashier must sign on before this till charges. */
  get lacksCashier(): boolean {
    return this.parameters?.cashier_required === true && this.cashier === null;
  }

  get blockList(): BlockList {
    return this.#blockList;
  }

  /** The block list's current version, as the last signed answer says: above that of `blockList`, fetch the changes. */
  get blockListVersion(): number {
    return this.#blockListVersion;
  }

  get isSignedOn(): boolean {
    return this.#session !== null;
  }

  /** The centre's time, whole seconds since 1970. */
  now(): number {
    return this.#link.clock.now();
  }

  /** Open a session, and renew the key when that is due; throws OutcomeUnknown or Rejected. */
  async signOn(): Promise<void> {
    this.#session = null;
    await this.#signedOn();
  }

  /** End the session; throws OutcomeUnknown or Rejected. */
  async signOff(): Promise<void> {
    if (this.#session === null) return;
    await this.#ask("DELETE", "/terminal/sessions/current");
    this.#session = null;
  }

  /**
   * Ask whether the parameters have changed, and keep what has; returns whether anything had. Throws OutcomeUnknown or
   * Rejected.
   */
  async refreshParameters(): Promise<boolean> {
    const version = this.#kept?.version ?? NO_VERSION;
    const text = await this.#ask("GET", `/terminal/parameters/${version}`);
    const current = JSON.parse(text) as { version: string; centre_time: number; parameters?: Parameters };
    this.#link.clock.set(current.centre_time);
    if (current.parameters) await this.#keepParameters(current.version, current.parameters);
    return current.parameters !== undefined;
  }

  /** Fetch what changed in the block list, and keep it; throws OutcomeUnknown or Rejected. */
  async refreshBlockList(): Promise<void> {
    for (let isComplete = false; !isComplete; ) {
      const askedAt = this.now();
      const text = await this.#ask("GET", `/terminal/block-list/${this.#blockList.version}`);
      const changes = JSON.parse(text) as BlockChanges;
      const list = withChanges(this.#blockList, changes, askedAt);
      await this.#setup.store.write("block-list", list);
      this.#blockList = list;
      isComplete = changes.complete;
    }
  }

  /**
   * Charge a card that is held to the reader, whose holder has seen meal and amount.
   *
   * Throws RangeError (a message of no right form) and NotSignedOn: nothing was kept; Rejected: nothing was posted;
   * OutcomeUnknown: `entry` is sent again by `settleUnknown`, or voided.
   */
  chargeCard(tap: Tap, meal: Meal, options: ChargeOptions = {}): Promise<Settled> {
    return this.#charge(meal, options, async (session, sequence, payment) => {
      const canteenId = this.#kept?.parameters.canteen.canteen_id ?? 0;
      const bound = binding({ ...payment, canteen_id: canteenId });
      const { counter, mac } = await tap.answer(await cardChallenge(session.key, session.epoch, sequence, bound));
      return {
        card: { uid: toHex(tap.uid), ...tap.file, counter, session_id: session.sessionId, mac: toBase64url(mac) },
      };
    });
  }

  /** Charge a scanned code, long or short, as the scanner read it; throws likewise. */
  chargeCode(code: string, meal: Meal, options: ChargeOptions = {}): Promise<Settled> {
    return this.#charge(meal, options, async () => ({ qr: code }));
  }

  async #charge(
    meal: Meal,
    options: ChargeOptions,
    credential: (session: Session, sequence: number, payment: Payment) => Promise<object>,
  ): Promise<Settled> {
    const session = await this.#sessionForNew();
    const payment: Payment = {
      meal,
      purchased_at: options.purchasedAt ?? this.now(),
      ...(options.amountFen === undefined ? {} : { amount_fen: options.amountFen }),
      ...(options.lines === undefined ? {} : { lines: options.lines }),
      ...(options.workingMeal ? { working_meal: true } : {}),
    };
    // Before a card answers, and a number is used up.
    checkForm("charge", { ...payment, qr: "" });
    const sequence = this.#nextSequence++;
    const body = { ...payment, ...(await credential(session, sequence, payment)) };
    return this.#sendNew("charge", session.epoch, sequence, body);
  }

  /**
   * Void an earlier charge, whatever its outcome; throws as a charge does. Its answer may be a refusal.
   *
   * A charge without an answer can post no more then. What became of it is still asked for, by `settleUnknown`: the
   * totals of the shift count it.
   */
  async void(targetEpoch: number, targetSequence: number): Promise<Settled> {
    const session = await this.#sessionForNew();
    const body = { target_epoch: targetEpoch, target_sequence: targetSequence };
    return this.#sendNew("void", session.epoch, this.#nextSequence++, body);
  }

  /** What the canteen was paid within about a day under numbers that end so; throws OutcomeUnknown or Rejected. */
  async paymentsEnding(ending: string): Promise<readonly PaymentFound[]> {
    const text = await this.#ask("GET", `/terminal/payments/${ending}`);
    return (JSON.parse(text) as { payments: PaymentFound[] }).payments;
  }

  /** The first character of the name of whom this till has just charged, or null; throws OutcomeUnknown or Rejected. */
  async payerInitial(ending: string): Promise<string | null> {
    const text = await this.#ask("GET", `/terminal/payers/${ending}`);
    return (JSON.parse(text) as { initial?: string }).initial ?? null;
  }

  /**
   * Take back a payment by the canteen's sheet. Its answer may be a refusal; throws RangeError, and NotSignedOn: nothing
   * was kept; Rejected; OutcomeUnknown: it is sent again by `resendSheetVoids`.
   *
   * It is in the store before it is sent. However often it is called while it has no answer, it is one void.
   */
  async voidSheetPayment(wanted: SheetVoid): Promise<SettledSheetVoid> {
    checkForm("sheet_void", wanted);
    await this.#sessionForNew();
    return this.#sendSheetVoid(wanted, async () => {
      const known = (await this.unknownSheetVoids()).find((one) => one.short_number === wanted.short_number);
      if (!known) await this.#keepSheetVoids((open) => [...open, wanted]);
      return known ?? wanted;
    });
  }

  /** Voids of payments by sheets that were sent and have no final answer, in their order. */
  async unknownSheetVoids(): Promise<readonly SheetVoid[]> {
    return ((await this.#setup.store.read(SHEET_VOIDS)) as readonly SheetVoid[] | undefined) ?? [];
  }

  /** Send those again, once; returns what is known now, and what the centre rejected as an error. */
  async resendSheetVoids(): Promise<(SettledSheetVoid | { readonly wanted: SheetVoid; readonly error: Rejected })[]> {
    const known: (SettledSheetVoid | { wanted: SheetVoid; error: Rejected })[] = [];
    for (const wanted of await this.unknownSheetVoids()) {
      try {
        known.push(await this.#sendSheetVoid(wanted, async () => wanted));
      } catch (error) {
        if (error instanceof Rejected) known.push({ wanted, error });
        else if (!(error instanceof OutcomeUnknown)) throw error;
      }
    }
    return known;
  }

  /** Two presses are one message while it is under way. */
  #sendSheetVoid(wanted: SheetVoid, keep: () => Promise<SheetVoid>): Promise<SettledSheetVoid> {
    const name = wanted.short_number;
    const underWay = this.#sheetVoids.get(name);
    if (underWay) return underWay;
    const sending = keep()
      .then((kept) => this.#sendSheetVoidNow(kept))
      .finally(() => this.#sheetVoids.delete(name));
    this.#sheetVoids.set(name, sending);
    return sending;
  }

  async #sendSheetVoidNow(wanted: SheetVoid): Promise<SettledSheetVoid> {
    try {
      const body = encode("sheet_void", wanted);
      const text = await this.#exchange("POST", "/terminal/sheet-voids", `${this.epoch}/1`, body);
      const answer = readAnswer(text);
      if (answer?.outcome !== "voided" && answer?.outcome !== "refused")
        throw new OutcomeUnknown("this client does not know the outcome");
      if (answer.outcome === "refused" && answer.reason === "cashier_missing") await this.#keepCashier(null);
      await this.#settleSheetVoid(wanted);
      return { wanted, answer };
    } catch (error) {
      if (error instanceof Rejected) await this.#settleSheetVoid(wanted);
      throw error;
    }
  }

  #settleSheetVoid({ short_number }: SheetVoid): Promise<void> {
    return this.#keepSheetVoids((open) => open.filter((one) => one.short_number !== short_number));
  }

  /** One change after another: each reads what the last one wrote. */
  #keepSheetVoids(change: (open: readonly SheetVoid[]) => readonly SheetVoid[]): Promise<void> {
    const kept = this.#keepingSheetVoids.then(async () =>
      this.#setup.store.write(SHEET_VOIDS, change(await this.unknownSheetVoids())),
    );
    this.#keepingSheetVoids = kept.catch(() => undefined);
    return kept;
  }

  /**
   * Sign a cashier on, in place of who is there; `newPin` takes the place of his PIN.
   *
   * Throws RangeError and NotSignedOn: nothing was kept; Rejected; OutcomeUnknown: called again alike it is the same
   * message, which the centre answers as it did; after a restart a new PIN may hold. Of the message the journal has its
   * number alone: a PIN of six digits is not to be found on a till's disk.
   */
  async signCashierOn(cashier: string, pin: string, newPin?: string): Promise<CashierAnswer> {
    const body = encode("cashier_sign_on", { cashier, pin, ...(newPin === undefined ? {} : { new_pin: newPin }) });
    const { epoch } = await this.#sessionForNew();
    const before = this.#unknownSignOn;
    const isRepeat = before?.epoch === epoch && equal(before.body, body);
    const sequence = isRepeat ? before.sequence : await this.#useUpNumber(epoch);
    this.#unknownSignOn = { epoch, sequence, body };
    let answer: CashierAnswer | null;
    try {
      answer = readCashierAnswer(await this.#exchange("POST", CASHIERS, `${epoch}/${sequence}`, body));
    } catch (error) {
      if (error instanceof Rejected) this.#unknownSignOn = null;
      throw error;
    }
    this.#unknownSignOn = null;
    if (!answer) throw new OutcomeUnknown("this client does not know the outcome");
    if (answer.outcome === "signed_on") await this.#keepCashier(answer.cashier);
    return answer;
  }

  /** Sign off who is there; throws as `signCashierOn`: he is off here all the same. */
  async signCashierOff(): Promise<void> {
    await this.#keepCashier(null);
    this.#unknownSignOn = null;
    const { epoch } = await this.#sessionForNew();
    const sequence = await this.#useUpNumber(epoch);
    await this.#exchange("DELETE", `${CASHIERS}/current`, `${epoch}/${sequence}`, new Uint8Array(0));
  }

  async #useUpNumber(epoch: number): Promise<number> {
    const sequence = this.#nextSequence++;
    await this.#setup.journal.useUp(epoch, sequence);
    return sequence;
  }

  async #keepCashier(cashier: Cashier | null): Promise<void> {
    await this.#setup.store.write("cashier", cashier);
    this.#cashier = cashier;
  }

  /**
   * Begin a shift at a drawer; its number is that of the entry. Throws as a charge does; after OutcomeUnknown the shift
   * is open all the same.
   */
  async openShift(cashier: string, drawer: string): Promise<Settled> {
    const session = await this.#sessionForNew();
    return this.#sendNew("open_shift", session.epoch, this.#nextSequence++, { cashier, drawer, opened_at: this.now() });
  }

  /**
   * Sign what the latest shift took, and compare it with the ledger; throws OutcomeUnknown or Rejected.
   *
   * What has no answer is sent again before. The same call closes once more what did not agree.
   */
  async closeShift(): Promise<ShiftClosed> {
    await this.resendUnknown();
    const totals = await this.shiftTotals();
    await this.#finishRenewal();
    const centre = this.#centreKey();
    const closing: ShiftClosing = { ...totals, centre_key: centre.version };
    checkForm("shift_closing", closing);
    const { epoch, shift } = closing;
    const body = JSON.stringify(closing);
    await this.#setup.journal.writeClosing({ epoch, shift, body, answer: null });
    const { text } = await this.#post("/terminal/shifts/closings", utf8(body), centre);
    await this.#setup.journal.writeClosing({ epoch, shift, body, answer: text });
    return JSON.parse(text) as ShiftClosed;
  }

  /** The latest shift by this journal; no further than an earlier closing of it. */
  async shiftTotals(): Promise<Omit<ShiftClosing, "centre_key">> {
    return totalsOf(this.#setup.journal, this.terminalId, this.epoch, await this.#latestShift());
  }

  async #latestShift(): Promise<LatestShift> {
    const { epoch } = this;
    const highest = Math.max(await this.#setup.journal.highestSequence(epoch), this.#nextSequence - 1);
    const ledger = (first: number, last: number) => this.ledgerRequests(epoch, first, last);
    return latestShift(this.#setup.journal, epoch, this.now(), highest, ledger);
  }

  /** The ledger's charges and voids between two numbers of this terminal; throws OutcomeUnknown or Rejected. */
  async ledgerRequests(epoch: number, first: number, last: number): Promise<LedgerRequest[]> {
    const found: LedgerRequest[] = [];
    for (let from = first; from <= last; ) {
      const text = await this.#ask("GET", `/terminal/requests/${epoch}/${from}/${last}`);
      const answer = JSON.parse(text) as { requests: LedgerRequest[]; complete: boolean };
      found.push(...answer.requests);
      const latest = answer.requests.at(-1);
      if (answer.complete || !latest) break;
      from = latest.sequence + 1;
    }
    return found;
  }

  /** The numbers of the latest shift under which journal and ledger differ, with what each has. */
  async findDifferences(): Promise<Difference[]> {
    const { shift, last } = await this.#latestShift();
    const mine = await requestsBetween(this.#setup.journal, this.epoch, shift, last);
    return differences(mine, await this.ledgerRequests(this.epoch, shift, last));
  }

  /** Requests that were sent and have no final answer. */
  unknown(): Promise<Entry[]> {
    return this.#setup.journal.unanswered();
  }

  /**
   * Send everything unknown again, once, under the same numbers, each when its pause is over; returns what is known
   * now.
   *
   * What stays unknown holds back nothing behind it.
   */
  async resendUnknown(signal?: AbortSignal): Promise<Settled[]> {
    const settled: Settled[] = [];
    const entries = (await this.unknown()).sort((one, other) => this.#dueAt(one) - this.#dueAt(other));
    for (const entry of entries) {
      await sleep(this.#dueAt(entry) - performance.now(), signal);
      if (signal?.aborted) break;
      // Without a session nothing can be sent: one pause for all, not one for each.
      if (!(await this.#canSend())) break;
      const outcome = await this.#sendAgain(entry);
      if (!(outcome instanceof Error)) settled.push(outcome);
    }
    return settled;
  }

  /** Send what is unknown again with growing pauses, until all is known or the signal is aborted. */
  async settleUnknown(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && (await this.unknown()).length > 0) await this.resendUnknown(signal);
  }

  /** When a request may be sent again, in milliseconds by the browser's clock that never goes back. */
  #dueAt(entry: Entry): number {
    return this.#failures.get(numberOf(entry))?.dueAt ?? 0;
  }

  #noteFailure(entry: Entry, retryAfterS: number): void {
    const times = (this.#failures.get(numberOf(entry))?.times ?? 0) + 1;
    this.#failures.set(numberOf(entry), { times, dueAt: performance.now() + pauseMs(times, retryAfterS) });
  }

  async #sendAgain(entry: Entry): Promise<Settled | OutcomeUnknown | Rejected> {
    try {
      return await this.#send(entry);
    } catch (error) {
      if (error instanceof OutcomeUnknown || error instanceof Rejected) return error;
      throw error;
    }
  }

  /**
   * Make a new key and have it put in force; throws OutcomeUnknown or Rejected.
   *
   * It is in the store before it is sent: after a lost answer the same call, or the next sign-on or closing, sends it
   * again under the old one.
   */
  async renewKey(): Promise<void> {
    const { terminalId, key: old, nextKey: made } = this.#identity;
    const key = made ?? (await (this.#setup.newKey ?? newSigningKey)());
    if (!made) await this.#keepIdentity({ ...this.#identity, nextKey: key });
    const centre = this.#centreKey();
    const body = encode("key_renewal", {
      terminal_id: terminalId,
      public_key: toBase64url(key.publicKey.bytes),
      proof: toBase64url(await sign(key, proofText(terminalId, old.publicKey.bytes))),
      centre_key: centre.version,
    });
    try {
      await this.#post("/terminal/keys", body, centre);
    } catch (error) {
      // A repeat of what is in force is no error: this key is not, and will not be.
      if (error instanceof Rejected) await this.#keepIdentity({ ...this.#identity, nextKey: null });
      throw error;
    }
    await this.#keepIdentity({ ...this.#identity, key, nextKey: null });
  }

  /** Settle a renewal whose answer was lost: which key is in force is not known. Throws OutcomeUnknown. */
  async #finishRenewal(): Promise<void> {
    try {
      if (this.#identity.nextKey) await this.renewKey();
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
    }
  }

  async #keepIdentity(identity: Identity): Promise<void> {
    await this.#setup.store.write("identity", identity);
    this.#identity = identity;
  }

  async #keepParameters(version: string, parameters: Parameters): Promise<void> {
    const kept = { version, parameters, clockAheadS: this.#link.clock.aheadS };
    await this.#setup.store.write("parameters", kept);
    this.#kept = kept;
  }

  /** The version of the centre's key that is to sign an answer, by what this terminal knows. */
  #centreKey(): NamedKey {
    const key = keyInUse(this.#kept?.parameters.centre_keys ?? [this.#identity.centreKey], this.now());
    if (!key) throw new OutcomeUnknown("no key of the centre is accepted any more: the terminal must be enrolled anew");
    return key;
  }

  #post(path: string, body: Bytes, centre: NamedKey): Promise<Received> {
    return post(this.#link, path, body, this.#identity.key, String(this.#identity.terminalId), centre);
  }

  /** The session, opened if there is none; one sign-on at a time. Throws OutcomeUnknown or Rejected. */
  #signedOn(): Promise<Session> {
    if (this.#session) return Promise.resolve(this.#session);
    this.#signingOn ??= this.#tryToOpenSession().finally(() => {
      this.#signingOn = null;
    });
    return this.#signingOn;
  }

  async #sessionForNew(): Promise<Session> {
    try {
      return await this.#signedOn();
    } catch (error) {
      if (!(error instanceof OutcomeUnknown || error instanceof Rejected)) throw error;
      throw new NotSignedOn(error.message, { cause: error });
    }
  }

  async #canSend(): Promise<boolean> {
    try {
      await this.#sessionForNew();
      return true;
    } catch (error) {
      if (error instanceof NotSignedOn) return false;
      throw error;
    }
  }

  /** Open a session when the pause after earlier failures is over: no answer stops a terminal from trying again. */
  async #tryToOpenSession(): Promise<Session> {
    await sleep(this.#signOnFailures.dueAt - performance.now());
    try {
      const session = await this.#openSession();
      this.#signOnFailures = { times: 0, dueAt: 0 };
      return session;
    } catch (error) {
      const times = this.#signOnFailures.times + 1;
      const retryAfterS = error instanceof OutcomeUnknown ? error.retryAfterS : 0;
      this.#signOnFailures = { times, dueAt: performance.now() + pauseMs(times, retryAfterS) };
      throw error;
    }
  }

  async #openSession(): Promise<Session> {
    await this.#finishRenewal();
    const centre = this.#centreKey();
    const ephemeral = await newEphemeral();
    const body = encode("sign_on", {
      suite: SUITE,
      protocols: [EDITION],
      terminal_id: this.#identity.terminalId,
      ephemeral: toBase64url(ephemeral.publicKey),
      centre_key: centre.version,
      device: this.#setup.device,
    });
    const { answer, text } = await this.#post("/terminal/sessions", body, centre);
    const said = JSON.parse(text) as SignedOn;
    if (said.protocol !== EDITION || said.suite !== SUITE)
      throw new OutcomeUnknown("another edition, or another suite");
    const key = await agreeKey(ephemeral.privateKey, fromBase64url(said.ephemeral), body, answer.body);
    this.#link.clock.set(said.centre_time);
    await this.#keepParameters(said.parameters_version, said.parameters);
    // In another session he signs on again.
    await this.#keepCashier(null);
    // A restored disk is behind what the centre has seen; numbers are never used twice.
    const used = Math.max(await this.#setup.journal.highestSequence(said.epoch), said.highest_sequence);
    this.#nextSequence = Math.max(this.#nextSequence, used + 1);
    const session = { sessionId: said.session_id, epoch: said.epoch, key };
    this.#session = session;
    // Who comes later is not stopped: the next sign-on tries again.
    if (this.now() >= said.key_renew_at) await this.renewKey().catch(ignoreUnsettled);
    return session;
  }

  async #sendNew(operation: Operation, epoch: number, sequence: number, message: object): Promise<Settled> {
    checkForm(FORMS[operation], message);
    const body = JSON.stringify(message);
    await this.#setup.journal.writeAhead(epoch, sequence, operation, body);
    return this.#send({ epoch, sequence, operation, body, outcome: "unknown", answer: null });
  }

  /** Send a request of the journal, unless it is under way: then this is its answer, too. */
  #send(entry: Entry): Promise<Settled> {
    const number = numberOf(entry);
    const underWay = this.#inFlight.get(number);
    if (underWay) return underWay;
    const sending = this.#sendNow(entry, number).finally(() => this.#inFlight.delete(number));
    this.#inFlight.set(number, sending);
    return sending;
  }

  async #sendNow(entry: Entry, number: string): Promise<Settled> {
    const { journal } = this.#setup;
    try {
      const text = await this.#exchange("POST", PATHS[entry.operation as Operation], number, utf8(entry.body));
      const answer = readAnswer(text);
      if (!answer) throw new OutcomeUnknown("this client does not know the outcome");
      if (answer.outcome === "refused" && answer.reason === "cashier_missing") await this.#keepCashier(null);
      if (entry.operation === "void" && answer.outcome === "voided") {
        // Before the void's own answer: a crash between them repeats both.
        const target = JSON.parse(entry.body) as { target_epoch: number; target_sequence: number };
        await journal.markVoided(target.target_epoch, target.target_sequence);
      }
      const isVoidedSince = answer.outcome === "approved" && answer.reversed_fen !== undefined;
      await journal.writeAnswer(entry.epoch, entry.sequence, isVoidedSince ? "voided" : answer.outcome, text);
      this.#failures.delete(number);
      return { entry: (await journal.entry(entry.epoch, entry.sequence)) ?? entry, answer };
    } catch (error) {
      if (error instanceof Rejected) await journal.writeAnswer(entry.epoch, entry.sequence, "rejected", error.text);
      if (error instanceof OutcomeUnknown) this.#noteFailure(entry, error.retryAfterS);
      if (error instanceof Rejected || error instanceof OutcomeUnknown) error.entry = entry;
      throw error;
    }
  }

  /** A question in the session, which uses up no number; returns the text of its answer. */
  async #ask(method: "GET" | "DELETE", path: string): Promise<string> {
    return this.#exchange(method, path, `${this.epoch}/1`, new Uint8Array(0));
  }

  /**
   * Send one message in the session and check its answer; signs on again once when the session has ended. Returns the
   * answer's text; throws OutcomeUnknown or Rejected.
   */
  async #exchange(method: string, path: string, requestId: string, body: Bytes): Promise<string> {
    for (let isLast = false; ; isLast = true) {
      const session = await this.#sessionForExchange();
      const expected: Expected = {
        keyId: session.sessionId,
        algorithm: "hmac-sha256",
        verifier: hmacVerifier(session.key),
      };
      const by = { created: this.now(), keyId: session.sessionId };
      const message = { method, path, requestId, body };
      const received = await sendOnce(this.#link, message, by, hmacSigner(session.key), expected);
      this.#blockListVersion = received.checked?.blockList ?? this.#blockListVersion;
      const slug = slugOf(problemOf(received.text));
      const verdict = verdictOf(received.answer.status, received.checked !== null, slug);
      if (verdict === "accepted") return received.text;
      // The next request signs on, and goes by the epoch of its answer.
      if (verdict === "rejected" && slug === "epoch-wrong") this.#session = null;
      if (verdict !== "sign_on" || isLast) return refuse(path, received, received.checked !== null);
      if (this.#session === session) this.#session = null;
    }
  }

  /** Whatever a sign-on is answered, the request that needed it stays unknown. */
  async #sessionForExchange(): Promise<Session> {
    try {
      return await this.#signedOn();
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      throw new OutcomeUnknown(`sign-on: ${error.message}`, error.status, error.problem);
    }
  }
}

interface Payment {
  readonly meal: Meal;
  readonly purchased_at: number;
  readonly amount_fen?: number;
  readonly lines?: readonly SaleLine[];
  readonly working_meal?: true;
}

function numberOf(entry: Entry): string {
  return `${entry.epoch}/${entry.sequence}`;
}

async function blockListOf(store: Store): Promise<BlockList> {
  return ((await store.read("block-list")) as BlockList | undefined) ?? EMPTY_BLOCK_LIST;
}

function linkOf(setup: Setup): Link {
  return new Link(setup.origin, setup.transport ?? fetchTransport(setup.origin));
}

/** The bytes of a message; throws RangeError for one that is not of its form. */
function encode(kind: MessageKind, message: object): Bytes {
  checkForm(kind, message);
  return utf8(JSON.stringify(message));
}

function ignoreUnsettled(error: unknown): void {
  if (!(error instanceof OutcomeUnknown || error instanceof Rejected)) throw error;
}

/** What a terminal's new key signs, to show that its sender holds it (section 5.2). */
export function proofText(terminalId: number, oldPublicKey: Bytes): Bytes {
  return concat(utf8("onecard terminal key v1"), uint(terminalId, 8), oldPublicKey);
}
