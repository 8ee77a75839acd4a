/** Who signs in or out in one tab does so in all: what another one has left in them is forgotten. */

import { tabs } from "./tabs.js";

/** Begins the names of what the console keeps in a tab; the login follows, and what it is. */
export const KEPT = "onecard.act:";
/** Where the console keeps inspections that are not sent yet. */
export const VISITS_DATABASE = "onecard-visits";

const channel = tabs("onecard-session");

/**
 * Tell the other tabs which session the browser has now.
 * @param {number | null} session its number; null: its person has signed out
 */
export function tellSession(session) {
  channel.tell(session);
}

/** @param {(session: number | null) => void} act */
export function whenSessionTold(act) {
  channel.whenTold((session) => act(/** @type {number | null} */ (session)));
}

/**
 * Forget what was typed in this tab by everybody but one.
 * @param {string} [login]
 */
export function forgetTyped(login) {
  const own = `${KEPT}${login}:`;
  for (const place of Object.keys(sessionStorage))
    if (place.startsWith(KEPT) && (login === undefined || !place.startsWith(own))) sessionStorage.removeItem(place);
}

/** Forget all that was typed, also the inspections of this device. */
export async function forgetAll() {
  forgetTyped();
  await new Promise((resolve) => {
    const forgetting = indexedDB.deleteDatabase(VISITS_DATABASE);
    forgetting.onsuccess = forgetting.onerror = forgetting.onblocked = resolve;
  });
}
