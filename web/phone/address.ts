/** What an address carries after its hash, which reaches no server and no log. */

const ACTIVATION = /^#activate=(\d{1,16})\.([A-Z2-7]{16})$/;

/** Where single sign-on leads back to. */
export const SIGNED_ON = "#signed-on";

/** The number and code of the address, which an agency's QR code leads to. */
export function activationOf(hash: string): { number: string; code: string } | null {
  const [, number, code] = ACTIVATION.exec(hash) ?? [];
  return number && code ? { number, code } : null;
}

const SHEET = /^#sheet=([A-Za-z0-9_-]{1,200})$/;

/** The code of a canteen's sheet, which its printed address leads to. */
export function sheetOf(hash: string): string | null {
  return SHEET.exec(hash)?.[1] ?? null;
}

/** Whether the address is one by which this browser becomes a phone. */
export function isWayIn(hash: string): boolean {
  return hash === SIGNED_ON || hash === "#activate" || activationOf(hash) !== null;
}
