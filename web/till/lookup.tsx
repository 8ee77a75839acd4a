/** F8: what a diner shows is looked at, whichever till or sheet took it, and a payment by a sheet is taken back. */

import { useEffect, useState } from "preact/hooks";
import { dayAndSecond, yuan } from "../shared/formats.ts";
import { language } from "../shared/language.ts";
import { Dialog } from "./dialog.tsx";
import { type Found, type LookedUp, lookUp } from "./lookups.ts";
import { type Payment, receiptNumber } from "./payments.ts";
import type { Register } from "./register.ts";
import { useRegister } from "./useRegister.ts";
import { VoidForm } from "./voidForm.tsx";
import { say } from "./words.ts";

interface Given {
  readonly register: Register;
  readonly print: (payment: Payment) => void;
  readonly close: () => void;
}

export function Lookup({ register, print, close }: Given) {
  useRegister(register);
  const [found, setFound] = useState<LookedUp | null>(null);
  const [chosen, setChosen] = useState<Found | null>(null);
  const look = async (text: string) => {
    setChosen(null);
    setFound(await lookUp(register, text.trim()));
  };
  useEffect(() => {
    if (!register.receipt) return;
    void look(register.receipt);
    register.receipt = "";
  }, [register.receipt]);
  const several = typeof found === "object" && found !== null && found.length > 1 ? found : [];
  const shown = chosen ?? (typeof found === "object" && found?.length === 1 ? found[0] : null);
  return (
    <Dialog title={say("till.lookup")} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const field = (event.currentTarget as HTMLFormElement).elements.namedItem("code") as HTMLInputElement;
          // What is scanned next takes its place.
          field.select();
          void look(field.value);
        }}
      >
        <label>
          {say("till.lookup.code")}
          <input name="code" autocomplete="off" spellcheck={false} required />
        </label>
        <button type="submit" class="primary">
          {say("till.lookup.do")}
        </button>
      </form>
      {typeof found === "string" && (
        <p class={found === "forged" ? "notice danger" : "notice"} role="alert">
          {say(`till.lookup.${found}`)}
        </p>
      )}
      {several.length > 0 && !chosen && (
        <div class="several">
          <p class="notice">{say("till.lookup.several")}</p>
          {several.map((one) => (
            <button key={one.number} type="button" class="plain" onClick={() => setChosen(one)}>
              {summary(one)}
            </button>
          ))}
        </div>
      )}
      {shown && <Shown key={shown.number} register={register} found={shown} print={print} close={close} />}
    </Dialog>
  );
}

/** What is known of it, by whoever knows it: the journal first. */
function factsOf({ receipt, payment, centres }: Found) {
  const amountFen = receipt
    ? receipt.cash_fen + receipt.subsidy_fen + receipt.host_fen
    : (payment?.amountFen ?? centres?.amount_fen ?? 0);
  return {
    amountFen,
    at: receipt?.purchased_at ?? payment?.purchasedAt ?? centres?.paid_at ?? 0,
    businessDate: receipt?.business_date ?? payment?.businessDate ?? centres?.business_date ?? "",
    meal: receipt?.meal ?? payment?.meal ?? centres?.meal ?? "",
    isVoided: centres?.voided === true || payment?.outcome === "voided",
  };
}

function summary(found: Found): string {
  const { at, amountFen } = factsOf(found);
  return `${dayAndSecond(at, language)} · ¥ ${yuan(amountFen)} · ${receiptNumber(numberOf(found))}`;
}

function numberOf(found: Found): { number: string; businessDate: string } {
  return { number: found.number, businessDate: factsOf(found).businessDate };
}

function mealSaid(meal: string): string {
  return meal === "breakfast" || meal === "lunch" || meal === "dinner" ? say(`meal.${meal}`) : meal;
}

function Shown({ register, found, print, close }: Given & { found: Found }) {
  const { receipt, payment, centres } = found;
  const { amountFen, at, meal, isVoided } = factsOf(found);
  const isSheets = centres?.channel === "sheet";
  return (
    <>
      <div role="status">
        {receipt && <p class="notice">{say("till.lookup.genuine")}</p>}
        <dl>
          {receipt && (
            <>
              <dt>{say("till.lookup.canteen")}</dt>
              <dd lang="zh-Hans-CN">{receipt.canteen_zh}</dd>
              <dt>{say("till.lookup.payer")}</dt>
              <dd lang="zh-Hans-CN">{receipt.payer_zh}</dd>
            </>
          )}
          <dt>{say("till.payment.number")}</dt>
          <dd>{receiptNumber(numberOf(found))}</dd>
          <dt>{say("till.payment.amount")}</dt>
          <dd>¥ {yuan(amountFen)}</dd>
          <dt>{say("till.payment.at")}</dt>
          <dd>{dayAndSecond(at, language)}</dd>
          <dt>{say("till.payment.meal")}</dt>
          <dd>{mealSaid(meal)}</dd>
          <dt>{say("till.lookup.by")}</dt>
          <dd>{say(payment ? "till.lookup.by.us" : isSheets ? "till.lookup.by.sheet" : "till.lookup.by.others")}</dd>
          <dt>{say("till.payment.outcome")}</dt>
          <dd>{outcomeSaid(found, isVoided)}</dd>
        </dl>
      </div>
      {payment && (
        <button type="button" class="plain" onClick={() => print(payment)}>
          {say("till.act.print")}
        </button>
      )}
      {!isVoided && (payment?.outcome === "approved" || isSheets) && (
        <VoidForm
          register={register}
          amountFen={amountFen}
          needsCashier={isSheets}
          take={(reason) => {
            close();
            if (payment) void register.void(payment, reason);
            else if (centres) void register.voidSheetPayment(centres, reason);
          }}
        />
      )}
    </>
  );
}

function outcomeSaid({ payment, centres }: Found, isVoided: boolean): string {
  if (isVoided) return say("till.outcome.voided");
  if (payment) return say(`till.outcome.${payment.outcome}`);
  return centres ? say("till.outcome.approved") : say("till.lookup.elsewhere");
}
