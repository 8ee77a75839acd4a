/** Private keys from their bytes, for the vectors. Keys of devices are made, and never read out. */

import { type Bytes, concat, fromHex } from "../bytes.ts";
import { compress, type KeyAlgorithm, type SigningKey } from "../keys.ts";

// PKCS #8 (RFC 8410, RFC 5915) up to the key's 32 bytes.
const ED25519 = fromHex("302e020100300506032b657004220420");
const X25519 = fromHex("302e020100300506032b656e04220420");
const P256 = fromHex("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420");

/** A private key with the public half that belongs to it. */
export async function importSigningKey(algorithm: KeyAlgorithm, seed: Bytes): Promise<SigningKey> {
  const isEd25519 = algorithm === "ed25519";
  const pkcs8 = concat(isEd25519 ? ED25519 : P256, seed);
  const kind = isEd25519 ? "Ed25519" : { name: "ECDSA", namedCurve: "P-256" };
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, kind, true, ["sign"]);
  const { x = "", y = "" } = await crypto.subtle.exportKey("jwk", privateKey);
  const bytes = isEd25519 ? fromJwk(x) : compress(concat(Uint8Array.of(4), fromJwk(x), fromJwk(y)));
  return { privateKey, publicKey: { algorithm, bytes } };
}

function fromJwk(text: string): Bytes {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
}

export function importEphemeral(seed: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", concat(X25519, seed), "X25519", true, ["deriveKey", "deriveBits"]);
}

export function importHmacKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}
