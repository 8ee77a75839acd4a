/** A payment is taken back: why, and once more how much. */

import { useState } from "preact/hooks";
import { yuan } from "../shared/formats.ts";
import type { Register } from "./register.ts";
import { say } from "./words.ts";

const REASONS = ["meal", "amount", "twice", "left", "other"] as const;

interface Given {
  readonly register: Register;
  readonly amountFen: number;
  /** Of a payment that no cashier took: then it takes one who is signed on. */
  readonly needsCashier?: boolean;
  readonly take: (reason: string) => void;
}

export function VoidForm({ register, amountFen, needsCashier = false, take }: Given) {
  const [reason, setReason] = useState<(typeof REASONS)[number] | null>(null);
  const { cashier } = register.terminal;
  if (cashier === null && needsCashier) return <p class="notice warning">{say("till.void.needs_cashier")}</p>;
  if (cashier !== null && !cashier.may.includes("void"))
    return <p class="notice warning">{say("till.void.not_permitted")}</p>;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (reason) take(say(`till.void.reason.${reason}`));
      }}
    >
      <fieldset>
        <legend>{say("till.void.reason")}</legend>
        {REASONS.map((one) => (
          <label key={one} class="choice">
            <input type="radio" name="reason" required checked={reason === one} onChange={() => setReason(one)} />
            {say(`till.void.reason.${one}`)}
          </label>
        ))}
      </fieldset>
      <button type="submit" class="primary">
        {say("till.void.do", { amount: yuan(amountFen) })}
      </button>
    </form>
  );
}
