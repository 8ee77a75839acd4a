/** The till's own screen: the meal on the left, the result of the diner on the right, nothing in between. */

import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { yuan } from "../shared/formats.ts";
import { Bar, clock } from "./bar.tsx";
import { Keypad } from "./keypad.tsx";
import { Looks } from "./looks.tsx";
import { Lookup } from "./lookup.tsx";
import { MEALS, priceAt } from "./meals.ts";
import { PaymentDialog } from "./paymentDialog.tsx";
import { type Payment, reasonOf, receiptNumber, totalsOf } from "./payments.ts";
import type { Register } from "./register.ts";
import { payerOf, pricesOf, Result } from "./result.tsx";
import { Scanners } from "./scanners.tsx";
import { PaymentSlip, print } from "./slip.tsx";
import { useRegister } from "./useRegister.ts";
import { inLanguage, say } from "./words.ts";

const RECENT = 8;
const PRINTED_SHOWN_MS = 4_000;

type Open = { readonly what: "payment"; readonly payment: Payment } | { readonly what: "lookup" } | null;

interface Given {
  readonly register: Register;
  readonly go: (place: "shift" | "sign-on") => void;
}

export function Desk({ register, go }: Given) {
  useRegister(register);
  const [open, setOpen] = useState<Open>(null);
  const latest = register.payments.find(({ outcome }) => outcome === "approved");
  const close = () => setOpen(null);
  const [printed, setPrinted] = useState<Payment | null>(null);
  const printOne = (payment: Payment) => {
    print(<PaymentSlip register={register} payment={payment} />);
    setPrinted(payment);
  };
  useEffect(() => {
    if (!printed) return;
    const timer = setTimeout(() => setPrinted(null), PRINTED_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [printed]);
  const acts: Record<string, () => void> = {
    F1: () => register.choose("breakfast"),
    F2: () => register.choose("lunch"),
    F3: () => register.choose("dinner"),
    F4: () => register.setWorkingMeal(!register.isWorkingMeal),
    F6: () => latest && setOpen({ what: "payment", payment: latest }),
    F7: () => latest && printOne(latest),
    F8: () => setOpen({ what: "lookup" }),
    F9: () => register.callBack(),
    F10: () => go("shift"),
    "+": () => void register.confirmAgain(),
  };
  useKeys(register, acts);
  useLayoutEffect(() => {
    register.isElsewhere = open !== null;
  }, [register, open]);
  useEffect(() => {
    if (register.receipt) setOpen({ what: "lookup" });
  }, [register.receipt]);
  return (
    <>
      <Bar register={register} signOn={() => go("sign-on")} />
      <main class="desk">
        <Result register={register} />
        <div class="side">
          <section class="meals" aria-label={say("till.meals")}>
            {MEALS.map((meal, at) => (
              <MealTile key={meal} register={register} meal={meal} shortcut={`F${at + 1}`} />
            ))}
            <button
              type="button"
              class="tile"
              aria-pressed={register.isWorkingMeal}
              aria-keyshortcuts="F4"
              onClick={acts.F4}
            >
              <b>
                {say("till.working_meal")} <kbd>F4</kbd>
              </b>
              <small>{say("till.working_meal.host")}</small>
            </button>
          </section>
          {register.isAmountOpen ? <Keypad register={register} /> : null}
          <Recent register={register} choose={(payment) => setOpen({ what: "payment", payment })} />
        </div>
      </main>
      <footer>
        <Act label={say("till.act.void")} shortcut="F6" act={acts.F6} disabled={!latest} />
        <Act label={say("till.act.print")} shortcut="F7" act={acts.F7} disabled={!latest} />
        <Act label={say("till.act.lookup")} shortcut="F8" act={acts.F8} />
        <Act label={say("till.act.last")} shortcut="F9" act={acts.F9} disabled={!register.last} />
        <Act label={say("till.act.shift")} shortcut="F10" act={acts.F10} />
        <Scanners register={register} />
        <Looks isFree={register.isIdle} />
        <ShiftSum register={register} />
      </footer>
      <p class={printed ? "toast" : "toast none"} role="status">
        {printed && say("till.printed", { number: receiptNumber(printed) })}
      </p>
      {open?.what === "payment" && (
        <PaymentDialog register={register} payment={open.payment} print={printOne} close={close} />
      )}
      {open?.what === "lookup" && <Lookup register={register} print={printOne} close={close} />}
    </>
  );
}

/** Keys of the till, wherever the focus is. While something is held, only what answers it. */
function useKeys(register: Register, acts: Record<string, () => void>): void {
  useLayoutEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const { isFree } = register;
      const isAnswer = event.key === "+" ? register.shown.state === "again" : isFree;
      const act = acts[event.key];
      if (act) {
        // The browser has a use of its own for some of them.
        event.preventDefault();
        if (isAnswer) act();
      } else if (isFree && register.isAmountOpen && /^(?:[0-9.]|Backspace)$/.test(event.key)) {
        event.preventDefault();
        register.type(event.key === "Backspace" ? "back" : event.key, event.timeStamp);
      } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
        register.seen();
      }
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  });
}

function Act({
  label,
  shortcut,
  act,
  disabled = false,
}: {
  label: string;
  shortcut: string;
  act: (() => void) | undefined;
  disabled?: boolean;
}) {
  return (
    <button type="button" class="act" aria-keyshortcuts={shortcut} disabled={disabled} onClick={act}>
      {label} <kbd>{shortcut}</kbd>
    </button>
  );
}

function MealTile({
  register,
  meal,
  shortcut,
}: {
  register: Register;
  meal: (typeof MEALS)[number];
  shortcut: string;
}) {
  const price = register.parameters && priceAt(register.parameters, meal, register.terminal.now());
  const said = !price
    ? say("till.not_served")
    : price.limit_fen === undefined
      ? pricesOf(price)
      : say("till.amount.open");
  return (
    <button
      type="button"
      class="tile"
      aria-pressed={register.meal === meal}
      aria-keyshortcuts={shortcut}
      disabled={!price}
      onClick={() => register.choose(meal)}
    >
      <b>
        {say(`meal.${meal}`)} <kbd>{shortcut}</kbd>
      </b>
      <small>{said}</small>
    </button>
  );
}

function Recent({ register, choose }: { register: Register; choose: (payment: Payment) => void }) {
  return (
    <section class="recent" aria-label={say("till.recent")}>
      <h2>{say("till.recent")}</h2>
      {register.payments.length === 0 && <p class="none">{say("till.recent.none")}</p>}
      <ul>
        {register.payments.slice(0, RECENT).map((payment) => (
          <li key={`${payment.epoch}/${payment.sequence}`}>
            <button type="button" onClick={() => choose(payment)}>
              <time>{clock(payment.purchasedAt, true)}</time>
              <span class={payment.outcome === "refused" || payment.outcome === "rejected" ? "danger" : ""}>
                {paymentSaid(register, payment)}
              </span>
              <b class={payment.outcome === "approved" ? "" : "danger"}>
                {payment.outcome === "approved" ? yuan(payment.amountFen) : say(`till.outcome.${payment.outcome}`)}
              </b>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function paymentSaid(register: Register, payment: Payment): string {
  const reason = reasonOf(payment, inLanguage);
  if (reason) return reason;
  const payer = payerOf(register, payment);
  const meal = say(`meal.${payment.meal}`);
  return payer ? `${meal} · ${payer}` : meal;
}

function ShiftSum({ register }: { register: Register }) {
  const { taken } = totalsOf(register.payments, () => "");
  return <p class="sum">{say("till.shift.sum", { count: taken.count, amount: yuan(taken.fen) })}</p>;
}
