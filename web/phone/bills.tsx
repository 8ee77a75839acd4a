/** What changed my purses, month by month; each payment opens its receipt. And my year in figures. */

import { useState } from "preact/hooks";
import { dayAndTime, dayOf, monthInWords, monthLater, change as signed, yuan } from "../shared/formats.ts";
import { heading, inMine, language } from "../shared/language.ts";
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

function Sums({ phone, month }: { phone: Phone; month: string }) {
  const asked = useAsked(`month ${month}`, () => me.months(phone, month, month));
  const sums: Month | undefined = asked.known?.[0];
  return (
    <a class="tile" href={`#bills/year/${month.slice(0, 4)}`}>
      <small>{say("phone.bills.eaten")}</small>
      <b>{sums ? say("phone.balance.yuan", { amount: yuan(sums.eaten_fen) }) : "–"}</b>
      <small>
        {sums && say("phone.bills.meals", { meals: sums.meals, canteens: sums.canteens.length })}{" "}
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
                <li key={one.number}>{one.receipt ? <Payment one={one} /> : <Line one={one} />}</li>
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

function Line({ one }: { one: Movement }) {
  const fen = one.cash_change_fen + one.subsidy_change_fen;
  const canteen = one.canteen_zh && inMine(one.canteen_zh, one.canteen_en);
  return (
    <div class="line">
      <span>
        <b>{canteen ?? heading(word("transfer.kind", one.kind))}</b>
        <small>
          {dayAndTime(one.purchased_at ?? one.posted_at, language)}
          {one.meal && ` · ${word("meal", one.meal)}`}
          {canteen && one.kind !== "payment" && ` · ${word("transfer.kind", one.kind)}`}
        </small>
        {one.late && <small class="warning">{say("phone.bills.late")}</small>}
        {one.host_fen > 0 && <small>{say("phone.bills.host", { amount: yuan(one.host_fen) })}</small>}
      </span>
      <b class={`amount ${fen > 0 ? "in" : ""}`}>{signed(fen)}</b>
    </div>
  );
}

/** A payment opens to what can be done with its receipt. */
function Payment({ one }: { one: Movement }) {
  const address = `/r/${one.number}`;
  const share = () => void navigator.share({ url: `${location.origin}${address}` }).catch(() => undefined);
  return (
    <details>
      <summary>
        <Line one={one} />
      </summary>
      <p class="three">
        <a href={`${address}?lang=${language}`}>{say("phone.receipt")}</a>
        <a href={`${address}/pdf?lang=${language}`}>{say("phone.receipt.pdf")}</a>
        {"share" in navigator && (
          <button type="button" onClick={share}>
            {say("phone.receipt.share")}
          </button>
        )}
      </p>
    </details>
  );
}
