/** One payment of the shift: what became of it, its receipt again, and its void with a reason. */

import { yuan } from "../shared/formats.ts";
import { clock } from "./bar.tsx";
import { Dialog } from "./dialog.tsx";
import { type Payment, reasonOf, receiptNumber } from "./payments.ts";
import type { Register } from "./register.ts";
import { VoidForm } from "./voidForm.tsx";
import { inLanguage, say } from "./words.ts";

interface Given {
  readonly register: Register;
  readonly payment: Payment;
  readonly print: (payment: Payment) => void;
  readonly close: () => void;
}

export function PaymentDialog({ register, payment, print, close }: Given) {
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
            <dd>{receiptNumber(payment)}</dd>
          </>
        )}
      </dl>
      {payment.number && (
        <button type="button" class="plain" onClick={() => print(payment)}>
          {say("till.act.print")}
        </button>
      )}
      {payment.outcome === "approved" && (
        <VoidForm
          register={register}
          amountFen={payment.amountFen}
          take={(reason) => {
            close();
            void register.void(payment, reason);
          }}
        />
      )}
    </Dialog>
  );
}
