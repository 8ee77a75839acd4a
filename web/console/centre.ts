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

  constructor(status: number, kind: string, message: string) {
    super(message);
    this.status = status;
    this.kind = kind;
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

/** What an answer holds. Throws Refused, and for an answer that did not come an Error that says so. */
export async function held<Data>(
  answering: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await answering.catch(() => {
    throw new Error(say("console.error.unreachable"));
  });
  if (response.ok) return data as Data;
  const problem = error as Problem | undefined;
  const kind = problem?.type?.split("/").pop() ?? "";
  throw new Refused(response.status, kind, problem?.detail ?? problem?.title ?? response.statusText);
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
