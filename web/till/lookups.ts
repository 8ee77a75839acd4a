/** Which payment is meant by what a diner shows: a receipt's code or address, or a number as it is printed somewhere. */

import { NotGenuine } from "../shared/terminal/codes.ts";
import { acceptedKeys } from "../shared/terminal/parameters.ts";
import { RECEIPT_PREFIX, readReceipt, type SignedReceipt } from "../shared/terminal/receipts.ts";
import { endingOf, NUMBER_ENDING, type PaymentFound } from "../shared/terminal/sheetVoids.ts";
import type { Payment } from "./payments.ts";
import type { Register } from "./register.ts";
import { numberInAddress } from "./scanned.ts";

export interface Found {
  /** A UUID. */
  readonly number: string;
  /** Signed by the centre, where its code was read. */
  readonly receipt: SignedReceipt | null;
  /** Of this shift, where it is one. */
  readonly payment: Payment | null;
  /** What the centre has of this canteen. */
  readonly centres: PaymentFound | null;
}

/** `away`: it is none of this shift, and the centre does not answer. */
export type LookedUp = readonly Found[] | "forged" | "none" | "away" | "form";

const UUID = /^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;
/** As receipts print it: the business date, and the last eight characters. */
const PRINTED = /^20[0-9]{6}([0-9a-f]{8})$/i;

export async function lookUp(register: Register, text: string): Promise<LookedUp> {
  if (text.startsWith(RECEIPT_PREFIX)) return genuine(register, text);
  const number = numberInAddress(text);
  if (number) return ofAddress(register, number);
  const typed = text.replace(/[\s-]/g, "");
  const ending = UUID.test(typed) ? endingOf(typed) : (PRINTED.exec(typed)?.[1] ?? typed);
  return NUMBER_ENDING.test(ending) ? byEnding(register, ending) : "form";
}

/** A code proves itself, also without a network; the centre says whether it was voided since. */
async function genuine(register: Register, code: string): Promise<LookedUp> {
  try {
    const keys = acceptedKeys(register.parameters?.centre_keys ?? [], register.terminal.now());
    const receipt = await readReceipt(keys.values(), code);
    const known = await byEnding(register, endingOf(receipt.number));
    const [same] = Array.isArray(known) ? known.filter(({ number }) => number === receipt.number) : [];
    return [{ payment: null, centres: null, ...same, number: receipt.number, receipt }];
  } catch (error) {
    if (error instanceof NotGenuine) return "forged";
    throw error;
  }
}

/** A receipt of another canteen, or of another week, has its code at the centre. */
async function ofAddress(register: Register, number: string): Promise<LookedUp> {
  const known = await byEnding(register, endingOf(number));
  if (Array.isArray(known) && known.some((one) => one.number === number)) return known;
  try {
    const answer = await fetch(`/receipts/${number}`);
    if (!answer.ok) return answer.status < 500 ? "none" : "away";
    return genuine(register, ((await answer.json()) as { code: string }).code);
  } catch (error) {
    if (error instanceof TypeError) return "away";
    throw error;
  }
}

async function byEnding(register: Register, ending: string): Promise<readonly Found[] | "none" | "away"> {
  const mine = register.payments.filter(({ number }) => number !== "" && number.endsWith(ending.toLowerCase()));
  const centres = await register.paymentsEnding(ending).catch(() => null);
  const found = [
    ...mine.map((payment) => ({
      number: payment.number,
      receipt: null,
      payment,
      centres: centres?.find(({ number }) => number === payment.number) ?? null,
    })),
    ...(centres ?? [])
      .filter(({ number }) => !mine.some((payment) => payment.number === number))
      .map((one) => ({ number: one.number, receipt: null, payment: null, centres: one })),
  ];
  if (found.length > 0) return found;
  return centres ? "none" : "away";
}
