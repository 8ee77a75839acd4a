/** Shifts (section 7.1 of the page): totals by business day, and the hash chain over a shift's requests. */

import { readAnswer } from "./answers.ts";
import { type Bytes, concat, fromBase64url, fromHex, sha256, toBase64url, uint, utf8 } from "./bytes.ts";
import type { Entry, Journal } from "./journal.ts";

const OPERATIONS = { charge: 1, void: 2 } as const;
const OUTCOMES = { approved: 1, refused: 2, voided: 3 } as const;

/** A payment whose receipt was made later than this after its purchase is `stored`, in seconds. */
const STORED_AFTER_S = 120;

/** A charge or void of a shift with its final answer, as terminal and ledger both know it; money in fen. */
export interface ShiftRequest {
  readonly sequence: number;
  readonly operation: keyof typeof OPERATIONS;
  readonly outcome: keyof typeof OUTCOMES;
  /** SHA-256 of its body; null for a charge that was voided before it arrived. */
  readonly bodyDigest: Bytes | null;
  /** Of an approval's receipt, a UUID; null without one. */
  readonly number: string | null;
  readonly amountFen: number;
  /** Null where nothing was posted. */
  readonly businessDate: string | null;
  readonly stored: boolean;
}

/** What a shift took on one business day: how many payments and reversals, and fen. */
export interface DayTotals {
  readonly business_date: string;
  readonly online: number;
  readonly online_fen: number;
  readonly stored: number;
  readonly stored_fen: number;
  readonly reversals: number;
  readonly reversed_fen: number;
}

/** The message that closes a shift. Times in seconds since 1970. */
export interface ShiftClosing {
  readonly terminal_id: number;
  readonly epoch: number;
  readonly shift: number;
  readonly last_sequence: number;
  readonly cashier: string;
  readonly drawer: string;
  readonly opened_at: number;
  readonly closed_at: number;
  readonly unknown: number;
  readonly days: readonly DayTotals[];
  readonly journal_head: string;
  readonly centre_key: number;
}

/** The ledger's side of a shift. */
export interface ShiftClosed {
  readonly agree: boolean;
  readonly requests: number;
  readonly days: readonly (DayTotals & { readonly refunds: number; readonly refunded_fen: number })[];
  readonly journal_head: string;
}

/** A charge or void that the ledger has under a number. Members with 0, false or nothing are left out. */
export interface LedgerRequest {
  readonly sequence: number;
  readonly operation: string;
  readonly outcome: string;
  readonly business_date: string;
  readonly amount_fen?: number;
  readonly stored?: boolean;
  readonly number?: string;
  readonly reason?: string;
  readonly body_digest?: string;
}

/** Whether an entry is one that a shift counts. */
function isCounted(entry: Entry): entry is Entry & { operation: keyof typeof OPERATIONS } {
  return entry.operation === "charge" || entry.operation === "void";
}

/** An entry as it stands in its shift; null for what is not counted, has no final answer, or was rejected unposted. */
export async function shiftRequest(entry: Entry): Promise<ShiftRequest | null> {
  const answer = entry.answer === null ? null : readAnswer(entry.answer);
  if (!isCounted(entry) || answer === null || answer.outcome === "recorded") return null;
  const isUnposted = entry.operation === "charge" && answer.outcome === "voided";
  const receipt = answer.outcome === "approved" ? answer.receipt : null;
  const reversed = answer.outcome === "voided" ? answer : null;
  return {
    sequence: entry.sequence,
    operation: entry.operation,
    outcome: answer.outcome,
    bodyDigest: isUnposted ? null : await sha256(utf8(entry.body)),
    number: receipt?.number ?? null,
    amountFen: receipt?.amount_fen ?? reversed?.reversed_fen ?? 0,
    businessDate: receipt?.business_date ?? reversed?.business_date ?? null,
    stored: receipt !== null && receipt.posted_at - purchasedAt(entry.body) > STORED_AFTER_S,
  };
}

function purchasedAt(body: string): number {
  return Number((JSON.parse(body) as { purchased_at: number }).purchased_at);
}

/** The hash by which a request stands in the chain. Without its content it says nothing. */
export function leaf(one: ShiftRequest): Promise<Bytes> {
  return sha256(
    concat(
      uint(one.sequence, 8),
      uint(OPERATIONS[one.operation], 1),
      uint(OUTCOMES[one.outcome], 1),
      one.bodyDigest ?? new Uint8Array(32),
      one.number === null ? new Uint8Array(16) : fromHex(one.number.replaceAll("-", "")),
      uint(one.amountFen, 8),
    ),
  );
}

/** All links of a shift's chain; the last is its head. */
export async function chain(
  terminalId: number,
  epoch: number,
  shift: number,
  leaves: readonly Bytes[],
): Promise<[Bytes, ...Bytes[]]> {
  const first = concat(utf8("onecard shift v1"), uint(terminalId, 8), uint(epoch, 4), uint(shift, 8));
  let link = await sha256(first);
  const links: [Bytes, ...Bytes[]] = [link];
  for (const one of leaves) {
    link = await sha256(concat(link, one));
    links.push(link);
  }
  return links;
}

/** The totals of each business day on which something was posted, the earliest first. */
export function dayTotals(requests: readonly ShiftRequest[]): DayTotals[] {
  const days = new Map<string, DayTotals>();
  for (const one of requests) {
    if (one.amountFen === 0 || one.businessDate === null) continue;
    const day = days.get(one.businessDate) ?? emptyDay(one.businessDate);
    days.set(one.businessDate, withRequest(day, one));
  }
  return [...days.values()].sort((one, other) => (one.business_date < other.business_date ? -1 : 1));
}

