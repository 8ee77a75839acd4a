/** The routes below `/me`, asked with the phone's signature, and typed by the API's description. */

import { useCallback, useEffect, useState } from "preact/hooks";
import type { components, paths } from "../shared/api/schema.ts";
import { inMine } from "../shared/language.ts";
import { OutcomeUnknown, Rejected } from "../shared/terminal/answers.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import { say } from "./words.ts";

type Schemas = components["schemas"];
export type Who = Schemas["WhoIAm"];
export type Purses = Schemas["MyPurses"];
export type Movement = Schemas["Movement"];
export type Month = Schemas["Month"];
export type Visit = Schemas["MyVisit"];
export type NewVisit = Schemas["OwnVisit"];
export type Credential = Schemas["MyCredential"];
export type Session = Schemas["MySession"];
export type Place = Schemas["PlaceForMe"];
export type MealForMe = Schemas["MealForMe"];
export type Dish = Schemas["Dish"];
export type Booking = Schemas["MealBookingShown"];
export type ReportOut = Schemas["ReportOutShown"];
export type Consent = Schemas["Consent"];
export type Everything = Schemas["Export"];

type Reads = { [P in keyof paths]: paths[P] extends { get: { responses: { 200: unknown } } } ? P : never }[keyof paths];
type Answer<P extends Reads> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer Found } } } };
}
  ? Found
  : never;
type Query = Readonly<Record<string, string | number | undefined>>;

/** Ask a route; `{…}` of its path are filled in by `names`. */
function read<P extends Reads>(phone: Phone, path: P, query: Query = {}, ...names: (string | number)[]) {
  return phone.ask("GET", filled(path, names) + searched(query)) as Promise<Answer<P>>;
}

function filled(path: string, names: (string | number)[]): string {
  const left = [...names];
  return path.replace(/\{\w+\}/g, () => encodeURIComponent(String(left.shift())));
}

function searched(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

export interface Spot {
  readonly latitude: number;
  readonly longitude: number;
}

/** What an official asks for himself. Each throws OutcomeUnknown or Rejected. Days are `2026-11-27`. */
export const me = {
  who: (phone: Phone) => read(phone, "/me"),
  purses: (phone: Phone) => read(phone, "/me/purses"),
  movements: (phone: Phone, month: string, after?: string) => read(phone, "/me/movements", { month, after }),
  months: (phone: Phone, first: string, last: string) => read(phone, "/me/months", { first, last }),
  visits: (phone: Phone) => read(phone, "/me/visits"),
  credentials: (phone: Phone) => read(phone, "/me/credentials"),
  sessions: (phone: Phone) => read(phone, "/me/sessions"),
  consents: (phone: Phone) => read(phone, "/me/consents"),
  canteens: (phone: Phone, query: { name?: string; limit: number } & Partial<Spot>) =>
    read(phone, "/me/canteens", query),
  canteen: (phone: Phone, canteenId: number, days: number) =>
    read(phone, "/me/canteens/{canteen_id}", { days }, canteenId),
  bookings: (phone: Phone, first?: string, last?: string) => read(phone, "/me/bookings", { first, last }),
  all: (phone: Phone) => read(phone, "/me/export"),

  book: (phone: Phone, wanted: Schemas["NewMealBooking"]) => phone.ask("POST", "/me/bookings", wanted),
  cancel: (phone: Phone, bookingId: string) => phone.ask("DELETE", `/me/bookings/${bookingId}`),
  reportOut: (phone: Phone, wanted: Schemas["NewReportOut"]) => phone.ask("POST", "/me/report-outs", wanted),
  endReportOut: (phone: Phone, reportId: string) => phone.ask("DELETE", `/me/report-outs/${reportId}`),
  registerVisit: (phone: Phone, wanted: NewVisit) => phone.ask("POST", "/me/visits", wanted),
  withdrawVisit: (phone: Phone, requestId: string) => phone.ask("DELETE", `/me/visits/${requestId}`),
  endVisit: (phone: Phone, visitId: number) => phone.ask("POST", "/me/visit-endings", { visit_id: visitId }),
  loss: (phone: Phone, credentialId: number, reason: string) =>
    phone.ask("POST", `/me/credentials/${credentialId}/loss`, { reason }),
  endSession: (phone: Phone, number: number) => phone.ask("DELETE", `/me/sessions/${number}`),
  decide: (phone: Phone, purpose: string, decision: Schemas["ConsentDecision"]) =>
    phone.ask("PUT", `/me/consents/${purpose}`, decision),
};

export interface Asked<Known> {
  /** The latest answer; null before the first. */
  readonly known: Known | null;
  /** Why the last try brought none; "" when it did. */
  readonly problem: string;
  /** The name of the centre's refusal, where that was why. */
  readonly slug: string;
  readonly again: () => Promise<void>;
}

const NONE = { problem: "", slug: "" };

/** What was answered before, shown until the next answer is there. */
const answers = new Map<string, unknown>();

/**
 * Ask when this is shown, and whenever `key` changes, which names all that the question depends on.
 *
 * `kept`: where answers are remembered; by default for as long as the application runs.
 */
export function useAsked<Known>(key: string, question: () => Promise<Known>, kept = answers): Asked<Known> {
  const [, setCount] = useState(0);
  const [{ problem, slug }, setFailure] = useState(NONE);
  const again = useCallback(async () => {
    try {
      kept.set(key, await question());
      setFailure(NONE);
    } catch (error) {
      setFailure({ problem: explained(error), slug: error instanceof Rejected ? error.slug : "" });
    }
    setCount((count) => count + 1);
  }, [key]);
  useEffect(() => void again(), [again]);
  return { known: (kept.get(key) as Known | undefined) ?? null, problem, slug, again };
}

/** Carry out a change; tells that it is under way, and what came of it. */
export function useChange(done: () => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const change = async (act: () => Promise<unknown>) => {
    setBusy(true);
    setProblem("");
    try {
      await act();
      await done();
    } catch (error) {
      setProblem(explained(error));
    }
    setBusy(false);
  };
  return { busy, problem, change };
}

/** An error in the reader's words. */
export function explained(error: unknown): string {
  if (error instanceof Rejected) {
    const { title_zh, title_en, advice_zh, advice_en, detail, title } = error.problem;
    if (title_zh) return [inMine(title_zh, title_en), inMine(advice_zh ?? "", advice_en)].join(say("phone.then"));
    return detail ?? title ?? say("phone.refused");
  }
  return error instanceof OutcomeUnknown ? say("phone.away") : String(error);
}
