/** What a terminal must know before it charges (sections 5.1 and 5.2 of the page), and the block list (section 8). */

import { type Bytes, fromBase64url } from "./bytes.ts";
import type { Meal } from "./cards.ts";
import type { CentreKeys } from "./codes.ts";

/** Amounts in fen, times in seconds. */
export interface Limits {
  readonly amount_max_fen: number;
  readonly resend_within_s: number;
  readonly purchase_ahead_s: number;
  readonly code_fresh_s: number;
  readonly code_ahead_s: number;
}

export interface Price {
  readonly meal: Meal;
  /** A local date, YYYY-MM-DD. */
  readonly valid_from: string;
  readonly home_fen?: number;
  readonly visitor_fen?: number;
  /** Instead of both: the cashier enters an amount of at most so much. */
  readonly limit_fen?: number;
}

/** A version of the centre's key; times in seconds since 1970. */
export interface CentreKey {
  readonly version: number;
  readonly public_key: string;
  readonly valid_from: number;
  readonly valid_until?: number;
}

export interface Parameters {
  readonly canteen: {
    readonly canteen_id: number;
    readonly book: number;
    readonly agency_id: number;
    readonly name_zh: string;
    readonly name_en: string;
  };
  readonly meals: readonly { readonly meal: Meal; readonly starts: string; readonly ends: string }[];
  readonly prices: readonly Price[];
  readonly limits: Limits;
  readonly offline: {
    readonly late_after_s: number;
    readonly payments_max: number | null;
    readonly amount_max_fen: number | null;
    readonly block_list_age_max_s: number;
  };
  readonly refresh_s: number;
  /** Whether the till charges only while a cashier is signed on. */
  readonly cashier_required?: boolean;
  readonly centre_keys: readonly CentreKey[];
}

/** The centre's local time is UTC+8. */
const LOCAL_TIME_S = 8 * 3600;

/** The centre's local date, YYYY-MM-DD, at a time in seconds since 1970. */
export function localDate(at: number): string {
  return new Date((at + LOCAL_TIME_S) * 1000).toISOString().slice(0, 10);
}

/** The price of a meal on a local date; null: the meal is not served. */
export function priceOn(prices: readonly Price[], meal: Meal, date: string): Price | null {
  return prices.findLast((price) => price.meal === meal && price.valid_from <= date) ?? null;
}

/** What a diner of this agency pays, in fen; null where the cashier enters the amount. */
export function amountFor(price: Price, parameters: Parameters, agencyId: number): number | null {
  const isAtHome = agencyId === parameters.canteen.agency_id;
  return (isAtHome ? price.home_fen : price.visitor_fen) ?? null;
}

/** The centre's keys that are accepted at this time, by version. */
export function acceptedKeys(keys: readonly CentreKey[], now: number): CentreKeys {
  const accepted = keys.filter((key) => key.valid_until === undefined || now < key.valid_until);
  return new Map(accepted.map((key) => [key.version, fromBase64url(key.public_key)]));
}

/** The version that is to sign an answer: the highest in use of those known; null when none is accepted any more. */
export function keyInUse(keys: readonly CentreKey[], now: number): { version: number; publicKey: Bytes } | null {
  const accepted = acceptedKeys(keys, now);
  const begun = keys.filter((key) => accepted.has(key.version) && key.valid_from <= now);
  const version = Math.max(...begun.map((key) => key.version));
  const publicKey = accepted.get(version);
  return publicKey === undefined ? null : { version, publicKey };
}

/** A terminal's copy of the block list. It can be stored in IndexedDB as it is. */
export interface BlockList {
  /** The last change in it. */
  readonly version: number;
  /** When the centre had no later change, in the centre's time; 0: never. */
  readonly currentAt: number;
  readonly blocked: ReadonlySet<string>;
}

export interface BlockChanges {
  readonly version: number;
  readonly complete: boolean;
  readonly changes: readonly {
    readonly version: number;
    readonly book: number;
    readonly credential_id: number;
    readonly blocked: boolean;
  }[];
}

export const EMPTY_BLOCK_LIST: BlockList = { version: 0, currentAt: 0, blocked: new Set() };

/** The list with changes that were asked for at `askedAt`, in the centre's time. */
export function withChanges(list: BlockList, changes: BlockChanges, askedAt: number): BlockList {
  const blocked = new Set(list.blocked);
  for (const change of changes.changes) {
    const name = `${change.book}/${change.credential_id}`;
    if (change.blocked) blocked.add(name);
    else blocked.delete(name);
  }
  return { version: changes.version, currentAt: changes.complete ? askedAt : list.currentAt, blocked };
}

export function isBlocked(list: BlockList, book: number, credentialId: number): boolean {
  return list.blocked.has(`${book}/${credentialId}`);
}

/** Whether a till without a network may still rely on this copy. */
export function isFresh(list: BlockList, parameters: Parameters, now: number): boolean {
  return now - list.currentAt <= parameters.offline.block_list_age_max_s;
}
