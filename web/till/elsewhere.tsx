/** Another tab has the till, which is open in one alone. */

import { say } from "./words.ts";

export function Elsewhere({ isLost, takeOver }: { isLost: boolean; takeOver: () => void }) {
  return (
    <main class="sheet">
      <h1>{say("till.title")}</h1>
      <p class="notice warning" role="alert">
        {say(isLost ? "till.elsewhere.lost" : "till.elsewhere.open")}
      </p>
      <button type="button" class="primary" onClick={takeOver}>
        {say("till.elsewhere.take_over")}
      </button>
    </main>
  );
}
