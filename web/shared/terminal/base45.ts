/** Base45 (RFC 9285): what a QR code holds in its alphanumeric mode. */

import type { Bytes } from "./bytes.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function toBase45(bytes: Bytes): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 2) {
    const [high, low] = [bytes[at] ?? 0, bytes[at + 1]];
    let rest = low === undefined ? high : high * 256 + low;
    for (let digits = low === undefined ? 2 : 3; digits > 0; digits--) {
      text += ALPHABET[rest % 45];
      rest = Math.floor(rest / 45);
    }
  }
  return text;
}

/** Reverse `toBase45`; throws RangeError for any other text. */
export function fromBase45(text: string): Bytes {
  if (text.length % 3 === 1) throw new RangeError("base45 text has a wrong length");
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 3) {
    const digits = Array.from(text.slice(at, at + 3), (character) => ALPHABET.indexOf(character));
    if (digits.includes(-1)) throw new RangeError("a character is not in base45");
    const value = digits.reduceRight((number, digit) => number * 45 + digit, 0);
    if (value >= (digits.length === 3 ? 65_536 : 256)) throw new RangeError("a group is above what its bytes hold");
    if (digits.length === 3) bytes.push(Math.floor(value / 256));
    bytes.push(value % 256);
  }
  return Uint8Array.from(bytes);
}
