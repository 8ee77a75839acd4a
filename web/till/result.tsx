/** What became of the diner's code fills the screen: colour, sign and words, to be read from two metres. */

import { useEffect, useRef, useState } from "preact/hooks";
import { yuan } from "../shared/formats.ts";
import { priceAt } from "./meals.ts";
import { type Payment, receiptNumber } from "./payments.ts";
import type { Register, Shown } from "./register.ts";
import { inLanguage, say } from "./words.ts";

const SIGNS = {
  ready: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8 8h3v3H8zM13 8h3v3h-3zM8 13h3v3H8zM13 13h3v3h-3z",
  waiting: "M7 3h10M7 21h10M8 3v4l4 5-4 5v4M16 3v4l-4 5 4 5v4",
  good: "M4 13l5 5L20 6",
  look: "M12 3 2 20h20zM12 10v5M12 17.5v.5",
  refused: "M5 5l14 14M19 5L5 19",
  unknown: "M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.2-1.5 2.3M12 18v.5",
} as const;

/** How a result looks: the four states, and that nothing is known. */
type Look = keyof typeof SIGNS;

interface Said {
  readonly look: Look;
  /** The largest words: an amount, or what happened. */
  readonly big: string;
  readonly line: string;
  /** What to do next, or whose it was. */
  readonly next: string;
}

export function Result({ register }: { register: Register }) {
  const { shown } = register;
  const said = saidOf(register, shown);
  const section = useRef<HTMLElement>(null);
  const isHeld = register.isHeld;
  // Tab leads from here to the answers. None has the focus by itself: the Enter of a scanner would press it.
  useEffect(() => {
    if (isHeld) section.current?.focus();
  }, [isHeld, shown.state]);
  return (
    <section ref={section} class={`result ${said.look}`} aria-label={say("till.result")} tabIndex={-1}>
      <div role={said.look === "ready" || said.look === "good" || said.look === "waiting" ? "status" : "alert"}>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d={SIGNS[said.look]} />
        </svg>
        <p class="big">{said.big}</p>
        <p class="line">{said.line}</p>
        <p class="next">{said.next}</p>
      </div>
      <div class="answers">
        {shown.state === "again" && (
          <button type="button" aria-keyshortcuts="+" onClick={() => void register.confirmAgain()}>
            {say("till.again.yes")}
          </button>
        )}
        {shown.state === "unknown" && shown.voidingSince === null && (
          <button type="button" onClick={() => register.voidUnknown()}>
            {say("till.unknown.void")}
          </button>
        )}
        {register.maySetAside && (
          <button type="button" onClick={() => void register.setAside()}>
            {say("till.unknown.aside")}
          </button>
        )}
        {isHeld && shown.state !== "unknown" && (
          <button type="button" aria-keyshortcuts="Escape" onClick={() => register.seen()}>
            {say(shown.state === "again" ? "till.again.no" : "till.seen")} <kbd>Esc</kbd>
          </button>
        )}
      </div>
      {register.isHeld && <Hint times={register.hints} />}
    </section>
  );
}

/** Something was scanned while the screen is held. */
function Hint({ times }: { times: number }) {
  const [before] = useState(times);
  return times > before ? (
    <p class="hint" role="alert" key={times}>
      {say("till.hint")}
    </p>
  ) : null;
}

/** How long it has been unknown, and what the till, or the cashier, does next. */
function waitingSaid(register: Register, since: number): string {
  const seconds = Math.floor((performance.now() - since) / 1000);
  const left = register.voidsInS;
  if (left > 0) return say("till.unknown.since", { seconds, left });
  return say(register.maySetAside ? "till.unknown.may_aside" : "till.unknown.waited", { seconds });
}

