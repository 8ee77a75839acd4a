/**
 * A terminal and a phone that tests drive: `node device.ts ORIGIN FOLDER [MS]`, one JSON object a line on standard
 * input, one on standard output for each. MS: how long it waits for an answer, if not as long as usual
 * (tests/system/test_typescript_client.py).
 */

import { createInterface } from "node:readline";
import { OutcomeUnknown, Rejected } from "../answers.ts";
import { fromBase64url, fromHex } from "../bytes.ts";
import type { CardFile, Meal } from "../cards.ts";
import { readCode, refusalOf } from "../codes.ts";
import { type KeyAlgorithm, newSigningKey } from "../keys.ts";
import { acceptedKeys, amountFor, isBlocked, localDate, priceOn } from "../parameters.ts";
import { Phone } from "../phone.ts";
import { readReceipt } from "../receipts.ts";
import { type PlaceSaid, type SheetForMe, SheetPayments } from "../sheetPayments.ts";
import { SoftwareCard } from "../softwareCard.ts";
import { type ChargeOptions, type Slip, Terminal } from "../terminal.ts";
import { fetchTransport } from "../transport.ts";
import { FileJournal, FileStore } from "./files.ts";

const [origin = "", folder = "", patienceMs] = process.argv.slice(2);
const setup = {
  origin,
  journal: new FileJournal(folder),
  store: new FileStore(folder),
  device: { software: "web/shared/terminal 1", model: "Node", serial: "1" },
  newKey: () => newSigningKey("ed25519", true),
  ...(patienceMs === undefined ? {} : { transport: fetchTransport(origin, Number(patienceMs)) }),
};
const phoneSetup = { ...setup, newKey: (algorithm: KeyAlgorithm) => newSigningKey(algorithm, true) };
const cards = new Map<string, SoftwareCard>();

let terminal = await Terminal.open(setup);
let phone = await Phone.open(phoneSetup);
let sheetPayments: SheetPayments | undefined;
let asked: SheetForMe | undefined;

interface IssuedCard extends CardFile {
  readonly uid: string;
  readonly key: string;
}

function tapOf(issued: IssuedCard) {
  const { uid, key, ...file } = issued;
  const card = cards.get(uid) ?? new SoftwareCard(fromHex(uid), file, fromBase64url(key));
  cards.set(uid, card);
  return card.tap();
}

function till(): Terminal {
  if (!terminal) throw new Error("not enrolled");
  return terminal;
}

function mobile(): Phone {
  if (!phone) throw new Error("not activated");
  return phone;
}

/** What a till without a network says of a long code for a meal. */
async function offline(code: string, meal: Meal) {
  const parameters = till().parameters;
  if (!parameters) throw new Error("no parameters");
  const [now, { canteen, prices, limits }] = [till().now(), parameters];
  const { holder, token } = await readCode(acceptedKeys(parameters.centre_keys, now), code);
  const price = priceOn(prices, meal, localDate(now));
  const priceFen = price && amountFor(price, parameters, holder.agencyId);
  const at = { at: now, canteenId: canteen.canteen_id, priceFen: priceFen ?? 0, limits, offline: true };
  const refusal = isBlocked(till().blockList, holder.book, holder.credentialId)
    ? "card_blocked"
    : refusalOf(holder, token, at);
  return { price_fen: priceFen, refusal, holder_id: holder.holderId };
}

// biome-ignore lint/suspicious/noExplicitAny: arguments are what the tests send.
const COMMANDS: Record<string, (...given: any[]) => unknown> = {
  enrol: async (slip: Slip) => {
    terminal = await Terminal.enrol(setup, slip);
    return { terminal_id: terminal.terminalId, epoch: terminal.epoch };
  },
  sign_on: async () => {
    await till().signOn();
    return till().parameters;
  },
  sign_off: () => till().signOff(),
  charge_card: (card: IssuedCard, meal: Meal, options: ChargeOptions) => till().chargeCard(tapOf(card), meal, options),
  charge_code: (code: string, meal: Meal, options: ChargeOptions) => till().chargeCode(code, meal, options),
  offline,
  void: (epoch: number, sequence: number) => till().void(epoch, sequence),
  payments_ending: (ending: string) => till().paymentsEnding(ending),
  payer_initial: (ending: string) => till().payerInitial(ending),
  void_sheet_payment: (ending: string, reason: string) => till().voidSheetPayment({ short_number: ending, reason }),
  resend_sheet_voids: () => till().resendSheetVoids(),
  entries: (last: number) => setup.journal.between(till().epoch, 1, last),
  unknown: () => till().unknown(),
  resend: () => till().resendUnknown(),
  settle: () => till().settleUnknown(),
  open_shift: (cashier: string, drawer: string) => till().openShift(cashier, drawer),
  cashier_on: (cashier: string, pin: string, newPin?: string) => till().signCashierOn(cashier, pin, newPin),
  cashier_off: () => till().signCashierOff(),
  cashier: () => ({ cashier: till().cashier, lacks: till().lacksCashier }),
  totals: () => till().shiftTotals(),
  close_shift: () => till().closeShift(),
  differences: () => till().findDifferences(),
  renew_key: () => till().renewKey(),
  refresh: () => till().refreshParameters(),
  block_list: async () => {
    await till().refreshBlockList();
    return { ...till().blockList, blocked: [...till().blockList.blocked], current: till().blockListVersion };
  },
  activate: async (id: number, code: string, algorithm: KeyAlgorithm) => {
    phone = await Phone.activate({ ...phoneSetup, algorithm }, id, code);
    return { credential_id: phone.credentialId, expires_at: phone.expiresAt };
  },
  renew: () => mobile().renew(),
  short_code: (canteenId: number | null) => mobile().shortCode({ canteenId }),
  long_code: (canteenId: number | null, limitFen: number) => mobile().longCode({ canteenId, limitFen }),
  account: () => mobile().account(),
  ask: (method: "GET" | "POST" | "PUT" | "DELETE", path: string, message?: object) =>
    mobile().ask(method, path, message),
  ask_sheet: async (code: string) => {
    sheetPayments = new SheetPayments(mobile(), setup.journal);
    asked = await sheetPayments.ask(code);
    return asked;
  },
  /** Tapped twice at once. */
  pay_sheet: async (options: { amountFen?: number; place?: PlaceSaid }) => {
    if (!sheetPayments || !asked) throw new Error("nothing was asked");
    return Promise.all([sheetPayments.pay(asked, options), sheetPayments.pay(asked, options)]);
  },
  resolve_sheets: () => new SheetPayments(mobile(), setup.journal).resolve(),
  unresolved_sheets: () => new SheetPayments(mobile(), setup.journal).unresolved(),
  results: (mark: string, waitS: number) => new SheetPayments(mobile(), setup.journal).next(mark, waitS),
  top_up: (orderId: string, amountFen: number) => mobile().topUp(orderId, amountFen),
  receipt: (keys: string[], code: string) => readReceipt(keys.map(fromBase64url), code),
};

async function answerTo(line: string): Promise<object> {
  const [name, ...given] = JSON.parse(line) as [string, ...unknown[]];
  try {
    return { ok: (await COMMANDS[name]?.(...given)) ?? null };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { name, message } = error;
    const isAnswer = error instanceof Rejected || error instanceof OutcomeUnknown;
    const { status, slug, entry } = isAnswer ? error : { status: null, slug: "", entry: null };
    return { error: name, message, status, slug, entry, stack: error.stack };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answerTo(line)));
}
