/** Sending: `fetch`, with the times that a terminal waits. */

import type { Bytes } from "./bytes.ts";
import type { Answered } from "./signatures.ts";

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Bytes;
}

/** Sends a message and reads its answer to the end; rejects when none arrives. */
export type Transport = (message: Sent) => Promise<Answered>;

/** Longer than the centre tries to learn an outcome (8 s), shorter than a cashier's patience. */
const TIMEOUT_MS = 12_000;

/** `@authority` (RFC 9421 section 2.2.3) of messages to an origin such as `https://centre.example`. */
export function authorityOf(origin: string): string {
  return new URL(origin).host;
}

/**
 * To the centre at an origin. In a browser it is the page's own, so that all header fields can be read. `timeoutMs`:
 * how long to wait for an answer.
 */
export function fetchTransport(origin: string, timeoutMs = TIMEOUT_MS): Transport {
  return async ({ method, path, fields, body }) => {
    const headers = new Headers(fields);
    if (body.length > 0) headers.set("content-type", "application/json");
    const answer = await fetch(origin + path, {
      method,
      headers,
      ...(body.length > 0 ? { body } : {}),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return {
      status: answer.status,
      fields: Object.fromEntries(answer.headers),
      body: new Uint8Array(await answer.arrayBuffer()),
    };
  };
}

/** The seconds of Retry-After; 0 without. The centre sends no dates. */
export function retryAfterS(answer: Answered): number {
  const wait = answer.fields["retry-after"] ?? "";
  return /^[0-9]{1,5}$/.test(wait) ? Number(wait) : 0;
}
