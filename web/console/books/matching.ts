/** One's own books against the centre's, by the number of the receipt. */

import { type Booked, breathe } from "./file.ts";
import type { Known } from "./postings.ts";

export const VERDICTS = ["differs", "books", "centre", "matched"] as const;
/** Amount differs; only in the books; only at the centre; the same in both. */
export type Verdict = (typeof VERDICTS)[number];

export interface Found {
  readonly verdict: Verdict;
  readonly number: string;
  readonly day: string;
  readonly lines: readonly number[];
  /** What the books say, in fen; null: nothing. */
  readonly booksFen: number | null;
  /** What the centre says, in fen; null: nothing. */
  readonly centreFen: number | null;
  readonly known: Known | null;
}

const AT_A_TIME = 5_000;

/** Numbers are the same however they are written. */
function plain(number: string): string {
  return number.toLowerCase().replace(/[\s-]/g, "");
}

interface Entry {
  readonly number: string;
  readonly day: string;
  readonly lines: number[];
  fen: number;
}

/** A receipt that purses have paid together stands on several lines. */
function together(booked: readonly Booked[]): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const { number, day, line, fen } of booked) {
    const key = plain(number);
    const entry = entries.get(key) ?? { number, day, lines: [], fen: 0 };
    entry.lines.push(line);
    entry.fen += fen;
    entries.set(key, entry);
  }
  return entries;
}

/** Books write what is given back with a minus or without one: the number says that it is. */
function signed(fen: number, known: Known): number {
  return known.fen < 0 && fen > 0 ? -fen : fen;
}

/** Every receipt of either side, with what became of it. */
export async function compared(booked: readonly Booked[], known: readonly Known[]): Promise<Found[]> {
  const entries = together(booked);
  await breathe();
  const found: Found[] = [];
  for (const [at, one] of known.entries()) {
    const key = plain(one.number);
    const entry = entries.get(key);
    entries.delete(key);
    const booksFen = entry === undefined ? null : signed(entry.fen, one);
    found.push({
      verdict: booksFen === null ? "centre" : booksFen === one.fen ? "matched" : "differs",
      number: one.number,
      day: one.day,
      lines: entry?.lines ?? [],
      booksFen,
      centreFen: one.fen,
      known: one,
    });
    if (at % AT_A_TIME === 0) await breathe();
  }
  for (const { number, day, lines, fen } of entries.values()) {
    found.push({ verdict: "books", number, day, lines, booksFen: fen, centreFen: null, known: null });
  }
  return found;
}

/** How many, and their money in fen: in the books and at the centre. */
export function totalOf(found: readonly Found[], verdict?: Verdict) {
  const of = found.filter((one) => verdict === undefined || one.verdict === verdict);
  return {
    count: of.length,
    booksFen: of.reduce((sum, one) => sum + (one.booksFen ?? 0), 0),
    centreFen: of.reduce((sum, one) => sum + (one.centreFen ?? 0), 0),
  };
}
