/** What the centre has posted for an agency in some days: its payments by receipt number. */

import type { components } from "../../shared/api/schema.ts";
import { centre, held } from "../centre.ts";
import { say } from "./words.ts";

type Posting = components["schemas"]["ListedPayment"];

const PAGE = 500;
/** Postings of one comparison; more are compared in several. */
const POSTINGS_MAX = 300_000;
/** Kinds that give money back. */
const BACK: readonly string[] = ["reversal", "refund"];

export const SIDES = ["all", "received", "owed", "own"] as const;
/** Which payments: taken in its canteens from others, paid by its people elsewhere, or its own people's at home. */
export type Side = (typeof SIDES)[number];

/** A payment, or what gives one back, of all purses together: `fen` is negative where it gives back. */
export interface Known {
  readonly row: Posting;
  readonly number: string;
  readonly day: string;
  readonly fen: number;
  readonly side: Exclude<Side, "all">;
}

export interface Wanted {
  readonly agency: number;
  /** Whether the reader sees this agency alone. */
  readonly isOwn: boolean;
  readonly from: string;
  readonly until: string;
}

/** Read all payments of some days. `told`: how many there are so far. Throws Refused, Unreachable, Error. */
export async function readPostings(wanted: Wanted, told: (count: number) => void): Promise<Known[]> {
  const found = new Map<string, Known>();
  const seen = new Set<string>();
  const sides = wanted.isOwn ? [{}] : [{ issuer_id: wanted.agency }, { acquirer_id: wanted.agency }];
  for (const side of sides) {
    let after: string | null = null;
    do {
      const days = { from_day: wanted.from, until_day: wanted.until };
      const query = { ...days, ...side, limit: PAGE, ...(after !== null && { after }) };
      const page: { items: Posting[]; next: string | null } = await held(
        centre.GET("/settlement/payments", { params: { query } }),
      );
      for (const posting of page.items) {
        const key = `${posting.posting_id} ${posting.part}`;
        if (!seen.has(key)) add(found, posting, wanted.agency);
        seen.add(key);
      }
      told(seen.size);
      if (seen.size > POSTINGS_MAX) throw new Error(say("console.books.too_many", { most: POSTINGS_MAX }));
      after = page.next;
    } while (after !== null);
  }
  return [...found.values()];
}

function add(found: Map<string, Known>, row: Posting, agency: number): void {
  const fen = BACK.includes(row.kind) ? -row.amount_fen : row.amount_fen;
  const before = found.get(row.posting_id);
  const isOwn = row.issuer_id === row.acquirer_id;
  const side = isOwn ? "own" : row.acquirer_id === agency ? "received" : "owed";
  found.set(row.posting_id, {
    ...(before ?? { row, number: row.posting_id, day: row.business_date, side }),
    fen: fen + (before?.fen ?? 0),
  });
}

/** The payments of one side. */
export function ofSide(known: readonly Known[], side: Side): Known[] {
  return known.filter((one) => side === "all" || one.side === side);
}

/** Money of one side, in fen. */
export function sumOf(known: readonly Known[], side: Side): number {
  return ofSide(known, side).reduce((sum, one) => sum + one.fen, 0);
}
