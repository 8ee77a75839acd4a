/** One message and its answer: signed, sent, checked, judged (section 3 of the page). */

import { OutcomeUnknown, problemOf, Rejected, slugOf, verdictOf } from "./answers.ts";
import { type Bytes, fromUtf8 } from "./bytes.ts";
import type { SigningKey } from "./keys.ts";
import {
  type Answered,
  type Checked,
  checkAnswer,
  keySigner,
  keyVerifier,
  type Message,
  type SignatureAlgorithm,
  type SignatureParameters,
  type Signer,
  signRequest,
  type Verifier,
} from "./signatures.ts";
import { authorityOf, retryAfterS, type Transport } from "./transport.ts";

/** The centre's clock, by ours and the last difference that the centre told. */
export class Clock {
  /** The centre's clock minus ours, in seconds. */
  aheadS = 0;

  /** The centre's time, whole seconds since 1970. */
  now(): number {
    return Math.floor(Date.now() / 1000 + this.aheadS);
  }

  set(centreTime: number): void {
    this.aheadS = centreTime - Date.now() / 1000;
  }
}

/** Where the centre is, and by which clock messages are signed. */
export class Link {
  readonly authority: string;
  readonly transport: Transport;
  readonly clock = new Clock();

  /** `origin`: of the centre, such as `https://centre.example`; in a browser `location.origin`. */
  constructor(origin: string, transport: Transport) {
    this.authority = authorityOf(origin);
    this.transport = transport;
  }
}

/** A version of the centre's key, as a message names it: its answer must be signed with it. */
export interface NamedKey {
  readonly version: number;
  readonly publicKey: Bytes;
}

/** Under what an answer must be signed. */
export interface Expected {
  readonly keyId: string;
  readonly algorithm: SignatureAlgorithm;
  readonly verifier: Verifier;
}

/** An answer with its text, and what its signature covers; null when it has none that fits. */
export interface Received {
  readonly answer: Answered;
  readonly text: string;
  readonly checked: Checked | null;
}

/**
 * Sign and send a message once, and check its answer; throws OutcomeUnknown when none comes.
 *
 * `expected` is null where the centre does not sign, to phones.
 */
export async function sendOnce(
  link: Link,
  message: Omit<Message, "authority">,
  by: SignatureParameters,
  signer: Signer,
  expected: Expected | null,
): Promise<Received> {
  const { method, body } = message;
  const path = message.path + (message.query ?? "");
  const fields = await signRequest({ ...message, authority: link.authority }, by, signer);
  let answer: Answered;
  try {
    answer = await link.transport({ method, path, fields, body });
  } catch (error) {
    throw new OutcomeUnknown(`${path}: no answer (${error})`);
  }
  const checked =
    expected && (await checkAnswer(fields, answer, expected.keyId, expected.algorithm, expected.verifier));
  return { answer, text: textOf(answer), checked };
}

function textOf(answer: Answered): string {
  try {
    return fromUtf8(answer.body);
  } catch {
    return "";
  }
}

/** Throw what an answer means that is not accepted: Rejected, or OutcomeUnknown. */
export function refuse(path: string, received: Received, isVouchedFor: boolean): never {
  const { answer, text } = received;
  const problem = problemOf(text);
  if (verdictOf(answer.status, isVouchedFor, slugOf(problem)) === "rejected")
    throw new Rejected(answer.status, problem, text);
  const said = `${path}: ${answer.status} ${slugOf(problem)}${isVouchedFor ? "" : ", without a signature that fits"}`;
  throw new OutcomeUnknown(said, answer.status, problem, retryAfterS(answer));
}

/**
 * Send a message that a key of one's own signs; returns the answer with 200 or 201. Throws OutcomeUnknown or Rejected.
 *
 * `centre`: the version of the centre's key that the message names; null to phones, where TLS vouches for the centre.
 */
export async function post(
  link: Link,
  path: string,
  body: Bytes,
  key: SigningKey,
  keyId: string,
  centre: NamedKey | null,
): Promise<Received> {
  const expected: Expected | null = centre && {
    keyId: `centre-${centre.version}`,
    algorithm: "ed25519",
    verifier: keyVerifier({ algorithm: "ed25519", bytes: centre.publicKey }),
  };
  return send(link, { method: "POST", path, body }, key, keyId, expected, (now) => now);
}

/** The same of any message. `createdAt`: the time that it is signed at, from the centre's. */
export async function send(
  link: Link,
  message: Omit<Message, "authority">,
  key: SigningKey,
  keyId: string,
  expected: Expected | null,
  createdAt: (now: number) => number | Promise<number>,
): Promise<Received> {
  const { path } = message;
  let created = await createdAt(link.clock.now());
  for (let isLast = false; ; isLast = true) {
    const received = await sendOnce(link, message, { created, keyId }, keySigner(key), expected);
    const isVouchedFor = expected === null || received.checked !== null;
    const problem = problemOf(received.text);
    const isEmpty = message.certificate !== undefined && received.answer.status === 204;
    if (isEmpty || verdictOf(received.answer.status, isVouchedFor, slugOf(problem)) === "accepted") return received;
    const centreTime = problem.params?.centre_time;
    // The time of an unsigned answer signs one more try; our clock it does not set.
    if (isLast || slugOf(problem) !== "created-out-of-range" || !Number.isSafeInteger(centreTime)) {
      return refuse(path, received, isVouchedFor);
    }
    created = await createdAt(Number(centreTime));
  }
}
