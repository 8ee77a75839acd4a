/** The centre, asked as the person who is signed in: his cookie says who he is, a token that he means it. */

import { QueryClient } from "@tanstack/react-query";
import type { Middleware } from "openapi-fetch";
import { centre as clientOf, type Problem } from "../shared/api/client.ts";
import type { components } from "../shared/api/schema.ts";
import { tag } from "../shared/language.ts";
import { forgetAll, whenSessionTold } from "../shared/signedIn.js";
import { say } from "./words.ts";

export type Person = components["schemas"]["CurrentSession"];

/** What the centre refused, in the reader's words. */
export class Refused extends Error {
  readonly status: number;
  readonly kind: string;
  /** What to do about it; "" for nothing. */
  readonly advice: string;
  /** Of a proof that lacks its code: what stands for the password in the next try. */
  readonly ticket: string | null;

  constructor(status: number, problem: (Partial<Problem> & { ticket?: string }) | undefined, otherwise: string) {
    super(problem?.detail ?? problem?.title ?? otherwise);
    this.status = status;
    this.kind = problem?.type?.split("/").pop() ?? "";
    this.advice = problem?.advice ?? "";
    this.ticket = problem?.ticket ?? null;
  }
}

/** The centre did not answer: what was asked for was done, or was not. */
export class Unreachable extends Error {
  constructor() {
    super(say("console.error.unreachable"));
  }
}

let csrfToken: string | null = null;
/** The number of the session in which this page began: it knows no other, and names it in every request. */
let session: number | null = null;
let clear = () => {};

/** Name what takes everything from the screen. */
export function whenLeft(act: () => void): void {
  clear = act;
}

/** What this page holds is not for who is there now: it goes at once, and the page begins with nothing. */
async function beginAnew(forget?: () => Promise<void>): Promise<never> {
  clear();
  queries.clear();
  await forget?.();
  location.reload();
  return new Promise(() => {});
}

const CONFLICT = 409;

const isItsPersons: Middleware = {
  onRequest({ request }) {
    if (session !== null) request.headers.set("x-session", String(session));
    if (csrfToken !== null && request.method !== "GET") request.headers.set("x-csrf-token", csrfToken);
    return request;
  },
  async onResponse({ response }) {
    if (response.status !== CONFLICT) return;
    const problem = (await response
      .clone()
      .json()
      .catch(() => ({}))) as Partial<Problem>;
    if (problem.type?.endsWith("/session-changed")) await beginAnew();
  },
};

export const centre = clientOf("", { "accept-language": tag });
centre.use(isItsPersons);

/** Take the token of the page's session. One of another session is never taken: the page begins anew. */
export async function take(given: { readonly session: number; readonly csrf_token: string | null }): Promise<void> {
  session ??= given.session;
  if (given.session !== session) await beginAnew();
  csrfToken = given.csrf_token;
}

/** Somebody has signed in or out in another tab. */
whenSessionTold((told) => {
  if (told === null) void beginAnew(forgetAll);
  else if (session !== null && told !== session) void beginAnew();
});

interface Answering<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** What the centre answered. Throws Refused, and Unreachable. */
export async function answered<Data>(answering: Promise<Answering<Data>>): Promise<{ data: Data; response: Response }> {
  const { data, error, response } = await answering.catch(() => {
    throw new Unreachable();
  });
  if (response.ok) return { data: data as Data, response };
  throw new Refused(response.status, error as Partial<Problem> | undefined, response.statusText);
}

/** What an answer holds. Throws as `answered`. */
export async function held<Data>(answering: Promise<Answering<Data>>): Promise<Data> {
  return (await answered(answering)).data;
}

/** Who is signed in. */
export async function currentPerson(): Promise<Person> {
  const person = await held(centre.GET("/console/sessions/current"));
  await take(person);
  return person;
}

/** Send something of this page's session, again where another page of this browser has got a new token for it. */
export async function inSession<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Refused) || error.kind !== "cross-site-request") throw error;
    await currentPerson();
    return ask();
  }
}

/** The page to sign in or to see to one's ways of signing in, with the way back to where one is. */
export function pageOfSignIn(path: "/sign-on" | "/account"): string {
  const back = location.pathname + location.search + location.hash;
  return `${path}?${new URLSearchParams({ lang: tag, back })}`;
}

const TRIES = 2;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (tries, error) => tries < TRIES && !(error instanceof Refused && error.status < 500),
    },
  },
});
