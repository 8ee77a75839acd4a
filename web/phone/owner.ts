/** Tells the other tabs of this browser that it has become another official's phone. */

import { tabs } from "../shared/tabs.js";

const channel = tabs("phone");

export function whenActivated(act: () => void): void {
  channel.whenTold(act);
}

/** Begin again with the phone that the store has now, here and in every other tab: nothing that was shown is kept. */
export function beginAgain(): void {
  channel.tell("activated");
  location.replace("#pay");
  location.reload();
}
