/** What to cook for the meals that come: covers to expect, portions that are enough, who has booked or reported out. */

import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { weekday } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { centre, held } from "../centre.ts";
import { Framed } from "../charts/framed.tsx";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { dayAfter, MEALS, type Meal } from "./meals.ts";
import { say } from "./words.ts";

const NEXT = 3;

interface Props {
  readonly day: string;
  /** The meal that is served now: what comes after it is still to be cooked. */
  readonly meal: Meal;
  readonly canteenId: string | undefined;
}

async function forecastsOf(days: readonly string[]) {
  const answers = await Promise.all(
    days.map((business_date) =>
      held(centre.GET("/waste/forecasts/{business_date}", { params: { path: { business_date } } })),
    ),
  );
  return new Map(days.map((day, at) => [day, answers[at] ?? []]));
}

async function bookingsOf(canteen_id: number, days: readonly string[]) {
  const answers = await Promise.all(
    days.map((day) =>
      held(centre.GET("/dining/canteens/{canteen_id}/bookings/{day}", { params: { path: { canteen_id, day } } })),
    ),
  );
  return new Map(days.map((day, at) => [day, answers[at] ?? []]));
}

export function Cook({ day, meal, canteenId }: Props) {
  const { permissions } = useSession();
  const days = day === "" ? [] : [day, dayAfter(day)];
  const isOfOne = canteenId !== undefined && permissions.has("see_bookings");
  const forecasts = useQuery({
    queryKey: ["forecasts", days],
    enabled: days.length > 0,
    queryFn: () => forecastsOf(days),
  });
  const bookings = useQuery({
    queryKey: ["booked", canteenId ?? "", days],
    enabled: isOfOne && days.length > 0,
    queryFn: () => bookingsOf(Number(canteenId), days),
  });
  const coming = days
    .flatMap((on) => MEALS.map((one) => ({ on, one })))
    .filter(({ on, one }) => on !== day || MEALS.indexOf(one) > MEALS.indexOf(meal))
    .slice(0, NEXT);
  const rows = coming.map(({ on, one }) => {
    const known = (forecasts.data?.get(on) ?? []).filter(
      (forecast) => forecast.meal === one && (canteenId === undefined || String(forecast.canteen_id) === canteenId),
    );
    const total = (name: "covers" | "cook_for" | "surplus") =>
      known.length === 0 ? "—" : known.reduce((sum, forecast) => sum + (forecast[name] ?? 0), 0);
    const numbers = bookings.data?.get(on)?.find((number) => number.meal === one);
    return { on, one, covers: total("covers"), cookFor: total("cook_for"), surplus: total("surplus"), numbers };
  });
  return (
    <section className="panel" aria-labelledby="cook">
      <div>
        <h2 id="cook">{say("console.today.cook")}</h2>
        <p className="unit">{say("console.today.cook_unit")}</p>
      </div>
      {forecasts.error && <Trouble error={forecasts.error} again={forecasts.refetch} />}
      {!forecasts.data && !forecasts.error && <Skeleton active />}
      {forecasts.data && (
        <Framed
          labelledBy="cook"
          caption={say("console.today.cook")}
          heads={[
            say("console.scope.meal"),
            { number: say("console.today.expected") },
            { number: say("console.today.cook_for") },
            { number: say("console.today.surplus") },
            ...(isOfOne
              ? [{ number: say("console.today.booked") }, { number: say("console.today.reported_out") }]
              : []),
          ]}
        >
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.on} ${row.one}`}>
                <th scope="row">
                  {weekday(row.on, language)} {say(`meal.${row.one}`)}
                </th>
                <td className="number">{row.covers}</td>
                <td className="number">
                  <strong>{row.cookFor}</strong>
                </td>
                <td className="number">{row.surplus}</td>
                {isOfOne && <td className="number">{row.numbers?.booked ?? "—"}</td>}
                {isOfOne && <td className="number">{row.numbers?.reported_out ?? "—"}</td>}
              </tr>
            ))}
          </tbody>
        </Framed>
      )}
    </section>
  );
}