function emptyDay(date: string): DayTotals {
  return {
    business_date: date,
    online: 0,
    online_fen: 0,
    stored: 0,
    stored_fen: 0,
    reversals: 0,
    reversed_fen: 0,
  };
}

function withRequest(day: DayTotals, one: ShiftRequest): DayTotals {
  if (one.operation === "void") {
    return { ...day, reversals: day.reversals + 1, reversed_fen: day.reversed_fen + one.amountFen };
  }
  if (one.stored) return { ...day, stored: day.stored + 1, stored_fen: day.stored_fen + one.amountFen };
  return { ...day, online: day.online + 1, online_fen: day.online_fen + one.amountFen };
}

/** The charges and voids of a journal between two numbers that have an outcome. */
export async function requestsBetween(
  journal: Journal,
  epoch: number,
  first: number,
  last: number,
): Promise<ShiftRequest[]> {
  const requests = await Promise.all((await journal.between(epoch, first, last)).map(shiftRequest));
  return requests.filter((one) => one !== null);
}

/** What the centre has of the terminal's numbers between two. */
export type Ledger = (first: number, last: number) => Promise<LedgerRequest[]>;

export type LatestShift = Awaited<ReturnType<typeof latestShift>>;

/** The last of these numbers whose charge or void has an outcome or is unknown; `first` if there is none. */
async function lastCounted(journal: Journal, epoch: number, first: number, last: number): Promise<number> {
  const counted = (await journal.between(epoch, first, last)).filter(isCounted);
  const requests = await Promise.all(counted.map(shiftRequest));
  return counted.findLast((one, at) => one.answer === null || requests[at] !== null)?.sequence ?? first;
}

/**
 * The latest shift of a journal: its number, what its opening says, its last number and when it was closed: now, unless
 * an earlier closing said so. It goes no further than that, and as far as what a restored disk has forgotten: `highest`
 * is the last number used, `ledger` says what the centre has between two. Throws when no shift was opened.
 */
export async function latestShift(journal: Journal, epoch: number, now: number, highest: number, ledger: Ledger) {
  const entry = await journal.latestShift(epoch);
  if (!entry) throw new Error("no shift was opened");
  const opening = JSON.parse(entry.body) as Pick<ShiftClosing, "cashier" | "drawer" | "opened_at">;
  const said = await journal.closing(epoch, entry.sequence);
  const closing = said && (JSON.parse(said.body) as ShiftClosing);
  const upTo = closing?.last_sequence ?? highest;
  const kept = await lastCounted(journal, epoch, entry.sequence, upTo);
  const forgotten = kept < upTo ? await ledger(kept + 1, upTo) : [];
  const last = Math.max(kept, ...forgotten.map((one) => one.sequence));
  return { shift: entry.sequence, opening, last, closedAt: closing?.closed_at ?? now };
}

/** The closing of the latest shift by a journal. */
export async function totalsOf(
  journal: Journal,
  terminalId: number,
  epoch: number,
  latest: LatestShift,
): Promise<Omit<ShiftClosing, "centre_key">> {
  const { shift, opening, last, closedAt } = latest;
  const requests = await requestsBetween(journal, epoch, shift, last);
  const links = await chain(terminalId, epoch, shift, await Promise.all(requests.map(leaf)));
  const unknown = (await journal.between(epoch, shift, last)).filter((one) => isCounted(one) && one.answer === null);
  return {
    terminal_id: terminalId,
    epoch,
    shift,
    last_sequence: last,
    ...opening,
    closed_at: closedAt,
    unknown: unknown.length,
    days: dayTotals(requests),
    journal_head: toBase64url(links.at(-1) ?? links[0]),
  };
}

/** A number under which journal and ledger have not the same, with what each has. */
export interface Difference {
  readonly sequence: number;
  readonly mine?: ShiftRequest;
  readonly theirs?: LedgerRequest;
}

export function differences(mine: readonly ShiftRequest[], theirs: readonly LedgerRequest[]): Difference[] {
  const kept = new Map(mine.map((one) => [one.sequence, one]));
  const posted = new Map(theirs.map((one) => [one.sequence, one]));
  const numbers = [...new Set([...kept.keys(), ...posted.keys()])].sort((one, other) => one - other);
  return numbers.flatMap((sequence) => {
    const [one, other] = [kept.get(sequence), posted.get(sequence)];
    if (one && other && isSame(one, other)) return [];
    return [{ sequence, ...(one ? { mine: one } : {}), ...(other ? { theirs: other } : {}) }];
  });
}

/** Whether journal and ledger have the same under a number. */
function isSame(mine: ShiftRequest, theirs: LedgerRequest): boolean {
  const digest = theirs.body_digest === undefined ? null : fromBase64url(theirs.body_digest);
  const sameDay =
    mine.amountFen === 0 || (mine.businessDate === theirs.business_date && mine.stored === (theirs.stored ?? false));
  return (
    sameDay &&
    mine.operation === theirs.operation &&
    mine.outcome === theirs.outcome &&
    mine.number === (theirs.number ?? null) &&
    mine.amountFen === (theirs.amount_fen ?? 0) &&
    String(mine.bodyDigest) === String(digest)
  );
}
