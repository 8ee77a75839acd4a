/** What answers say, and which of them are final (sections 3 and 6 of the page). */

import type { Entry } from "./journal.ts";

export interface Receipt {
  /** A UUID. */
  readonly number: string;
  readonly amount_fen: number;
  /** A local date, YYYY-MM-DD. */
  readonly business_date: string;
  /** Seconds since 1970. */
  readonly posted_at: number;
  readonly cash_fen?: number;
  readonly subsidy_fen?: number;
  readonly host_fen?: number;
  readonly cash_balance_fen?: number;
  readonly subsidy_balance_fen?: number;
  readonly note?: string;
}

/** The outcome of a request. */
export type Answer =
  | { readonly outcome: "approved"; readonly receipt: Receipt; readonly reversed_fen?: number }
  | {
      readonly outcome: "refused";
      readonly reason: string;
      readonly title_zh?: string;
      readonly title_en?: string;
      readonly advice_zh?: string;
      readonly advice_en?: string;
    }
  | { readonly outcome: "voided"; readonly reversed_fen?: number; readonly business_date?: string }
  | { readonly outcome: "recorded" };

/** A problem document (RFC 9457); empty when the answer has none. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  /** Of a device's message alone, whose answer is kept in both languages. */
  readonly title_zh?: string;
  readonly title_en?: string;
  readonly detail_zh?: string;
  readonly detail_en?: string;
  readonly advice_zh?: string;
  readonly advice_en?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** The centre refused a message with a problem, signed where the sender knows its key: final, nothing was posted. */
export class Rejected extends Error {
  override readonly name = "Rejected";
  readonly status: number;
  readonly problem: Problem;
  readonly text: string;
  /** The request in the journal; null for a message that has no number. */
  entry: Entry | null = null;

  /** `text`: the answer's body, as the journal keeps it. */
  constructor(status: number, problem: Problem, text: string) {
    super(`${status} ${slugOf(problem)}: ${problem.detail ?? problem.title ?? ""}`);
    this.status = status;
    this.problem = problem;
    this.text = text;
  }

  /** The last part of the problem's type. */
  get slug(): string {
    return slugOf(this.problem);
  }
}

/** No valid answer: the message stays as it is, to be sent again. */
export class OutcomeUnknown extends Error {
  override readonly name = "OutcomeUnknown";
  /** Of the answer, when there was one. It proves nothing. */
  readonly status: number | null;
  /** What an unsigned answer claims, for staff and for the choice what to try next. */
  readonly problem: Problem;
  /** How long the centre asks to wait, in seconds; 0: it does not say. */
  readonly retryAfterS: number;
  /** The request in the journal, to be sent again; null for a message that has no number. */
  entry: Entry | null = null;

  constructor(message: string, status: number | null = null, problem: Problem = {}, retryAfterS = 0) {
    super(message);
    this.status = status;
    this.problem = problem;
    this.retryAfterS = retryAfterS;
  }

  get slug(): string {
    return slugOf(this.problem);
  }
}

/** There is no session and none can be opened now: nothing was written or sent under a number. Try again. */
export class NotSignedOn extends Error {
  override readonly name = "NotSignedOn";
}

export function slugOf(problem: Problem): string {
  return problem.type?.split("/").at(-1) ?? "";
}

/** The problem document of an answer; empty when it has none. */
export function problemOf(body: string): Problem {
  const document = objectOf(body);
  return document === null ? {} : (document as Problem);
}

function objectOf(body: string): Record<string, unknown> | null {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === "object" && document !== null && !Array.isArray(document)
      ? (document as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/**
 * What an answer means for its message: `accepted` and `rejected` are final, `sign_on` asks for a new session and one
 * repeat, `unknown` for a repeat with growing pauses.
 */
export type Verdict = "accepted" | "rejected" | "sign_on" | "unknown";

const SIGN_ON_AGAIN = new Set(["session-ended", "created-out-of-range", "bad-signature"]);

/** Section 3's table. `slug`: of the problem, "" without one. */
export function verdictOf(status: number, isSigned: boolean, slug: string): Verdict {
  if (isSigned && (status === 200 || status === 201)) return "accepted";
  if (isSigned && status >= 400 && status < 500) return "rejected";
  return status === 401 && SIGN_ON_AGAIN.has(slug) ? "sign_on" : "unknown";
}

/** The outcome in a signed answer's body; null for one that this client does not know, which is no approval. */
export function readAnswer(body: string): Answer | null {
  const answer = objectOf(body);
  switch (answer?.outcome) {
    case "approved":
      return isReceipt(answer.receipt) ? (answer as Answer) : null;
    case "refused":
      return typeof answer.reason === "string" ? (answer as Answer) : null;
    case "voided":
    case "recorded":
      return answer as Answer;
    default:
      return null;
  }
}

function isReceipt(value: unknown): value is Receipt {
  if (typeof value !== "object" || value === null) return false;
  const receipt = value as Partial<Record<keyof Receipt, unknown>>;
  return (
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(receipt.number)) &&
    Number.isSafeInteger(receipt.amount_fen) &&
    Number.isSafeInteger(receipt.posted_at) &&
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(String(receipt.business_date))
  );
}
