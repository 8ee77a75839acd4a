/**
 * The long code (section 6.2 of the page): a holder certificate and a token, which a till verifies without a network.
 */

import { fromBase45, toBase45 } from "./base45.ts";
import { type Bytes, concat, equal, toUint, utf8 } from "./bytes.ts";
import { type Cbor, decodeCbor, encodeCbor } from "./cbor.ts";
import { type KeyAlgorithm, type PublicKey, type SigningKey, sign, verify } from "./keys.ts";
import type { Limits } from "./parameters.ts";

export const LONG_PREFIX = "OC1:";
/** QR version 10-L, alphanumeric mode (ISO/IEC 18004 table 7). */
export const LONG_CODE_MAX = 395;
/** What a phone allows for one payment unless its holder chooses otherwise: 100 yuan, in fen. */
export const LIMIT_FEN = 10_000;

const CERTIFICATE_CONTEXT = utf8("onecard certificate v1");
const TOKEN_CONTEXT = utf8("onecard token v2");
const EDDSA = -8;
const ES256 = -7;

/** A code was not issued by this network, or was altered. */
export class NotGenuine extends Error {
  override readonly name = "NotGenuine";
}

/** What a holder certificate says. */
export interface Holder {
  readonly book: number;
  readonly agencyId: number;
  readonly holderId: number;
  readonly credentialId: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly key: PublicKey;
}

/** What a phone allows with one code. */
export interface Token {
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly counter: number;
  /** The only canteen where the code pays; null: any. */
  readonly canteenId: number | null;
  /** The most that the payment may be, in fen; null: any amount. */
  readonly limitFen: number | null;
}

/** The centre's public keys by version: those that are accepted. */
export type CentreKeys = ReadonlyMap<number, Bytes>;

/** What is signed of a COSE_Sign1 with a context as external data (RFC 9052 section 4.4). */
function toBeSigned(context: Bytes, protectedHeader: Bytes, payload: Bytes): Bytes {
  return encodeCbor(["Signature1", protectedHeader, context, payload]);
}

function tokenHeader(algorithm: KeyAlgorithm): Bytes {
  return encodeCbor(new Map([[1, algorithm === "ed25519" ? EDDSA : ES256]]));
}

function certificateHeader(version: number): Bytes {
  return encodeCbor(
    new Map<Cbor, Cbor>([
      [1, EDDSA],
      [4, Uint8Array.of(version)],
    ]),
  );
}

/** The token of a code: a COSE_Sign1 by the phone's key. */
export async function makeToken(key: SigningKey, token: Token): Promise<Bytes> {
  const header = tokenHeader(key.publicKey.algorithm);
  const payload = encodeCbor([token.issuedAt, token.counter, token.canteenId, token.limitFen]);
  const signature = await sign(key, toBeSigned(TOKEN_CONTEXT, header, payload));
  return encodeCbor([header, new Map(), payload, signature]);
}

/** The text of the long code that a phone shows; throws RangeError when it is too long. */
export async function makeCode(certificate: Bytes, key: SigningKey, token: Token): Promise<string> {
  // An array of two: both are encoded already.
  const code = LONG_PREFIX + toBase45(concat(Uint8Array.of(0x82), certificate, await makeToken(key, token)));
  if (code.length > LONG_CODE_MAX) throw new RangeError("a code must fit QR version 10-L");
  return code;
}

/** Verify both signatures of a long code; throws NotGenuine. Times, canteen and limit are for `refusalOf`. */
export async function readCode(centreKeys: CentreKeys, code: string): Promise<{ holder: Holder; token: Token }> {
  if (code.length > LONG_CODE_MAX || !code.startsWith(LONG_PREFIX))
    throw new NotGenuine("no long code of this network");
  const parts = readCbor(() => fromBase45(code.slice(LONG_PREFIX.length)));
  if (!Array.isArray(parts) || parts.length !== 2) throw new NotGenuine("not a certificate and a token");
  const holder = await readHolder(centreKeys, sign1(parts[0]));
  const token = await readToken(holder.key, sign1(parts[1]));
  return { holder, token };
}

interface Sign1 {
  readonly header: Bytes;
  readonly payload: Bytes;
  readonly signature: Bytes;
}

function sign1(message: Cbor | undefined): Sign1 {
  if (Array.isArray(message) && message.length === 4) {
    const [header, unprotected, payload, signature] = message;
    const isBare = unprotected instanceof Map && unprotected.size === 0;
    if (isBare && isBytes(header) && isBytes(payload) && isBytes(signature)) return { header, payload, signature };
  }
  throw new NotGenuine("not a COSE_Sign1 of this profile");
}

export function isBytes(value: Cbor | undefined): value is Bytes {
  return value instanceof Uint8Array;
}

/**
 * The payload of a COSE_Sign1 in base45 that one of these Ed25519 keys signed, with its algorithm alone in the header;
 * throws NotGenuine.
 */
