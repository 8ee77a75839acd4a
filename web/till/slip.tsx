/** What is printed: a payment's receipt for the diner, or what a shift took. It is drawn for the printer alone. */

import { type ComponentChildren, render } from "preact";
import { yuan } from "../shared/formats.ts";
import { language } from "../shared/language.ts";
import { QrCode } from "../shared/qr.tsx";
import { clock } from "./bar.tsx";
import { type Payment, receiptNumber } from "./payments.ts";
import type { Register } from "./register.ts";
import { say } from "./words.ts";

/** Print something beside what the screen shows. */
export function print(content: ComponentChildren): void {
  const sheet = document.getElementById("print") ?? document.body.appendChild(document.createElement("div"));
  sheet.id = "print";
  render(null, sheet);
  render(content, sheet);
  window.print();
}

export function PaymentSlip({ register, payment }: { register: Register; payment: Payment }) {
  const receipt = payment.answer?.outcome === "approved" ? payment.answer.receipt : null;
  const canteen = register.parameters?.canteen;
  const address = `${location.origin}/r/${payment.number}`;
  return (
    <article class="slip">
      <h2>{say("till.slip.title")}</h2>
      <p>{language === "zh" ? canteen?.name_zh : canteen?.name_en}</p>
      <p>
        {receipt?.business_date} {clock(payment.purchasedAt, true)} · {say(`meal.${payment.meal}`)}
      </p>
      <p class="amount">¥ {yuan(payment.amountFen)}</p>
      {payment.outcome === "voided" && <p>{say("till.outcome.voided")}</p>}
      <p>{say("till.slip.number", { number: receiptNumber(payment) })}</p>
      {receipt?.note && <p>{receipt.note}</p>}
      <QrCode text={address} label={say("till.slip.code")} ecc="M" />
      <p>{say("till.slip.check")}</p>
    </article>
  );
}
