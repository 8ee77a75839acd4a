/** The keypad for a price that the cashier enters; the digits of the keyboard do the same. */

import type { Register } from "./register.ts";
import { say } from "./words.ts";

const KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", "0", ".", "back"];

export function Keypad({ register }: { register: Register }) {
  return (
    <section class="keypad" aria-label={say("till.amount")}>
      <output aria-label={say("till.amount")}>¥ {register.amount || "0.00"}</output>
      {KEYS.map((key) => (
        <button
          key={key}
          type="button"
          aria-label={key === "back" ? say("till.amount.back") : key === "." ? say("till.amount.point") : key}
          onClick={() => register.type(key)}
        >
          {key === "back" ? "⌫" : key}
        </button>
      ))}
    </section>
  );
}
