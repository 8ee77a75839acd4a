/** What people of each class pay for a meal of a day, as the centre quotes it by the rules of the charge. */

import { Segmented, Select } from "antd";
import { clockWithSeconds, weekday, yuan } from "../../shared/formats.ts";
import { heading, inMine, language } from "../../shared/language.ts";
import { Framed } from "../charts/framed.tsx";
import { useNames } from "../names.ts";
import { MEALS, type Meal } from "../today/meals.ts";
import type { Ask } from "./canteen.tsx";
import { type MealPrices, type Pays, useClasses } from "./week.ts";
import { say } from "./words.ts";

interface Props {
  readonly day: string;
  readonly meal: Meal;
  /** None: the meal has no price on the day. */
  readonly prices: MealPrices | undefined;
  /** When they were read, in milliseconds since 1970. */
  readonly at: number;
  /** The visitors' region; "": that of the canteen. */
  readonly guestBook: string;
  readonly ask: Ask;
}

export function Preview({ day, meal, prices, at, guestBook, ask }: Props) {
  const names = useNames();
  const classes = useClasses().data ?? [];
  const nameOf = (code: string) => {
    const found = classes.find((one) => one.code === code);
    return found ? heading(inMine(found.name_zh, found.name_en)) : code;
  };
  const codes = [...new Set((prices?.pays ?? []).map((one) => one.person_class))];
  const paid = (code: string, atHome: boolean) =>
    prices?.pays.find((one) => one.person_class === code && one.at_home === atHome);
  return (
    <section className="panel" aria-labelledby="preview">
      <div className="heading">
        <div>
          <h2 id="preview">{say("console.kitchen.preview")}</h2>
          <p className="unit">
            {weekday(day, language)} · {say(`meal.${meal}`)} · {say("console.kitchen.preview_unit")}
          </p>
        </div>
        <div className="acts">
          <Segmented
            aria-label={say("console.scope.meal")}
            value={meal}
            options={MEALS.map((value) => ({ value, label: heading(say(`meal.${value}`)) }))}
            onChange={(value) => ask({ meal: value as Meal })}
          />
          <Select
            aria-label={say("console.kitchen.guests")}
            value={guestBook}
            popupMatchSelectWidth={false}
            options={[{ value: "", label: say("console.kitchen.own_region") }, ...names.choices("book")]}
            onChange={(value) => ask({ guest_book: value })}
          />
        </div>
      </div>
      {prices === undefined && <p>{say("console.kitchen.no_price")}</p>}
      {prices && (
        <>
          <Framed
            labelledBy="preview"
            caption={say("console.kitchen.preview")}
            heads={[
              say("console.kitchen.class"),
              { number: say("console.kitchen.at_home") },
              { number: say("console.kitchen.as_visitor") },
            ]}
          >
            <tbody>
              {codes.map((code) => (
                <tr key={code}>
                  <th scope="row">{nameOf(code)}</th>
                  <Paid pays={paid(code, true)} prices={prices} />
                  <Paid pays={paid(code, false)} prices={prices} />
                </tr>
              ))}
            </tbody>
          </Framed>
          <p className="unit">
            {say("console.kitchen.price_since", { day: prices.valid_from })}{" "}
            {say(prices.needs_visit ? "console.kitchen.needs_visit" : "console.kitchen.needs_no_visit")}{" "}
            {say("console.kitchen.preview_limits")}
          </p>
          <p className="unit">
            {say("console.chart.source", {
              source: say("console.kitchen.source_prices"),
              at: clockWithSeconds(at / 1000, language),
            })}
          </p>
        </>
      )}
    </section>
  );
}

function Paid({ pays, prices }: { pays: Pays | undefined; prices: MealPrices }) {
  if (pays === undefined) return <td className="number">—</td>;
  if (pays.refusal !== null) return <td className="number">{say("console.kitchen.may_not_eat")}</td>;
  return (
    <td className="number">
      {pays.price_fen === null
        ? say("console.kitchen.up_to", { limit: yuan(prices.limit_fen ?? 0) })
        : yuan(pays.price_fen)}
    </td>
  );
}
