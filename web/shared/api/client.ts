// The API of the centre, typed by its own description (docs/openapi.json; `npm run api` writes schema.ts from it).
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.ts";

export type Centre = Client<paths>;
export type Problem = components["schemas"]["Problem"];

/** A client of the centre at this address. `headers`: of every request; without a token the browser's cookie says who asks. */
export function centre(baseUrl: string, headers: Readonly<Record<string, string>> = {}): Centre {
  return createClient<paths>({ baseUrl, headers });
}

/** Sign a program in. Throws the problem that the centre answers. */
export async function signIn(baseUrl: string, login: string, password: string): Promise<Centre> {
  const answer = await centre(baseUrl).POST("/console/sessions", { body: { login, password } });
  if (answer.data === undefined) throw answer.error;
  return centre(baseUrl, { authorization: `Bearer ${answer.data.token ?? ""}` });
}
