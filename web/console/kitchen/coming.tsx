/** The days to come: covers to expect beside what is booked and reported out, with the ways to the rows. */

import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { Fragment } from "react";
import { dayOf, weekday } from "../../shared/formats.ts";
import { language } from "../../shared/language.ts";
import { centre, held } from "../centre.ts";
import { Framed } from "../charts/framed.tsx";
import { useChart } from "../charts/read.ts";
import { linkTo } from "../links.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { useDays } from "./week.ts";
import { say } from "./words.ts";

const DAYS = 7;

function useBooked(canteen_id: number, days: readonly string[], isAllowed: boolean) {
  return useQuery({
    queryKey: ["booked", String(canteen_id), days],
    enabled: isAllowed,
    queryFn: async () => {
      const asked = days.map((day) =>
        held(centre.GET("/dining/canteens/{canteen_id}/bookings/{day}", { params: { path: { canteen_id, day } } })),
      );
      const answers = await Promise.all(asked);
      return new Map(days.flatMap((day, at) => (answers[at] ?? []).map((one) => [`${day} ${one.meal}`, one])));
    },
  });
}

export function Coming({ canteenId: canteen_id }: { canteenId: number }) {
  const isAllowed = useSession().permissions.has("see_bookings");
  const now = Date.now();
  const days = Array.from({ length: DAYS }, (_, at) => dayOf(now, at));
  const opening = useDays(canteen_id, days[0] as string, days[DAYS - 1] as string);
  const forecasts = useChart("forecast", {}, { canteenId: String(canteen_id) });
  const booked = useBooked(canteen_id, days, isAllowed);
  const error = opening.error ?? forecasts.error ?? booked.error;
  const forecastOf = (day: string, meal: string) => forecasts.rows.find((row) => row.date === day && row.meal === meal);
  const lists = [
    ["/dining/bookings", "console.kitchen.booked"],
    ["/dining/report-outs", "console.kitchen.reported_out"],
  ] as const;
  return (
    <section className="panel" aria-labelledby="coming">
      <div>
        <h2 id="coming">{say("console.kitchen.coming")}</h2>
        <p className="unit">{say("console.kitchen.coming_unit")}</p>
      </div>
      {error && (
        <Trouble error={error} again={() => Promise.all([opening.refetch(), forecasts.again(), booked.refetch()])} />
      )}
      {!opening.data && !error && <Skeleton active />}
      {opening.data && (
        <Framed
          labelledBy="coming"
          caption={say("console.kitchen.coming")}
          isShort
          heads={[
            say("console.scope.meal"),
            { number: say("console.kitchen.expected") },
            { number: say("console.kitchen.cook_for") },
            ...(isAllowed ? lists.map(([, head]) => ({ number: say(head) })) : []),
          ]}
        >
          <tbody>
            {opening.data.map(({ day, meals }) => (
              <Fragment key={day}>
                {meals.length === 0 && (
                  <tr>
                    <th scope="row">{weekday(day, language)}</th>
                    <td colSpan={isAllowed ? 4 : 2}>{say("console.kitchen.closed")}</td>
                  </tr>
                )}
                {meals.map(({ meal }) => {
                  const forecast = forecastOf(day, meal);
                  const numbers = booked.data?.get(`${day} ${meal}`);
                  return (
                    <tr key={meal}>
                      <th scope="row">
                        {weekday(day, language)} {say(`meal.${meal}`)}
                      </th>
                      <td className="number">{forecast?.forecast ?? "—"}</td>
                      <td className="number">
                        <strong>{forecast?.cook_for ?? "—"}</strong>
                      </td>
                      {isAllowed && <td className="number">{numbers?.booked ?? "—"}</td>}
                      {isAllowed && <td className="number">{numbers?.reported_out ?? "—"}</td>}
                    </tr>
                  );
                })}
              </Fragment>
            ))}
          </tbody>
        </Framed>
      )}
      {isAllowed && (
        <p className="ways">
          {lists.map(([path, name]) => (
            <a key={path} href={linkTo(path, { canteen_id, from_day: days[0], until_day: days[DAYS - 1] })}>
              {say(name)}
            </a>
          ))}
          <a href={linkTo("/menus", { canteen_id })}>{say("console.area.menus")}</a>
        </p>
      )}
    </section>
  );
}
