/** The key agreement of a sign-on (section 5 of the page). */

import { type Bytes, concat, sha256, utf8 } from "./bytes.ts";

/** All algorithms of a session, by the name that sign-on gives them. */
export const SUITE = "ED25519-X25519-SHA256-AES128";

/** A session, while it is open. Its key stays within WebCrypto. */
export interface Session {
  readonly sessionId: string;
  readonly epoch: number;
  readonly key: CryptoKey;
}

/** A fresh X25519 key, for one sign-on, and its public half (32 bytes). */
export async function newEphemeral(): Promise<{ privateKey: CryptoKey; publicKey: Bytes }> {
  const made = await crypto.subtle.generateKey("X25519", false, ["deriveKey", "deriveBits"]);
  if (!("privateKey" in made)) throw new TypeError("no pair of keys");
  return {
    privateKey: made.privateKey,
    publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", made.publicKey)),
  };
}

/** The input of the key's derivation that binds it to both bodies, as they were on the wire. */
export async function sessionInfo(requestBody: Bytes, answerBody: Bytes): Promise<Bytes> {
  return concat(utf8("onecard session v1"), await sha256(requestBody), await sha256(answerBody));
}

/** The session's key, for HMAC-SHA256; throws DOMException for a public key of small order. */
export async function agreeKey(
  privateKey: CryptoKey,
  theirPublicKey: Bytes,
  requestBody: Bytes,
  answerBody: Bytes,
): Promise<CryptoKey> {
  const theirs = await crypto.subtle.importKey("raw", theirPublicKey, "X25519", false, []);
  const shared = await crypto.subtle.deriveKey({ name: "X25519", public: theirs }, privateKey, "HKDF", false, [
    "deriveKey",
  ]);
  const info = await sessionInfo(requestBody, answerBody);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info },
    shared,
    { name: "HMAC", hash: "SHA-256", length: 256 },
    false,
    ["sign", "verify"],
  );
}