function saidOf(register: Register, shown: Shown): Said {
  switch (shown.state) {
    case "ready":
      return readySaid(register);
    case "waiting":
      return {
        look: "waiting",
        big: say("till.waiting"),
        line: performance.now() - shown.since > 2_000 ? say("till.waiting.slow") : "",
        next: "",
      };
    case "good":
      return {
        look: "good",
        big: `¥ ${yuan(shown.payment.amountFen)}`,
        line: say("till.good"),
        next: whose(register, shown.payment),
      };
    case "look":
      return {
        look: "look",
        big: `¥ ${yuan(shown.payment.amountFen)}`,
        line: say(`till.look.${shown.why}`),
        next: whose(register, shown.payment),
      };
    case "voided":
      return {
        look: "look",
        big: say("till.voided"),
        line: shown.backFen > 0 ? say("till.voided.back", { amount: yuan(shown.backFen) }) : say("till.voided.nothing"),
        next: say("till.voided.next"),
      };
    case "refused":
      return {
        look: "refused",
        big: say("till.refused"),
        line: inLanguage(...shown.title),
        next: inLanguage(...shown.advice),
      };
    case "local":
      return {
        look: "refused",
        big: say("till.refused"),
        line: say(`till.local.${shown.why}.title`),
        next: say(`till.local.${shown.why}.advice`),
      };
    case "again":
      return { look: "look", big: say("till.again"), line: say("till.again.line"), next: say("till.again.next") };
    case "unknown":
      return {
        look: "unknown",
        big: say(shown.voidingSince !== null ? "till.unknown.voiding" : "till.unknown"),
        line: say(
          register.maySetAside
            ? "till.unknown.aside_line"
            : shown.voidingSince !== null
              ? "till.unknown.voiding_line"
              : "till.unknown.line",
        ),
        next: waitingSaid(register, shown.since),
      };
  }
}

function readySaid({ parameters, price, meal, amount, isAmountOpen, isWorkingMeal, link, trouble }: Register): Said {
  if (link === "away")
    return {
      look: "refused",
      big: say("till.away"),
      line: say("till.away.line"),
      next: trouble || say("till.local.away.advice"),
    };
  const big = say(`meal.${meal}`);
  if (!parameters) return { look: "ready", big, line: "", next: say("till.ready.asking") };
  if (!price) return { look: "ready", big, line: say("till.local.not_served.title"), next: "" };
  if (isWorkingMeal)
    return {
      look: "ready",
      big: say("till.working_meal"),
      line: say("till.working_meal.line", { meal: big }),
      next: say("till.ready"),
    };
  if (!isAmountOpen) return { look: "ready", big, line: pricesOf(price), next: say("till.ready") };
  if (!amount) return { look: "ready", big, line: say("till.amount.enter"), next: "" };
  return { look: "ready", big: `¥ ${amount}`, line: big, next: say("till.ready") };
}

/** Both prices: whose a short code is, only the centre knows. */
export function pricesOf({
  home_fen: home = 0,
  visitor_fen: visitor = 0,
}: {
  home_fen?: number;
  visitor_fen?: number;
}): string {
  if (home === visitor) return say("till.price", { amount: yuan(home) });
  return say("till.prices", { home: yuan(home), visitor: yuan(visitor) });
}

/** Who paid, as far as the amount tells it, and the receipt's number. */
function whose(register: Register, payment: Payment): string {
  const receipt = say("till.receipt.short", { number: receiptNumber(payment) });
  const told = register.payer?.number === payment.number ? register.payer.initial : "";
  const initial = told && say("till.payer.initial", { initial: told });
  return [initial, payerOf(register, payment), receipt].filter(Boolean).join(" · ");
}

export function payerOf({ parameters }: Register, payment: Payment): string {
  if (payment.hostFen > 0) return say("till.payer.host");
  const price = parameters && priceAt(parameters, payment.meal, payment.purchasedAt);
  if (!price || price.home_fen === price.visitor_fen) return "";
  if (payment.amountFen === price.home_fen) return say("till.payer.home");
  return payment.amountFen === price.visitor_fen ? say("till.payer.visitor") : "";
}
