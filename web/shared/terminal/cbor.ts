/**
 * The part of CBOR (RFC 8949) that codes use, in its deterministic encoding (section 4.2) only: integers up to 2^53-1,
 * byte strings, texts, booleans, null, arrays and maps. A reader that took a second encoding of the same value would
 * take a second spelling of the same code.
 */

import { type Bytes, concat, equal, fromUtf8, toUint, uint, utf8 } from "./bytes.ts";

export type Cbor = number | string | boolean | null | Bytes | Cbor[] | Map<Cbor, Cbor>;

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const SIMPLE = 7;
const SIMPLE_VALUES: (Cbor | undefined)[] = [false, true, null];
const FIRST_SIMPLE = 20;
/** Ours is four deep. */
const DEPTH_MAX = 8;

/** The deterministic encoding of a value; throws RangeError for a number that is no integer within 2^53. */
export function encodeCbor(value: Cbor): Bytes {
  if (value === null || typeof value === "boolean") return head(SIMPLE, FIRST_SIMPLE + SIMPLE_VALUES.indexOf(value));
  if (typeof value === "number") return value < 0 ? head(NEGATIVE, -1 - value) : head(UNSIGNED, value);
  if (typeof value === "string") return concat(head(TEXT, utf8(value).length), utf8(value));
  if (value instanceof Uint8Array) return concat(head(BYTES, value.length), value);
  if (Array.isArray(value)) return concat(head(ARRAY, value.length), ...value.map(encodeCbor));
  const entries = Array.from(value, ([key, member]) => [encodeCbor(key), encodeCbor(member)] as const);
  entries.sort(([one], [other]) => compare(one, other));
  return concat(head(MAP, entries.length), ...entries.flat());
}

/** The value of one deterministically encoded item that fills the bytes; throws RangeError for anything else. */
export function decodeCbor(bytes: Bytes): Cbor {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (!reader.atEnd) throw new RangeError("bytes are left over");
  return value;
}

function head(major: number, argument: number): Bytes {
  const width = widthOf(argument);
  if (width === 0) return Uint8Array.of(major * 32 + argument);
  return concat(Uint8Array.of(major * 32 + 24 + Math.log2(width)), uint(argument, width));
}

/** In how many bytes an argument follows its head: 0, 1, 2, 4 or 8, as few as will do. */
function widthOf(argument: number): number {
  if (argument < 24) return 0;
  return [1, 2, 4].find((width) => argument < 256 ** width) ?? 8;
}

/** The order of a map's keys: that of their encodings, byte by byte. */
function compare(one: Bytes, other: Bytes): number {
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return at < 0 ? one.length - other.length : (one[at] ?? 0) - (other[at] ?? -1);
}

class Reader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): Cbor {
    if (depth > DEPTH_MAX) throw new RangeError("nested too deeply");
    const first = toUint(this.#take(1));
    const [major, low] = [first >> 5, first & 31];
    if (major === SIMPLE) {
      const simple = SIMPLE_VALUES[low - FIRST_SIMPLE];
      if (simple === undefined) throw new RangeError("a value that no code has");
      return simple;
    }
    const argument = this.#argument(low);
    if (major === UNSIGNED) return argument;
    if (major === NEGATIVE && argument < Number.MAX_SAFE_INTEGER) return -1 - argument;
    if (major === BYTES) return this.#take(argument);
    if (major === TEXT) return this.#text(argument);
    if (major === ARRAY) return this.#members(argument, depth);
    if (major === MAP) return this.#map(argument, depth);
    throw new RangeError("a tag or a number that no code has");
  }

  #argument(low: number): number {
    if (low < 24) return low;
    if (low > 27) throw new RangeError("an indefinite length");
    const width = 2 ** (low - 24);
    const argument = toUint(this.#take(width));
    if (widthOf(argument) !== width) throw new RangeError("a longer encoding than needed");
    return argument;
  }

  #take(length: number): Bytes {
    if (length > this.#bytes.length - this.#at) throw new RangeError("an item goes beyond the end");
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    try {
      return fromUtf8(bytes);
    } catch {
      throw new RangeError("a text is not UTF-8");
    }
  }

  #members(count: number, depth: number): Cbor[] {
    const members: Cbor[] = [];
    // Each takes a byte at least: a large count ends at the end of the bytes.
    for (let n = 0; n < count; n++) members.push(this.item(depth + 1));
    return members;
  }

  #map(count: number, depth: number): Map<Cbor, Cbor> {
    const map = new Map<Cbor, Cbor>();
    let before: Bytes | undefined;
    for (let n = 0; n < count; n++) {
      const start = this.#at;
      const key = this.item(depth + 1);
      const encoded = this.#bytes.slice(start, this.#at);
      if (before && (equal(before, encoded) || compare(before, encoded) > 0)) {
        throw new RangeError("a map's keys are not in order");
      }
      before = encoded;
      map.set(key, this.item(depth + 1));
    }
    return map;
  }
}
