/**
 * Keys that sign: Ed25519, and ECDSA on P-256 with SHA-256 for phones. WebCrypto does the arithmetic; private keys are
 * not extractable, and survive in IndexedDB as they are.
 *
 * An ECDSA signature is `r ‖ s`, 32 bytes each, with `s` at most half of the group's order: otherwise anybody could
 * write the same signature in a second way.
 */

import { type Bytes, concat, equal, toHex } from "./bytes.ts";

/** By the names of HTTP message signatures (RFC 9421 section 6.2.2). */
export type KeyAlgorithm = "ed25519" | "ecdsa-p256-sha256";

/** A public key: 32 bytes of Ed25519, or the compressed point of P-256 (SEC 1 section 2.3.3), 33 bytes. */
export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  readonly bytes: Bytes;
}

/** A private key with its public half. It can be stored in IndexedDB as it is. */
export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: PublicKey;
}

export const SIGNATURE_BYTES = 64;

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const ECDSA = { name: "ECDSA", hash: "SHA-256" } as const;

// SEC 2 section 2.4.2; a = -3.
const P256_PRIME = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A fresh key that cannot be read out; `extractable` is for who must keep it where keys are not stored as such. */
export async function newSigningKey(algorithm: KeyAlgorithm = "ed25519", extractable = false): Promise<SigningKey> {
  const made = await crypto.subtle.generateKey(algorithm === "ed25519" ? "Ed25519" : P256, extractable, [
    "sign",
    "verify",
  ]);
  if (!("privateKey" in made)) throw new TypeError("no pair of keys");
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", made.publicKey));
  const bytes = algorithm === "ed25519" ? raw : compress(raw);
  return { privateKey: made.privateKey, publicKey: { algorithm, bytes } };
}

/** Sign: 64 bytes under either algorithm. */
export async function sign(key: SigningKey, message: Bytes): Promise<Bytes> {
  if (key.publicKey.algorithm === "ed25519") {
    return new Uint8Array(await crypto.subtle.sign("Ed25519", key.privateKey, message));
  }
  const signature = new Uint8Array(await crypto.subtle.sign(ECDSA, key.privateKey, message));
  const [r, s] = [signature.slice(0, 32), toBigInt(signature.slice(32))];
  return concat(r, fromBigInt(s > P256_ORDER / 2n ? P256_ORDER - s : s));
}

/** Whether this is a signature of the message under the key, in its one spelling. */
export async function verify(key: PublicKey, message: Bytes, signature: Bytes): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    if (key.algorithm === "ed25519") {
      const imported = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
      return await crypto.subtle.verify("Ed25519", imported, signature, message);
    }
    if (toBigInt(signature.slice(32)) > P256_ORDER / 2n) return false;
    const imported = await crypto.subtle.importKey("raw", decompress(key.bytes), P256, false, ["verify"]);
    return await crypto.subtle.verify(ECDSA, imported, signature, message);
  } catch (error) {
    // No point of the curve, or no key of this length: nothing fits it.
    if (error instanceof DOMException || error instanceof RangeError) return false;
    throw error;
  }
}

/** A point of P-256 as SEC 1 section 2.3.3 compresses it: 2 or 3 for an even or odd y, and x. */
export function compress(point: Bytes): Bytes {
  return concat(Uint8Array.of(2 + ((point[64] ?? 0) & 1)), point.slice(1, 33));
}

/** The point with both coordinates (SEC 1 section 2.3.4), since browsers read no other; throws RangeError. */
export function decompress(compressed: Bytes): Bytes {
  const sign = compressed[0];
  const x = toBigInt(compressed.slice(1));
  if (compressed.length !== 33 || (sign !== 2 && sign !== 3) || x >= P256_PRIME) {
    throw new RangeError("no compressed point of P-256");
  }
  const square = (((x * x - 3n) % P256_PRIME) * x + P256_B + P256_PRIME) % P256_PRIME;
  // The prime is 3 mod 4: a square root is the power (p+1)/4.
  const root = power(square, (P256_PRIME + 1n) / 4n);
  if ((root * root) % P256_PRIME !== square) throw new RangeError("no point of P-256");
  const y = (root & 1n) === BigInt(sign & 1) ? root : P256_PRIME - root;
  return concat(Uint8Array.of(4), compressed.slice(1), fromBigInt(y));
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % P256_PRIME) {
    if (rest & 1n) result = (result * square) % P256_PRIME;
  }
  return result;
}

function toBigInt(bytes: Bytes): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

function fromBigInt(value: bigint): Bytes {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * (31 - at))) & 0xffn));
}

export function sameKey(one: PublicKey, other: PublicKey): boolean {
  return one.algorithm === other.algorithm && equal(one.bytes, other.bytes);
}
