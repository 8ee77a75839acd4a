/** Cases by their state, and how long each still has. */

import { useQueries } from "@tanstack/react-query";
import type { components } from "../../shared/api/schema.ts";
import { dayOf } from "../../shared/formats.ts";
import { centre, held } from "../centre.ts";
import type { Wish } from "../lists/lists.ts";
import type { SignedIn } from "../session.tsx";
import { say } from "./words.ts";

export type Case = components["schemas"]["ListedCase"];

export const STATES = ["open", "planned", "proved", "closed", "withdrawn"] as const;
export type State = (typeof STATES)[number];
export const KINDS = ["finding", "falsified_weights"] as const;
export const LEVELS = ["canteen", "head_of_agency", "administration", "by_law"] as const;
/** Who takes the next step in a state (WAITING_FOR of the centre); nobody where the case has ended. */
const WAITS_FOR: Readonly<Record<State, string | null>> = {
  open: "rectify",
  planned: "rectify",
  proved: "inspect",
  closed: null,
  withdrawn: null,
};

const PAGE = 100;
/** Cards of a state that still has something due: a board of more is none. */
const CARDS_MAX = 300;
const ENDED_MAX = 20;
export const AGAIN_MS = 60_000;
const DAY_MS = 86_400_000;
/** Days before a deadline from which a card says that it is near. */
const SOON_DAYS = 3;

export function hasEnded(state: string): boolean {
  return state === "closed" || state === "withdrawn";
}

/** Whether a case in this state waits for the person. */
export function waitsFor(person: SignedIn, state: State): boolean {
  const permission = WAITS_FOR[state];
  return permission !== null && person.permissions.has(permission);
}

/** Days from one day to another. */
export function daysBetween(from: string, until: string): number {
  return Math.round((Date.parse(until) - Date.parse(from)) / DAY_MS);
}

export type Urgency = "overdue" | "soon" | "later" | "ended";
export interface Due {
  readonly urgency: Urgency;
  /** A sign that tells it without a colour. */
  readonly sign: string;
  readonly words: string;
}

/** What stands on a card about its deadline. */
export function dueOf(one: Pick<Case, "state" | "deadline" | "closed_on">, now: number): Due {
  if (hasEnded(one.state)) {
    const words = one.closed_on
      ? say("console.supervision.closed_on", { day: one.closed_on })
      : say("supervision.state.withdrawn");
    return { urgency: "ended", sign: "✓", words };
  }
  const days = daysBetween(dayOf(now), one.deadline);
  if (days < 0) return { urgency: "overdue", sign: "✕", words: say("console.supervision.overdue", { days: -days }) };
  if (days === 0) return { urgency: "soon", sign: "▲", words: say("console.supervision.due_today") };
  if (days <= SOON_DAYS) return { urgency: "soon", sign: "▲", words: say("console.supervision.due_soon", { days }) };
  return { urgency: "later", sign: "○", words: say("console.supervision.due_in", { days }) };
}

/** What the address says of the board; agencies and canteens that one may not see are left out by the centre. */
export function filtersOf(wish: Wish): Record<string, string> {
  const said = ["book", "canteen_id", "kind"].map((name) => [name, wish[name]] as const);
  return Object.fromEntries(said.filter((pair): pair is readonly [string, string] => Boolean(pair[1])));
}

export interface Column {
  readonly cases: readonly Case[];
  readonly hasMore: boolean;
}

/** The cases of a state, page by page: the earliest deadline first; of those that have ended the latest opened. */
async function readState(state: State, filters: Readonly<Record<string, string>>): Promise<Column> {
  const most = hasEnded(state) ? ENDED_MAX : CARDS_MAX;
  const sort = hasEnded(state) ? "-opened_on" : "deadline";
  const cases: Case[] = [];
  let after: string | null = null;
  do {
    const place: { after?: string } = after === null ? {} : { after };
    const query = { ...filters, ...place, state, sort, limit: Math.min(PAGE, most) };
    const page: { items: Case[]; next: string | null } = await held(
      centre.GET("/waste/cases", { params: { query: query as never } }),
    );
    cases.push(...page.items);
    after = page.next;
  } while (after !== null && cases.length < most);
  return { cases, hasMore: after !== null };
}

/** One column a state. */
export function useColumns(states: readonly State[], filters: Readonly<Record<string, string>>) {
  return useQueries({
    queries: states.map((state) => ({
      queryKey: ["board", state, filters],
      // Others move cases: who comes back to the board sees it as it is now.
      staleTime: 0,
      refetchInterval: AGAIN_MS,
      queryFn: () => readState(state, filters),
    })),
  });
}
