/** Payments by a canteen's sheet, found and taken back at a till (sections 7.3 and 9.2 of the page). */

import type { Answer } from "./answers.ts";

/** The end of a receipt's number, as a diner's phone, a receipt or the counter's screen shows it. */
export const NUMBER_ENDING = /^[0-9a-f]{6,12}$/i;

/** A payment at the till's canteen, whichever till or sheet took it. Money in fen, times in seconds since 1970. */
export interface PaymentFound {
  /** A UUID. */
  readonly number: string;
  readonly channel: string;
  readonly meal: string;
  readonly amount_fen: number;
  readonly paid_at: number;
  readonly business_date: string;
  readonly voided: boolean;
}

/** What takes a payment back. It has no number of the till's, and may be sent again: nothing more is given back. */
export interface SheetVoid {
  readonly short_number: string;
  readonly reason: string;
}

export interface SettledSheetVoid {
  readonly wanted: SheetVoid;
  readonly answer: Answer;
}

/** The name of a payment's void: the end of its number, which is as long as the centre reads it. */
export function endingOf(number: string): string {
  return number.replaceAll("-", "").slice(-12).toLowerCase();
}
