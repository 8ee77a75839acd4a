/** One payment of the shift: what became of it, its receipt again, and its void with a reason. */

import { useState } from "preact/hooks";
import { yuan } from "../shared/formats.ts";
import { clock } from "./bar.tsx";
import { Dialog } from "./dialog.tsx";
import { type Payment, reasonOf } from "./payments.ts";
import type { Register } from "./register.ts";
import { PaymentSlip, print } from "./slip.tsx";
import { inLanguage, say } from "./words.ts";

const REASONS = ["meal", "amount", "twice", "left", "other"] as const;

interface Given {
  readonly register: Register;
  readonly payment: Payment;
  readonly close: () => void;
}

export function PaymentDialog({ register, payment, close }: Given) {
  const [reason, setReason] = useState<(typeof REASONS)[number] | null>(null);
  const { cashier } = register.terminal;
  const mayVoid = cashier === null || cashier.may.includes("void");
  const isApproved = payment.outcome === "approved";
  const refused = reasonOf(payment, inLanguage);
  return (
    <Dialog title={say("till.payment")} close={close}>
      <dl>
        <dt>{say("till.payment.at")}</dt>
        <dd>{clock(payment.purchasedAt, true)}</dd>
        <dt>{say("till.payment.meal")}</dt>
        <dd>{say(`meal.${payment.meal}`)}</dd>
        <dt>{say("till.payment.amount")}</dt>
        <dd>{payment.amountFen > 0 ? `¥ ${yuan(payment.amountFen)}` : say("till.refused")}</dd>
        <dt>{say("till.payment.outcome")}</dt>
        <dd>{refused || say(`till.outcome.${payment.outcome}`)}</dd>
        {payment.number && (
          <>
            <dt>{say("till.payment.number")}</dt>
            <dd>{payment.number}</dd>
          </>
        )}
      </dl>
      {payment.number && (
        <button
          type="button"
          class="plain"
          onClick={() => print(<PaymentSlip register={register} payment={payment} />)}
        >
          {say("till.act.print")}
        </button>
      )}
      {isApproved && !mayVoid && <p class="notice warning">{say("till.void.not_permitted")}</p>}
      {isApproved && mayVoid && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            close();
            if (reason) void register.void(payment, reason);
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
            {say("till.void.do", { amount: yuan(payment.amountFen) })}
          </button>
        </form>
      )}
    </Dialog>
  );
}
