/** The centre, asked as the person who is signed in: his cookie says who he is, a token that he means it. */

import { QueryClient } from "@tanstack/react-query";
import type { Middleware } from "openapi-fetch";
import { centre as clientOf, type Problem } from "../shared/api/client.ts";
import type { components } from "../shared/api/schema.ts";
import { tag } from "../shared/language.ts";
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

const signsItsChanges: Middleware = {
  onRequest({ request }) {
    if (csrfToken !== null && request.method !== "GET") request.headers.set("x-csrf-token", csrfToken);
    return request;
  },
};

export const centre = clientOf("", { "accept-language": tag });
centre.use(signsItsChanges);

/** Take what an act on the session answered: its new token. */
export function takeToken(given: string | null | undefined): void {
  csrfToken = given ?? null;
}

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
  takeToken(person.csrf_token);
  return person;
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
