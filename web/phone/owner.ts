/** Tells the other tabs of this browser that it has become another official's phone. */

const channel = new BroadcastChannel("phone");

export function whenActivated(act: () => void): void {
  channel.onmessage = act;
}

/** Begin again with the phone that the store has now, here and in every other tab: nothing that was shown is kept. */
export function beginAgain(): void {
  channel.postMessage("activated");
  location.replace("#pay");
  location.reload();
}
