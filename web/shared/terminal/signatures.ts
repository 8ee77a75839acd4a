/**
 * HTTP Message Signatures (RFC 9421) with content digests (RFC 9530), in the one profile of the terminal protocol
 * (section 3 of its page): components and parameters in a fixed order, everything else refused.
 */

import { type Bytes, fromBase64, sha256, toBase64, utf8 } from "./bytes.ts";
import { type PublicKey, type SigningKey, sign, verify } from "./keys.ts";

const LABEL = "onecard";
/** The edition of the protocol, in the signature of every message. */
export const EDITION = 2;
export const TAG = `${LABEL}-${EDITION}`;

export const OPENING = '("@method" "@authority" "@path" "content-digest")';
export const IN_SESSION = '("@method" "@authority" "@path" "content-digest" "onecard-request")';
/** Of a holder's own requests, which may read with a query and have no body. */
export const OF_HOLDER = '("@method" "@authority" "@path" "@query" "content-digest" "onecard-certificate")';
export const ANSWER = `("@status" "content-digest" "onecard-block-list" "signature";req;key="${LABEL}")`;

export type SignatureAlgorithm = "ed25519" | "ecdsa-p256-sha256" | "hmac-sha256";

export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  sign(base: Bytes): Promise<Bytes>;
}

export type Verifier = (base: Bytes, signature: Bytes) => Promise<boolean>;

/** Header fields by their names in lower case. */
export type Fields = Readonly<Record<string, string>>;

export interface Message {
  readonly method: string;
  /** Host and port of the centre as `Host` has them: lower case, without a default port. */
  readonly authority: string;
  readonly path: string;
  /** EPOCH/SEQUENCE; absent outside a session. */
  readonly requestId?: string;
  /** Makes it a holder's own request: his phone's certificate, base64url. */
  readonly certificate?: string;
  /** Of a holder's request, from the question mark on; empty without one. */
  readonly query?: string;
  readonly body: Bytes;
}

export interface SignatureParameters {
  /** Seconds since 1970. */
  readonly created: number;
  readonly keyId: string;
}

export function keySigner(key: SigningKey): Signer {
  return { algorithm: key.publicKey.algorithm, sign: (base) => sign(key, base) };
}

export function keyVerifier(key: PublicKey): Verifier {
  return (base, signature) => verify(key, base, signature);
}

/** HMAC-SHA256 under a session's key (RFC 9421 section 3.3.3). */
export function hmacSigner(key: CryptoKey): Signer {
  return {
    algorithm: "hmac-sha256",
    sign: async (base) => new Uint8Array(await crypto.subtle.sign("HMAC", key, base)),
  };
}

/** Compares in constant time. */
export function hmacVerifier(key: CryptoKey): Verifier {
  return (base, signature) => crypto.subtle.verify("HMAC", key, signature, base);
}

export async function contentDigest(body: Bytes): Promise<string> {
  return `sha-256=:${toBase64(await sha256(body))}:`;
}

function parametersText(components: string, by: SignatureParameters, algorithm: SignatureAlgorithm): string {
  return `${components};created=${by.created};keyid="${by.keyId}";alg="${algorithm}";tag="${TAG}"`;
}

/** What is signed of a request (RFC 9421 section 2.5). `parameters` as they stand in Signature-Input. */
export function requestBase(message: Omit<Message, "body">, digest: string, parameters: string): string {
  const { requestId, certificate } = message;
  const query = certificate === undefined ? "" : `"@query": ${message.query || "?"}\n`;
  const inSession = requestId === undefined ? "" : `"onecard-request": ${requestId}\n`;
  const ofHolder = certificate === undefined ? "" : `"onecard-certificate": ${certificate}\n`;
  return (
    `"@method": ${message.method}\n"@authority": ${message.authority}\n"@path": ${message.path}\n${query}` +
    `"content-digest": ${digest}\n${inSession}${ofHolder}"@signature-params": ${parameters}`
  );
}

/** What is signed of an answer: it covers the signature of its request, so that it fits no other. */
export function answerBase(status: number, fields: Fields, requestSignature: string, parameters: string): string {
  return (
    `"@status": ${status}\n"content-digest": ${fields["content-digest"]}\n` +
    `"onecard-block-list": ${fields["onecard-block-list"]}\n` +
    `"signature";req;key="${LABEL}": ${requestSignature}\n"@signature-params": ${parameters}`
  );
}

/** The header fields that sign a request. `Host` is not among them: the browser sends it. */
export async function signRequest(
  message: Message,
  by: SignatureParameters,
  signer: Signer,
): Promise<Record<string, string>> {
  const digest = await contentDigest(message.body);
  const { requestId, certificate } = message;
  const outside = certificate === undefined ? OPENING : OF_HOLDER;
  const components = requestId === undefined ? outside : IN_SESSION;
  const parameters = parametersText(components, by, signer.algorithm);
  const signature = await signer.sign(utf8(requestBase(message, digest, parameters)));
  return {
    "content-digest": digest,
    "signature-input": `${LABEL}=${parameters}`,
    signature: signatureField(signature),
    ...(requestId === undefined ? {} : { "onecard-request": requestId }),
    ...(certificate === undefined ? {} : { "onecard-certificate": certificate }),
  };
}

export function signatureField(signature: Bytes): string {
  return `${LABEL}=:${toBase64(signature)}:`;
}

export interface Answered {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Bytes;
}

/** An answer whose signature was checked. */
export interface Checked {
  /** The centre's time, seconds since 1970. */
  readonly created: number;
  /** The block list's current version. */
  readonly blockList: number;
}

/**
 * Check that an answer is the centre's and belongs to this request; null when it is not.
 *
 * `request`: the fields that `signRequest` gave. `keyId`, `algorithm`: under what the answer must be signed.
 */
export async function checkAnswer(
  request: Fields,
  answer: Answered,
  keyId: string,
  algorithm: SignatureAlgorithm,
  verifier: Verifier,
): Promise<Checked | null> {
  const input = /^onecard=(.*;created=([1-9][0-9]{0,11});keyid="[^"]*";alg="[^"]*";tag="[^"]*")$/.exec(
    answer.fields["signature-input"] ?? "",
  );
  const [, parameters = "", seconds = ""] = input ?? [];
  const created = Number(seconds);
  const blockList = answer.fields["onecard-block-list"] ?? "";
  const isOfProfile =
    parameters === parametersText(ANSWER, { created, keyId }, algorithm) && /^[0-9]{1,15}$/.test(blockList);
  if (!isOfProfile || answer.fields["content-digest"] !== (await contentDigest(answer.body))) return null;
  const signature = signatureBytes(answer.fields.signature ?? "");
  const requestSignature = (request.signature ?? "").slice(`${LABEL}=`.length);
  const base = answerBase(answer.status, answer.fields, requestSignature, parameters);
  if (signature === null || !(await verifier(utf8(base), signature))) return null;
  return { created, blockList: Number(blockList) };
}

/** The bytes of a Signature field in its one spelling; null for anything else. */
export function signatureBytes(field: string): Bytes | null {
  const text = /^onecard=:([A-Za-z0-9+/]+={0,2}):$/.exec(field)?.[1];
  try {
    return text === undefined ? null : fromBase64(text);
  } catch {
    return null;
  }
}
