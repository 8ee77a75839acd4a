/** What is not known, or only weakly, of a canteen's last weeks: in words, each with the way to its rows. */

import { Skeleton } from "antd";
import { dayOf, weekday } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { linkTo } from "../links.ts";
import { Trouble } from "../trouble.tsx";
import { completeness, DAYS_LOOKED_AT, sumOf, useMeasures } from "./figures.ts";
import { say } from "./words.ts";

/** Below it the evaluation does not believe the figures. */
export const COMPLETE_PERCENT = 80;

export function Missing({ canteenId: canteen_id }: { canteenId: number }) {
  const now = Date.now();
  const span = { first: dayOf(now, -DAYS_LOOKED_AT), last: dayOf(now) };
  const { data, error, refetch } = useMeasures(canteen_id, span, "day");
  const days = (data ?? []).filter((one) => one.whole);
  const lacking = days.filter((one) => one.weighed_meals < one.meals);
  const share = completeness(days);
  const within = { canteen_id, from_day: span.first, until_day: span.last };
  const weak = [
    ["implausible", { ...within, implausible: true }],
    ["corrected", within],
    ["unmatched_meals", within],
  ] as const;
  return (
    <section className="panel" aria-labelledby="missing">
      <div>
        <h2 id="missing">{say("console.kitchen.missing")}</h2>
        <p className="unit">{say("console.kitchen.missing_unit", { days: DAYS_LOOKED_AT })}</p>
      </div>
      {error && <Trouble error={error} again={refetch} />}
      {!data && !error && <Skeleton active />}
      {data && share === null && <p>{say("console.kitchen.nothing_served")}</p>}
      {share !== null && (
        <p>
          {say("console.kitchen.weighed_of", {
            weighed: sumOf(days, "weighed_meals"),
            meals: sumOf(days, "meals"),
            percent: (100 * share).toFixed(1),
          })}{" "}
          {100 * share < COMPLETE_PERCENT && say("console.kitchen.too_few", { percent: COMPLETE_PERCENT })}
        </p>
      )}
      {share !== null && (
        <ul className="notes">
          {weak
            .filter(([name]) => sumOf(days, name) > 0)
            .map(([name, wish]) => (
              <li key={name}>
                <a href={linkTo("/waste/weigh-ins", wish)}>
                  {say(`console.kitchen.weak.${name}`, { count: sumOf(days, name) })}
                </a>
              </li>
            ))}
        </ul>
      )}
      {share !== null && (
        <>
          <h3>{say("console.kitchen.not_weighed", { days: lacking.length })}</h3>
          <ul className="days">
            {lacking.map((one) => (
              <li key={one.period}>
                <a href={linkTo("/waste/weigh-ins", { canteen_id, from_day: one.period, until_day: one.period })}>
                  {say("console.kitchen.lacking", {
                    day: weekday(one.period, language),
                    lacking: one.meals - one.weighed_meals,
                    meals: one.meals,
                  })}
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
