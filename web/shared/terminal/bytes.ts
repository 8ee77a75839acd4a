/**
 * Bytes and their spellings. Every reader here takes one spelling only: what has a second one is refused, since a
 * signature would cover either.
 */

/** Bytes as WebCrypto takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** The text of UTF-8 bytes; throws TypeError for anything else. */
export function fromUtf8(bytes: Bytes): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** The parts one after another: what the protocol writes as ‖. */
export function concat(...parts: Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An integer from 0 to 2^53-1, big-endian in so many bytes; throws RangeError when it does not fit. */
export function uint(value: number, width: number): Bytes {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 256 ** width) {
    throw new RangeError(`${value} is no number of ${width} bytes`);
  }
  const bytes = new Uint8Array(width);
  for (let at = width - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256)) bytes[at] = rest % 256;
  return bytes;
}

/** The integer of big-endian bytes; throws RangeError above 2^53-1. */
export function toUint(bytes: Bytes): number {
  const value = bytes.reduce((number, byte) => number * 256 + byte, 0);
  if (!Number.isSafeInteger(value)) throw new RangeError("a number above 2^53-1");
  return value;
}

export function equal(one: Bytes, other: Bytes): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes of hexadecimal digits in either case; throws RangeError for anything else. */
export function fromHex(text: string): Bytes {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text) || text.endsWith("\n")) throw new RangeError("not hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Base64 with padding (RFC 4648 section 4), as in header fields. */
export function toBase64(bytes: Bytes): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Bytes of base64 with padding, in its one spelling; throws RangeError for any other text. */
export function fromBase64(text: string): Bytes {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new RangeError("not base64");
  }
  // The built-in reader takes white space, missing padding, and bits beyond the last byte.
  if (btoa(binary) !== text) throw new RangeError("another spelling of base64");
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Base64url without padding (RFC 4648 section 5), as in bodies. */
export function toBase64url(bytes: Bytes): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Bytes of base64url without padding, in its one spelling; throws RangeError for any other text. */
export function fromBase64url(text: string): Bytes {
  if (/[+/=]/.test(text)) throw new RangeError("not base64url");
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/") + padding);
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