export async function openSign1(keys: Iterable<Bytes>, context: Bytes, base45: string): Promise<Cbor> {
  const signed = sign1(readCbor(() => fromBase45(base45)));
  const header = tokenHeader("ed25519");
  if (!equal(signed.header, header)) throw new NotGenuine("the header is not of this profile");
  const text = toBeSigned(context, header, signed.payload);
  for (const bytes of keys) {
    if (await verify({ algorithm: "ed25519", bytes }, text, signed.signature)) return readCbor(() => signed.payload);
  }
  throw new NotGenuine("the signature does not fit");
}

function readCbor(bytes: () => Bytes): Cbor {
  try {
    return decodeCbor(bytes());
  } catch (error) {
    if (error instanceof RangeError) throw new NotGenuine(error.message);
    throw error;
  }
}

async function readHolder(centreKeys: CentreKeys, signed: Sign1): Promise<Holder> {
  const version = signed.header.at(-1) ?? 0;
  const centreKey = centreKeys.get(version);
  if (centreKey === undefined || !equal(signed.header, certificateHeader(version))) {
    throw new NotGenuine("no key of the centre that is accepted signed the certificate");
  }
  const key: PublicKey = { algorithm: "ed25519", bytes: centreKey };
  if (!(await verify(key, toBeSigned(CERTIFICATE_CONTEXT, signed.header, signed.payload), signed.signature))) {
    throw new NotGenuine("the certificate's signature does not fit");
  }
  const claims = asMap(readCbor(() => signed.payload));
  const subject = /^([1-9][0-9]{0,14})\.([1-9][0-9]{0,14})\.([1-9][0-9]{0,14})$/.exec(String(claims.get(2)));
  const [expiresAt, credential] = [claims.get(4), claims.get(7)];
  if (!subject || typeof expiresAt !== "number" || !isBytes(credential) || credential.length !== 6) {
    throw new NotGenuine("the certificate's claims are not of this profile");
  }
  const [book = 0, agencyId = 0, holderId = 0] = subject.slice(1).map(Number);
  const phoneKey = readPhoneKey(asMap(asMap(claims.get(8)).get(1)));
  return { book, agencyId, holderId, credentialId: toUint(credential), expiresAt, key: phoneKey };
}

function asMap(value: Cbor | undefined): Map<Cbor, Cbor> {
  if (!(value instanceof Map)) throw new NotGenuine("a map is missing");
  return value;
}

/** A phone's key out of a COSE_Key (RFC 9053 section 7): OKP, or EC2 with the sign of its y. */
function readPhoneKey(coseKey: Map<Cbor, Cbor>): PublicKey {
  const [kind, curve, x, isOdd] = [1, -1, -2, -3].map((label) => coseKey.get(label));
  if (isBytes(x) && x.length === 32) {
    if (kind === 1 && curve === 6) return { algorithm: "ed25519", bytes: x };
    if (kind === 2 && curve === 1 && typeof isOdd === "boolean") {
      return { algorithm: "ecdsa-p256-sha256", bytes: concat(Uint8Array.of(isOdd ? 3 : 2), x) };
    }
  }
  throw new NotGenuine("the phone's key is not of this profile");
}

async function readToken(key: PublicKey, signed: Sign1): Promise<Token> {
  const header = tokenHeader(key.algorithm);
  if (!equal(signed.header, header)) throw new NotGenuine("the token's header is not of this profile");
  if (!(await verify(key, toBeSigned(TOKEN_CONTEXT, header, signed.payload), signed.signature))) {
    throw new NotGenuine("the token's signature does not fit");
  }
  const members = readCbor(() => signed.payload);
  if (Array.isArray(members) && members.length === 4) {
    const [issuedAt, counter, canteenId, limitFen] = members;
    if (isTime(issuedAt) && isPositive(counter) && isPositiveOrNull(canteenId) && isPositiveOrNull(limitFen)) {
      return { issuedAt, counter, canteenId, limitFen };
    }
  }
  throw new NotGenuine("the token's content is not of this profile");
}

function isTime(value: Cbor | undefined): value is number {
  return typeof value === "number" && value >= 0;
}

function isPositive(value: Cbor | undefined): value is number {
  return typeof value === "number" && value > 0;
}

function isPositiveOrNull(value: Cbor | undefined): value is number | null {
  return value === null || isPositive(value);
}

export type CodeRefusal = "credential_expired" | "qr_expired" | "wrong_canteen" | "code_limit_exceeded";

/**
 * Why a genuine code may not pay at this time and canteen; null when it may.
 *
 * `at`: when it was presented, seconds since 1970. `priceFen`: what its holder is to pay. `offline`: the till has no
 * network, and so takes only a code whose canteen is its own.
 */
export function refusalOf(
  holder: Holder,
  token: Token,
  till: { at: number; canteenId: number; priceFen: number; limits: Limits; offline: boolean },
): CodeRefusal | null {
  const age = till.at - token.issuedAt;
  if (holder.expiresAt <= till.at) return "credential_expired";
  if (age < -till.limits.code_ahead_s || age > till.limits.code_fresh_s) return "qr_expired";
  if (token.canteenId === null ? till.offline : token.canteenId !== till.canteenId) return "wrong_canteen";
  if (token.limitFen !== null && till.priceFen > token.limitFen) return "code_limit_exceeded";
  return null;
}
