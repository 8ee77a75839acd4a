/** What changed my purses, month by month; each payment opens its receipt. And my year in figures. */

import { useState } from "preact/hooks";
import { dayAndTime, dayOf, monthInWords, monthLater, change as signed, yuan } from "../shared/formats.ts";
import { heading, inMine, language, tag } from "../shared/language.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import { type Month, type Movement, me, useAsked } from "./me.ts";
import { Answered } from "./parts.tsx";
import { say, word } from "./words.ts";
import { Year } from "./year.tsx";

/** `rest`: of the address, a month, or `year` and which. */
export function Bills({ phone, rest }: { phone: Phone; rest: readonly string[] }) {
  const now = dayOf(Date.now()).slice(0, 7);
  const [first = now, year] = rest;
  if (first === "year") return <Year phone={phone} year={year ?? now.slice(0, 4)} />;
  const month = /^20\d\d-(0[1-9]|1[0-2])$/.test(first) && first < now ? first : now;
  return (
    <>
      <Months month={month} now={now} />
      <Sums phone={phone} month={month} />
      <Movements phone={phone} month={month} key={month} />
    </>
  );
}

function Months({ month, now }: { month: string; now: string }) {
  return (
    <nav class="switch" aria-label={say("phone.bills.months")}>
      <a href={`#bills/${monthLater(month, -1)}`} aria-label={say("phone.bills.before")}>
        ‹
      </a>
      <h2>{monthInWords(month, language)}</h2>
      {month < now ? (
        <a href={`#bills/${monthLater(month, 1)}`} aria-label={say("phone.bills.after")}>
          ›
        </a>
      ) : (
        <span />
      )}
    </nav>
  );
}

const NOTHING = { eaten_fen: 0, meals: 0, canteens: [] };

function Sums({ phone, month }: { phone: Phone; month: string }) {
  const asked = useAsked(`month ${month}`, () => me.months(phone, month, month));
  const sums: Pick<Month, "eaten_fen" | "meals"> & { canteens: readonly unknown[] } = asked.known?.[0] ?? NOTHING;
  const said = asked.known !== null ? say("phone.balance.yuan", { amount: yuan(sums.eaten_fen) }) : "…";
  return (
    <a class="tile" href={`#bills/year/${month.slice(0, 4)}`}>
      <small>{say("phone.bills.eaten")}</small>
      <b>{asked.known === null && asked.problem !== "" ? say("phone.balance.unknown") : said}</b>
      <small>
        {asked.known !== null &&
          (sums.meals === 0
            ? say("phone.bills.no_meals")
            : say("phone.bills.meals", { meals: sums.meals, canteens: sums.canteens.length }))}{" "}
        <u>{say("phone.bills.year")}</u>
      </small>
    </a>
  );
}

function Movements({ phone, month }: { phone: Phone; month: string }) {
  const [pages, setPages] = useState<readonly string[]>([""]);
  return pages.map((after) => (
    <MovementsPage
      key={after}
      phone={phone}
      month={month}
      after={after}
      isLast={after === pages.at(-1)}
      more={(next) => setPages([...pages, next])}
    />
  ));
}

interface PageGiven {
  readonly phone: Phone;
  readonly month: string;
  readonly after: string;
  readonly isLast: boolean;
  readonly more: (after: string) => void;
}

function MovementsPage({ phone, month, after, isLast, more }: PageGiven) {
  const asked = useAsked(`movements ${month} ${after}`, () => me.movements(phone, month, after || undefined));
  return (
    <Answered asked={asked}>
      {({ items, next }) => (
        <>
          {items.length === 0 && after === "" && <p class="notice">{say("phone.bills.none")}</p>}
          {items.length > 0 && (
            <ul class="rows">
              {items.map((one) => (
                <li key={one.number}>
                  <Row one={one} back={items.filter(({ reverses }) => reverses === one.number)} />
                </li>
              ))}
            </ul>
          )}
          {isLast && next && (
            <button type="button" class="plain" onClick={() => more(next)}>
              {say("phone.bills.more")}
            </button>
          )}
        </>
      )}
    </Answered>
  );
}

interface RowGiven {
  readonly one: Movement;
  /** What was given back of it. */
  readonly back: readonly Movement[];
}

/** A payment, and what was given back of one, opens to what can be done with the payment's receipt. */
function Row({ one, back }: RowGiven) {
  const number = one.receipt ? one.number : one.reverses;
  if (number === null) return <Line one={one} back={back} />;
  return (
    <details>
      <summary>
        <Line one={one} back={back} />
      </summary>
      <Receipt number={number} />
    </details>
  );
}

function fenOf(one: Movement): number {
  return one.cash_change_fen + one.subsidy_change_fen;
}

/** When it was paid; of what was given back, when that was. */
function timeOf(one: Movement): string {
  return dayAndTime((one.reverses === null && one.purchased_at) || one.posted_at, language);
}

function Line({ one, back }: RowGiven) {
  const fen = fenOf(one);
  const canteen = one.canteen_zh && inMine(one.canteen_zh, one.canteen_en);
  const returned = back.reduce((sum, each) => sum + fenOf(each), 0);
  return (
    <div class="line">
      <span>
        <b>{canteen ?? heading(word("transfer.kind", one.kind))}</b>
        <small>
          {timeOf(one)}
          {one.meal && ` · ${word("meal", one.meal)}`}
          {canteen && one.kind !== "payment" && one.reverses === null && ` · ${word("transfer.kind", one.kind)}`}
        </small>
        {one.reverses !== null && (
          <small class="warning">
            <span aria-hidden="true">↺</span>{" "}
            {one.purchased_at
              ? say("phone.bills.back_of", { at: dayAndTime(one.purchased_at, language) })
              : say("phone.paid.returned")}
          </small>
        )}
        {back.length > 0 && (
          <small class="warning">
            <span aria-hidden="true">↺</span> {say("phone.bills.back", { amount: yuan(returned) })}
          </small>
        )}
        {one.late && <small class="warning">{say("phone.bills.late")}</small>}
        {one.host_fen > 0 && <small>{say("phone.bills.host", { amount: yuan(one.host_fen) })}</small>}
      </span>
      <b class={`amount ${fen > 0 ? "in" : ""} ${returned > 0 && returned === -fen ? "void" : ""}`}>{signed(fen)}</b>
    </div>
  );
}

function Receipt({ number }: { number: string }) {
  const address = `/r/${number}`;
  return (
    <p class="three">
      <a href={`${address}?lang=${tag}&from=phone`}>{say("phone.receipt")}</a>
      <a href={`${address}/pdf?lang=${tag}`}>{say("phone.receipt.pdf")}</a>
      <Share address={`${location.origin}${address}`} />
    </p>
  );
}

/** The browser's own way to share, or else the address to be put where one likes. */
function Share({ address }: { address: string }) {
  const [copied, setCopied] = useState<"yes" | "by hand" | null>(null);
  if ("share" in navigator) {
    return (
      <button type="button" onClick={() => void navigator.share({ url: address }).catch(() => undefined)}>
        {say("phone.receipt.share")}
      </button>
    );
  }
  if (copied === "by hand") return <input readOnly value={address} aria-label={say("phone.receipt.copy")} />;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(address);
      setCopied("yes");
    } catch {
      setCopied("by hand");
    }
  };
  return (
    <button type="button" aria-live="polite" onClick={copy}>
      {say(copied === null ? "phone.receipt.copy" : "phone.receipt.copied")}
    </button>
  );
}
