/** What a proof bundle holds (`clearing/proof.py`): read here without the centre, every member of its own kind. */

import { type Bytes, fromUtf8, toHex } from "../terminal/bytes.ts";
import { type Cbor, decodeCbor } from "../terminal/cbor.ts";
import { unpack } from "./archive.ts";

const HASH_BYTES = 32;
const POSTING_BYTES = 16;
const FEW_MEMBERS = 10;
/** With the head of the audit log, and the fees of earlier cycles. */
const ALL_MEMBERS = 12;
const LINE_MEMBERS = 14;

export interface Head {
  readonly entries: number;
  readonly digest: Bytes;
}

/** What the centre signs for a cycle; money in fen. */
export interface Manifest {
  readonly businessDate: string;
  readonly files: ReadonlyMap<string, Bytes>;
  readonly positions: ReadonlyMap<number, number>;
  readonly feeFen: number;
  readonly treeSize: number;
  readonly treeHead: Bytes;
  readonly logSize: number;
  readonly logHead: Bytes;
  readonly logHeadBefore: Bytes;
  readonly growth: readonly Bytes[];
  /** The audit log as it was published; manifests up to version 0.2 have none. */
  readonly auditLog: Head | null;
  /** Fees of reversals of earlier cycles' meals, by the hexadecimal number of the posting. */
  readonly earlierFees: ReadonlyMap<string, number>;
}

/** A transfer as its leaf says; money in fen. */
export interface Line {
  readonly postingId: string;
  readonly part: number;
  readonly kind: string;
  readonly issuerId: number;
  readonly acquirerId: number | null;
  readonly canteenId: number | null;
  readonly amountFen: number;
}

export interface Bundle {
  readonly agencyId: number;
  readonly manifest: Manifest;
  /** The manifest's bytes. */
  readonly signed: Bytes;
  readonly signature: Bytes;
  readonly statement: Bytes;
  readonly lines: readonly { readonly index: number; readonly leaf: Bytes; readonly proof: readonly Bytes[] }[];
}

/** A file that is no bundle. */
export class NotABundle extends Error {}

/** Unpack a bundle; nothing of it is checked yet. Throws NotABundle. */
export async function readBundle(content: Bytes): Promise<Bundle> {
  try {
    const files = await unpack(content);
    const [agency, lines] = members(decodeCbor(fileOf(files, "payments.cbor")), 2);
    const agencyId = whole(agency);
    const signed = fileOf(files, "manifest.cbor");
    return {
      agencyId,
      manifest: manifestOf(decodeCbor(signed)),
      signed,
      signature: fileOf(files, "manifest.sig"),
      statement: fileOf(files, `statement-${agencyId}.csv`),
      lines: list(lines).map((line) => {
        const [index, leaf, proof] = members(line, 3);
        return { index: whole(index), leaf: bytes(leaf), proof: list(proof).map(hash) };
      }),
    };
  } catch (error) {
    if (error instanceof RangeError) throw new NotABundle(error.message);
    throw error;
  }
}

/** The line of a leaf. Throws RangeError for other content. */
export function lineOf(leaf: Bytes): Line {
  const [book, posting, part, kind, reverses, issuer, acquirer, canteen, meal, channel, holder, amount, day, postedAt] =
    members(decodeCbor(leaf), LINE_MEMBERS);
  whole(book);
  whole(holder);
  for (const each of [day, postedAt]) text(each);
  for (const each of [meal, channel]) orNone(each, text);
  orNone(reverses, (each) => ofLength(each, POSTING_BYTES));
  return {
    postingId: toHex(ofLength(posting, POSTING_BYTES)),
    part: whole(part),
    kind: text(kind),
    issuerId: whole(issuer),
    acquirerId: orNone(acquirer, whole),
    canteenId: orNone(canteen, whole),
    amountFen: whole(amount),
  };
}

function manifestOf(value: Cbor): Manifest {
  const given = list(value);
  const isEarlier = given.length === FEW_MEMBERS;
  const [date, files, positions, fee, size, head, logSize, logHead, before, growth, audit = null, fees = new Map()] =
    members(value, isEarlier ? FEW_MEMBERS : ALL_MEMBERS);
  return {
    businessDate: text(date),
    files: mapped(files, text, bytes),
    positions: mapped(positions, whole, whole),
    feeFen: whole(fee),
    treeSize: whole(size),
    treeHead: hash(head),
    logSize: whole(logSize),
    logHead: hash(logHead),
    logHeadBefore: hash(before),
    growth: list(growth).map(hash),
    auditLog: orNone(audit, (each) => {
      const [entries, digest] = members(each, 2);
      return { entries: whole(entries), digest: bytes(digest) };
    }),
    earlierFees: mapped(fees, (posting) => toHex(bytes(posting)), whole),
  };
}

function fileOf(files: ReadonlyMap<string, Bytes>, name: string): Bytes {
  const file = files.get(name);
  if (file === undefined) throw new RangeError(`no ${name}`);
  return file;
}

function list(value: Cbor | undefined): Cbor[] {
  if (!Array.isArray(value)) throw new RangeError("no array");
  return value;
}

function members(value: Cbor | undefined, count: number): Cbor[] {
  const found = list(value);
  if (found.length !== count) throw new RangeError(`no array of ${count}`);
  return found;
}

function mapped<Key, Value>(
  value: Cbor | undefined,
  keyOf: (key: Cbor) => Key,
  partOf: (each: Cbor) => Value,
): Map<Key, Value> {
  if (!(value instanceof Map)) throw new RangeError("no map");
  return new Map(Array.from(value, ([key, each]) => [keyOf(key), partOf(each)]));
}

function whole(value: Cbor | undefined): number {
  if (typeof value !== "number") throw new RangeError("no number");
  return value;
}

function text(value: Cbor | undefined): string {
  if (typeof value !== "string") throw new RangeError("no text");
  return value;
}

function bytes(value: Cbor | undefined): Bytes {
  if (!(value instanceof Uint8Array)) throw new RangeError("no bytes");
  return value;
}

function ofLength(value: Cbor | undefined, length: number): Bytes {
  if (bytes(value).length !== length) throw new RangeError(`not of ${length} bytes`);
  return bytes(value);
}

function hash(value: Cbor | undefined): Bytes {
  return ofLength(value, HASH_BYTES);
}

function orNone<Value>(value: Cbor | undefined, of: (value: Cbor) => Value): Value | null {
  return value === null || value === undefined ? null : of(value);
}

/** The amount at the end of a statement's last line; null where there is none. */
export function statedAmount(statement: Bytes): string | null {
  let last: string | undefined;
  try {
    last = fromUtf8(statement).trimEnd().split(/\r?\n/).at(-1);
  } catch {
    return null;
  }
  return (
    last
      ?.match(/(?:^|,)(?:"([^"]*)"|([^",]*))$/)
      ?.slice(1)
      .find((each) => each !== undefined) ?? null
  );
}
