/** What a scanner read: a pay code, a receipt's code, or something that is none of ours. */

import { fromBase45 } from "../shared/terminal/base45.ts";
import { toHex } from "../shared/terminal/bytes.ts";
import { type CentreKeys, LONG_CODE_MAX, LONG_PREFIX, NotGenuine, readCode } from "../shared/terminal/codes.ts";
import { RECEIPT_PREFIX } from "../shared/terminal/receipts.ts";
import { SHORT_CODE_CHARACTERS, SHORT_PREFIX } from "../shared/terminal/shortCodes.ts";

/** The least that a certificate and a token take, in characters. */
const LONG_CODE_MIN = 200;
const REFERENCE_BYTES = 6;

export type Scanned = "payment" | "receipt" | "incomplete" | "foreign" | "garbled";

/** Of a receipt's page or document; a scanner may type it in capitals. */
const RECEIPT_ADDRESS = /\/r\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\/pdf)?$/i;

/** A code whose colon was typed as another key. */
const GARBLED = /^O[CR][12][^:]/i;
const GARBLED_MIN = 100;

/**
 * Whether characters that need Shift are all missing: one whole code in some ten thousand has none by itself, so
 * this explains a refusal and is no reason for one.
 */
export function lacksShift(code: string): boolean {
  return !/[$%*+:]/.test(code.slice(SHORT_PREFIX.length));
}

/** The number in the address of a receipt, a UUID; null for anything else. */
export function numberInAddress(text: string): string | null {
  return RECEIPT_ADDRESS.exec(text)?.[1]?.toLowerCase() ?? null;
}

export function kindOf(text: string): Scanned {
  if (text.startsWith(RECEIPT_PREFIX) || numberInAddress(text)) return "receipt";
  const isShort = text.startsWith(SHORT_PREFIX);
  if (!isShort && !text.startsWith(LONG_PREFIX))
    return GARBLED.test(text) && text.length >= GARBLED_MIN ? "garbled" : "foreign";
  const isWhole = isShort
    ? text.length === SHORT_CODE_CHARACTERS
    : text.length >= LONG_CODE_MIN && text.length <= LONG_CODE_MAX;
  return isWhole && isBase45(text.slice(SHORT_PREFIX.length)) ? "payment" : "incomplete";
}

function isBase45(text: string): boolean {
  try {
    fromBase45(text);
    return true;
  } catch {
    return false;
  }
}

/** By what two codes of one diner are known: the phone's reference, or the holder. Null when the code tells nobody. */
export async function dinerOf(code: string, centreKeys: CentreKeys): Promise<string | null> {
  if (code.startsWith(SHORT_PREFIX))
    return toHex(fromBase45(code.slice(SHORT_PREFIX.length)).slice(0, REFERENCE_BYTES));
  try {
    const { holder } = await readCode(centreKeys, code);
    return `${holder.book}.${holder.agencyId}.${holder.holderId}`;
  } catch (error) {
    if (error instanceof NotGenuine) return null;
    throw error;
  }
}
