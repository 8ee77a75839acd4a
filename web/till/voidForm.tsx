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
  const [isMissing, setIsMissing] = useState(false);
  const { cashier } = register.terminal;
  if (cashier === null && needsCashier) return <p class="notice warning">{say("till.void.needs_cashier")}</p>;
  if (cashier !== null && !cashier.may.includes("void"))
    return <p class="notice warning">{say("till.void.not_permitted")}</p>;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setIsMissing(reason === null);
        if (reason) take(say(`till.void.reason.${reason}`));
        else event.currentTarget.querySelector("input")?.focus();
      }}
    >
      <fieldset aria-describedby={isMissing && reason === null ? "void-reason-missing" : undefined}>
        <legend>{say("till.void.reason")}</legend>
        {REASONS.map((one) => (
          <label key={one} class="choice">
            <input type="radio" name="reason" required checked={reason === one} onChange={() => setReason(one)} />
            {say(`till.void.reason.${one}`)}
          </label>
        ))}
      </fieldset>
      {isMissing && reason === null && (
        <p id="void-reason-missing" class="notice danger" role="alert">
          {say("till.void.reason.missing")}
        </p>
      )}
      <button type="submit" class="primary">
        {say("till.void.do", { amount: yuan(amountFen) })}
      </button>
    </form>
  );
}
