/** My own year: meals by month as a drawing with its table, and where I ate. */

import { monthInWords, yuan } from "../shared/formats.ts";
import { inMine, language } from "../shared/language.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import { type Month, me, useAsked } from "./me.ts";
import { Answered, Below } from "./parts.tsx";
import { say } from "./words.ts";

export function Year({ phone, year }: { phone: Phone; year: string }) {
  const asked = useAsked(`year ${year}`, () => me.months(phone, `${year}-01`, `${year}-12`));
  const before = String(Number(year) - 1);
  return (
    <Below to="#bills" back={say("phone.place.bills")} title={say("phone.year", { year })}>
      <Answered asked={asked}>
        {(months) => (
          <>
            <Figures months={months} />
            <Drawing months={months} year={year} />
            <Canteens months={months} />
          </>
        )}
      </Answered>
      <a class="back" href={`#bills/year/${before}`}>
        {say("phone.year", { year: before })}
      </a>
    </Below>
  );
}

function total(months: readonly Month[], of: (month: Month) => number): number {
  return months.reduce((sum, month) => sum + of(month), 0);
}

function Figures({ months }: { months: readonly Month[] }) {
  const hostFen = total(months, ({ host_fen }) => host_fen);
  return (
    <p class="tile">
      <small>{say("phone.bills.eaten")}</small>
      <b>{say("phone.balance.yuan", { amount: yuan(total(months, ({ eaten_fen }) => eaten_fen)) })}</b>
      <small>{say("phone.year.meals", { meals: total(months, ({ meals }) => meals) })}</small>
      {hostFen > 0 && <small>{say("phone.bills.host", { amount: yuan(hostFen) })}</small>}
    </p>
  );
}

const HEIGHT = 90;
const STEP = 26;

function Drawing({ months, year }: { months: readonly Month[]; year: string }) {
  const all = Array.from({ length: 12 }, (_, at) => {
    const name = `${year}-${String(at + 1).padStart(2, "0")}`;
    return { name, month: months.find(({ month }) => month.startsWith(name)) };
  });
  const most = Math.max(1, ...months.map(({ meals }) => meals));
  return (
    <figure>
      <figcaption>{say("phone.year.by_month")}</figcaption>
      <svg viewBox={`0 0 ${12 * STEP} ${HEIGHT + 34}`} aria-hidden="true" class="bars">
        {all.map(({ name, month }, at) => {
          const meals = month?.meals ?? 0;
          const height = (meals / most) * HEIGHT;
          return (
            <g key={name}>
              <rect x={at * STEP + 4} y={18 + HEIGHT - height} width={STEP - 8} height={height} rx="3" />
              {meals > 0 && (
                <text x={at * STEP + STEP / 2} y={13 + HEIGHT - height}>
                  {meals}
                </text>
              )}
              <text x={at * STEP + STEP / 2} y={HEIGHT + 31} class="axis">
                {at + 1}
              </text>
            </g>
          );
        })}
      </svg>
      <details>
        <summary>{say("phone.year.table")}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{say("phone.year.month")}</th>
              <th scope="col">{say("phone.year.meals_column")}</th>
              <th scope="col">{say("phone.year.yuan_column")}</th>
            </tr>
          </thead>
          <tbody>
            {months.map((month) => (
              <tr key={month.month}>
                <th scope="row">{monthInWords(month.month.slice(0, 7), language)}</th>
                <td>{month.meals}</td>
                <td>{yuan(month.eaten_fen)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function Canteens({ months }: { months: readonly Month[] }) {
  const sums = new Map<number, { name: string; meals: number; fen: number }>();
  for (const { canteens } of months) {
    for (const one of canteens) {
      const before = sums.get(one.canteen_id) ?? { name: inMine(one.canteen_zh, one.canteen_en), meals: 0, fen: 0 };
      sums.set(one.canteen_id, { ...before, meals: before.meals + one.meals, fen: before.fen + one.own_fen });
    }
  }
  const most = [...sums.values()].sort((a, b) => b.meals - a.meals);
  if (most.length === 0) return null;
  return (
    <>
      <h3>{say("phone.year.canteens")}</h3>
      <ul class="rows">
        {most.map(({ name, meals, fen }) => (
          <li key={name}>
            <span>
              <b>{name}</b>
              <small>{say("phone.year.meals", { meals })}</small>
            </span>
            <b class="amount">{yuan(fen)}</b>
          </li>
        ))}
      </ul>
    </>
  );
}
