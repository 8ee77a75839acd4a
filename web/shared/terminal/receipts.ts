/** The signed receipt (section 10 of the page): whoever has its code can check it without a network. */

import { type Bytes, toHex, utf8 } from "./bytes.ts";
import type { Cbor } from "./cbor.ts";
import { isBytes, NotGenuine, openSign1 } from "./codes.ts";

export const RECEIPT_PREFIX = "OR1:";
/** What a QR code of version 40-L holds in alphanumeric mode. */
const CODE_CHARACTERS_MAX = 4_296;

/** What the centre signed of a payment. Money in fen; times in seconds since 1970. */
export interface SignedReceipt {
  /** A UUID. */
  readonly number: string;
  readonly kind: string;
  readonly payer_zh: string;
  readonly canteen_zh: string;
  readonly meal: string;
  readonly purchased_at: number;
  /** YYYY-MM-DD. */
  readonly business_date: string;
  readonly cash_fen: number;
  readonly subsidy_fen: number;
  readonly host_fen: number;
  /** `personal` or `voucher`: what the receipt may be used for. */
  readonly effect: string;
}

const MEMBERS = [
  "kind",
  "payer_zh",
  "canteen_zh",
  "meal",
  "purchased_at",
  "business_date",
  "cash_fen",
  "subsidy_fen",
  "host_fen",
  "effect",
] as const;
const NUMBERS = new Set<string>(["purchased_at", "cash_fen", "subsidy_fen", "host_fen"]);

/**
 * Verify a receipt's code; throws NotGenuine.
 *
 * `centreKeys`: every public key that the centre ever had. A receipt does not name the one that signed it.
 */
export async function readReceipt(centreKeys: Iterable<Bytes>, code: string): Promise<SignedReceipt> {
  if (code.length > CODE_CHARACTERS_MAX || !code.startsWith(RECEIPT_PREFIX)) throw new NotGenuine("no receipt's code");
  const payload = await openSign1(centreKeys, utf8("onecard receipt v2"), code.slice(RECEIPT_PREFIX.length));
  if (!Array.isArray(payload) || payload.length !== MEMBERS.length + 1 || !isNumber(payload[0])) {
    throw new NotGenuine("not the members of a receipt");
  }
  const [number, ...values] = payload;
  const isOfKind = (value: Cbor, at: number) => typeof value === (NUMBERS.has(MEMBERS[at] ?? "") ? "number" : "string");
  if (!isNumber(number) || !values.every(isOfKind)) throw new NotGenuine("a member of another kind");
  const members = Object.fromEntries(MEMBERS.map((name, at) => [name, values[at]]));
  return { ...members, number: uuidOf(number) } as unknown as SignedReceipt;
}

function isNumber(value: Cbor | undefined): value is Bytes {
  return isBytes(value) && value.length === 16;
}

function uuidOf(bytes: Bytes): string {
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
