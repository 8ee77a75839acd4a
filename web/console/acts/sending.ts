/** A change on its way: the address, the message, what the centre asks for in between, and what it answered. */

import { answered, centre, inSession, Refused } from "../centre.ts";
import type { Act, Member } from "./acts.ts";
import { type Draft, message, type Said } from "./draft.ts";

/** What came of it. `waits`: the number of the approval that it waits for. */
export interface Outcome {
  readonly answer: Readonly<Record<string, unknown>>;
  readonly document: { readonly name: string; readonly content: Blob } | null;
  readonly waits: number | null;
}

export interface Request {
  readonly act: Act;
  readonly draft: Draft;
  readonly said: Said;
  readonly file: File | null;
}

/** All changes answer alike; this one stands for them where the path is not known before. */
type AnyPath = "/console/users/{user_id}/role";
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
const ACCEPTED = 202;

function ofPlace(act: Act, place: Member["place"], draft: Draft, said: Said): Record<string, unknown> {
  const members = act.members.filter((member) => member.place === place);
  return message(members, draft, said);
}

function pathOf({ act, draft, said }: Request): string {
  const values = { ...act.fixed, ...ofPlace(act, "path", draft, said) };
  return act.path.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(String(values[name])));
}

function bodyOf({ act, draft, said, file }: Request): unknown {
  if (act.body === "none") return undefined;
  if (act.body === "file") return file;
  const fixed = Object.entries(act.fixed).filter(([name]) => !act.path.includes(`{${name}}`));
  const body = { ...ofPlace(act, "body", draft, said), ...Object.fromEntries(fixed) };
  return act.body === "members_or_none" && Object.keys(body).length === 0 ? undefined : body;
}

async function once(request: Request): Promise<Outcome> {
  const method = request.act.method as Method;
  const ask = centre[method as "POST"];
  const { data, response } = await answered(
    ask(pathOf(request) as AnyPath, {
      params: { path: {} as never, query: ofPlace(request.act, "query", request.draft, request.said) as never },
      body: bodyOf(request) as never,
      ...(request.act.body === "file" && {
        bodySerializer: (file: unknown) => file as Blob,
        headers: { "content-type": "application/octet-stream" },
      }),
      parseAs: "blob",
    }),
  );
  return outcomeOf(data as unknown as Blob | undefined, response);
}

async function outcomeOf(content: Blob | undefined, response: Response): Promise<Outcome> {
  const isDocument = content !== undefined && content.size > 0 && !content.type.includes("json");
  if (isDocument) {
    const said = response.headers.get("content-disposition") ?? "";
    const name = said.split('filename="')[1]?.split('"')[0] ?? "onecard";
    return { answer: {}, document: { name, content }, waits: null };
  }
  const held: unknown = content && content.size > 0 ? JSON.parse(await content.text()) : {};
  const answer = (Array.isArray(held) ? {} : held) as Record<string, unknown>;
  return { answer, document: null, waits: response.status === ACCEPTED ? Number(answer.approval_id) : null };
}

/**
 * Send a change. `prove` lets the person show who he is, where the centre wants that, and the change goes on then.
 * Throws Refused, and Unreachable: the same request may be sent again, it has its own numbers.
 */
export async function send(request: Request, prove: () => Promise<void>): Promise<Outcome> {
  try {
    return await inSession(() => once(request));
  } catch (error) {
    if (!(error instanceof Refused) || error.kind !== "proof-needed") throw error;
    await prove();
    return once(request);
  }
}
