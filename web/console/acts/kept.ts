/**
 * What was typed is the tab's until it is sent: a session that ends, a proof elsewhere or a reload lose nothing of it.
 * Files are chosen anew, but for the photos of inspections, which the device keeps. Signing out forgets all of it, in
 * every tab, and whoever begins here forgets what others left (`shared/signedIn.js`).
 */

import { KEPT } from "../../shared/signedIn.js";
import type { Act } from "./acts.ts";
import type { Draft } from "./draft.ts";

export function placeOf(login: string, act: Act, back: string): string {
  return `${KEPT}${login}:${act.name}:${back}`;
}

/** Where a page of its own keeps what was typed there. */
export function placeOfPage(login: string, page: string): string {
  return `${KEPT}${login}:${page}`;
}

/** The draft that is kept; none where the form asks for other things by now. */
export function keptDraft(act: Act, place: string): Draft | null {
  const kept = sessionStorage.getItem(place);
  if (kept === null) return null;
  const draft = JSON.parse(kept) as Draft;
  return act.members.every((member) => member.name in draft) ? draft : null;
}

function withoutFiles(_: string, value: unknown): unknown {
  const isFiles = Array.isArray(value) && value.some((one) => typeof one === "object" && "content" in one);
  return isFiles ? [] : value;
}

export function keepDraft(place: string, draft: Draft): void {
  sessionStorage.setItem(place, JSON.stringify(draft, withoutFiles));
}

export function forgetDraft(place: string): void {
  sessionStorage.removeItem(place);
}
