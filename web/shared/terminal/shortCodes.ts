/** The short code (section 6.3 of the page): 130 characters, which only the centre can verify. */

import { fromBase45, toBase45 } from "./base45.ts";
import { type Bytes, concat, toUint, uint, utf8 } from "./bytes.ts";
import { NotGenuine, type Token } from "./codes.ts";
import { type PublicKey, SIGNATURE_BYTES, type SigningKey, sign, verify } from "./keys.ts";

export const SHORT_PREFIX = "OC2:";
/** QR version 6-M holds 154 in alphanumeric mode (ISO/IEC 18004 table 7). */
export const SHORT_CODE_CHARACTERS = 130;

/** How long after its issue a short code may be posted: it needs a network, and this is time for a resend. */
export const SHORT_PAYS_WITHIN_S = 600;

export const SHORT_COUNTER_MAX = 2 ** 32 - 1;

const CONTEXT = utf8("onecard short code v2");
const BODY_BYTES = 20;
const CANTEENS = 2 ** 24 - 1;

/** What stands in a short code, before its signature is checked. */
export interface ShortCode {
  /** Of the phone's certificate, 6 bytes. */
  readonly reference: Bytes;
  readonly issuedAt: number;
  readonly counter: number;
  readonly limitFen: number | null;
  /** 0 for any, else `canteenHint`. */
  readonly canteen: number;
  readonly body: Bytes;
  readonly signature: Bytes;
}

/** Whether a scanned text is meant as a short code: a till without a network asks for the long one. */
export function isShortCode(code: string): boolean {
  return code.startsWith(SHORT_PREFIX);
}

/** What three bytes say of a canteen; 0 for any. */
export function canteenHint(canteenId: number | null): number {
  return canteenId === null ? 0 : 1 + (canteenId % CANTEENS);
}

/**
 * What the phone signs: the whole number of the canteen is in it, and first the phone's own key. Anybody computes the
 * key of an ECDSA signature whose text he knows, and would know which photographs of codes are of one phone.
 */
export function shortCodeToBeSigned(key: PublicKey, body: Bytes, canteenId: number | null): Bytes {
  return concat(CONTEXT, key.bytes, body, uint(canteenId ?? 0, 8));
}

/** The body of a short code, 20 bytes; throws RangeError for numbers that it cannot hold. */
export function shortCodeBody(reference: Bytes, token: Token): Bytes {
  if (token.counter === 0 || token.limitFen === 0) throw new RangeError("counters and limits begin with 1");
  return concat(
    reference,
    uint(token.issuedAt, 4),
    uint(token.counter, 4),
    uint(token.limitFen ?? 0, 3),
    uint(canteenHint(token.canteenId), 3),
  );
}

/** The text of the short code that a phone shows; throws RangeError for numbers that it cannot hold. */
export async function makeShortCode(reference: Bytes, key: SigningKey, token: Token): Promise<string> {
  const body = shortCodeBody(reference, token);
  const signature = await sign(key, shortCodeToBeSigned(key.publicKey, body, token.canteenId));
  return SHORT_PREFIX + toBase45(concat(body, signature));
}

/** Read a short code without checking its signature; throws NotGenuine. */
export function readShortCode(code: string): ShortCode {
  if (code.length !== SHORT_CODE_CHARACTERS || !isShortCode(code))
    throw new NotGenuine("no short code of this network");
  const data = decoded(code.slice(SHORT_PREFIX.length));
  const number = (from: number, to: number) => toUint(data.slice(from, to));
  const counter = number(10, 14);
  if (counter === 0 || data.length !== BODY_BYTES + SIGNATURE_BYTES) throw new NotGenuine("counters begin with 1");
  return {
    reference: data.slice(0, 6),
    issuedAt: number(6, 10),
    counter,
    limitFen: number(14, 17) || null,
    canteen: number(17, 20),
    body: data.slice(0, BODY_BYTES),
    signature: data.slice(BODY_BYTES),
  };
}

function decoded(text: string): Bytes {
  try {
    return fromBase45(text);
  } catch {
    throw new NotGenuine("not base45");
  }
}

/**
 * What the phone allowed at this canteen; null when the code is for another one. Throws NotGenuine.
 *
 * `key`: of the certificate that the reference stands for, which a till does not know.
 */
export async function openShortCode(code: ShortCode, key: PublicKey, canteenId: number): Promise<Token | null> {
  if (code.canteen !== 0 && code.canteen !== canteenHint(canteenId)) return null;
  const forCanteen = code.canteen === 0 ? null : canteenId;
  if (!(await verify(key, shortCodeToBeSigned(key, code.body, forCanteen), code.signature))) {
    throw new NotGenuine("the signature does not fit");
  }
  return { issuedAt: code.issuedAt, counter: code.counter, canteenId: forCanteen, limitFen: code.limitFen };
}
