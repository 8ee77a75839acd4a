/** Proofs of Merkle trees after RFC 6962 section 2.1; verified as RFC 9162 sections 2.1.3.2 and 2.1.4.2 say. */

import { type Bytes, concat, equal, sha256 } from "../terminal/bytes.ts";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The hash of a leaf; the prefix keeps leaves and nodes apart. */
export function leafHash(leaf: Bytes): Promise<Bytes> {
  return sha256(concat(LEAF, leaf));
}

function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(concat(NODE, left, right));
}

/** Where a proof's next hash stands: the place of a node among `last + 1` of its level. Numbers go beyond 2^32. */
class Place {
  index: number;
  last: number;

  constructor(index: number, last: number) {
    this.index = index;
    this.last = last;
  }

  get isRight(): boolean {
    return this.index % 2 === 1;
  }

  up(): void {
    this.index = Math.floor(this.index / 2);
    this.last = Math.floor(this.last / 2);
  }

  /** Above the levels where the node has no sibling. */
  upToSibling(): void {
    while (this.index > 0 && !this.isRight) this.up();
  }
}

/** Whether a leaf's hash stands at an index of the tree of that size and head. */
export async function isIncluded(
  leaf: Bytes,
  index: number,
  size: number,
  proof: readonly Bytes[],
  head: Bytes,
): Promise<boolean> {
  if (index < 0 || index >= size) return false;
  const place = new Place(index, size - 1);
  let node = leaf;
  for (const sibling of proof) {
    if (place.last === 0) return false;
    if (place.isRight || place.index === place.last) {
      node = await nodeHash(sibling, node);
      if (!place.isRight) place.upToSibling();
    } else {
      node = await nodeHash(node, sibling);
    }
    place.up();
  }
  return place.last === 0 && equal(node, head);
}

/** Whether the tree of one size and head is the beginning of the later one. */
export async function isBeginning(
  size: number,
  head: Bytes,
  laterSize: number,
  laterHead: Bytes,
  proof: readonly Bytes[],
): Promise<boolean> {
  if (size < 0 || size > laterSize) return false;
  if (size === laterSize) return equal(head, laterHead) && proof.length === 0;
  if (size === 0) return equal(head, await sha256(new Uint8Array())) && proof.length === 0;
  const [first, ...path] = isPowerOfTwo(size) ? [head, ...proof] : proof;
  if (first === undefined) return false;
  const place = new Place(size - 1, laterSize - 1);
  while (place.isRight) place.up();
  let [old, fresh] = [first, first];
  for (const sibling of path) {
    if (place.last === 0) return false;
    if (place.isRight || place.index === place.last) {
      old = await nodeHash(sibling, old);
      fresh = await nodeHash(sibling, fresh);
      if (!place.isRight) place.upToSibling();
    } else {
      fresh = await nodeHash(fresh, sibling);
    }
    place.up();
  }
  return place.last === 0 && equal(old, head) && equal(fresh, laterHead);
}

function isPowerOfTwo(size: number): boolean {
  return Number.isInteger(Math.log2(size));
}
