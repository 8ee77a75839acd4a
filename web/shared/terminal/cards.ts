/** Cards at a till (section 6.1 of the page): the file, what an answer pays for, and the challenge. */

import { type Bytes, concat, sha256, toUint, uint, utf8 } from "./bytes.ts";

export type Meal = "breakfast" | "lunch" | "dinner";

/** A card's readable file: whose account it charges. No name. */
export interface CardFile {
  /** Of the master key from which the card's key is derived. */
  readonly key_version: number;
  readonly book: number;
  readonly agency_id: number;
  readonly holder_id: number;
  readonly credential_id: number;
}

/** A card in a reader's field. It answers one challenge; another payment needs another tap. */
export interface Tap {
  /** 7 bytes. */
  readonly uid: Bytes;
  readonly file: CardFile;
  /** The card's answer to a challenge of 16 bytes: its counter, and a MAC of 16 bytes. */
  answer(challenge: Bytes): Promise<{ counter: number; mac: Bytes }>;
}

const FILE_BYTES = 21;
const MEALS: Record<Meal, number> = { breakfast: 1, lunch: 2, dinner: 3 };

export function encodeFile(file: CardFile): Bytes {
  return concat(
    uint(file.key_version, 1),
    uint(file.book, 4),
    uint(file.agency_id, 4),
    uint(file.holder_id, 6),
    uint(file.credential_id, 6),
  );
}

/** A card's file as a reader gives it; throws RangeError for what is none. */
export function decodeFile(bytes: Bytes): CardFile {
  const number = (from: number, to: number) => toUint(bytes.slice(from, to));
  const file = {
    key_version: number(0, 1),
    book: number(1, 5),
    agency_id: number(5, 9),
    holder_id: number(9, 15),
    credential_id: number(15, 21),
  };
  if (bytes.length !== FILE_BYTES || Object.values(file).includes(0)) throw new RangeError("no file of a card");
  return file;
}

/** The payment that a card's answer is for. `amount_fen` is absent where the tariff gives it. */
export interface BoundPayment {
  readonly canteen_id: number;
  readonly meal: Meal;
  /** Seconds since 1970. */
  readonly purchased_at: number;
  readonly amount_fen?: number | null | undefined;
  readonly working_meal?: boolean | undefined;
}

/** What a card's answer pays for, in 26 bytes. */
export function binding(payment: BoundPayment): Bytes {
  return concat(
    uint(payment.canteen_id, 8),
    uint(MEALS[payment.meal], 1),
    uint(payment.purchased_at, 8),
    uint(payment.amount_fen ?? 0, 8),
    uint(payment.working_meal ? 1 : 0, 1),
  );
}

/** The challenge of 16 bytes for the card in a request: derived, never chosen. */
export async function cardChallenge(
  sessionKey: CryptoKey,
  epoch: number,
  sequence: number,
  bound: Bytes,
): Promise<Bytes> {
  const text = concat(utf8("onecard card challenge v2"), uint(epoch, 4), uint(sequence, 8), await sha256(bound));
  return new Uint8Array(await crypto.subtle.sign("HMAC", sessionKey, text)).slice(0, 16);
}
