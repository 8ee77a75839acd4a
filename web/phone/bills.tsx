/** What was charged in the last month, whichever till did it; each opens its receipt. */

import { dayAndTime, yuan } from "../shared/formats.ts";
import type { Account } from "../shared/terminal/phone.ts";
import type { Centre } from "./centre.ts";
import { language, say } from "./words.ts";

export function Bills({ centre: { account } }: { centre: Centre }) {
  if (!account) return <p class="notice">{say("phone.bills.unknown")}</p>;
  if (account.payments.length === 0) return <p class="notice">{say("phone.bills.none")}</p>;
  return (
    <ul class="rows">
      {account.payments.map((payment) => (
        <Bill key={payment.number} payment={payment} />
      ))}
    </ul>
  );
}

function Bill({ payment }: { payment: Account["payments"][number] }) {
  const canteen = language === "zh" ? payment.canteen_zh : payment.canteen_en;
  return (
    <li>
      <a href={`/r/${payment.number}?lang=${language}`}>
        <span>
          <b>{canteen}</b>
          <small>
            {dayAndTime(payment.purchased_at, language)} · {say(mealOf(payment.meal))}
          </small>
          {payment.late && <small class="warning">{say("phone.bills.late")}</small>}
          {payment.given_back_fen > 0 && (
            <small>{say("phone.bills.given_back", { amount: yuan(payment.given_back_fen) })}</small>
          )}
        </span>
        <b class="amount">{yuan(payment.amount_fen)}</b>
      </a>
    </li>
  );
}

function mealOf(meal: string): "meal.breakfast" | "meal.lunch" | "meal.dinner" {
  return meal === "breakfast" ? "meal.breakfast" : meal === "lunch" ? "meal.lunch" : "meal.dinner";
}
