/** A canteen's week: what it serves when, its dishes, its prices, and what people of each class pay. */

import { Button, Skeleton } from "antd";
import { dayOf, weekday, yuan } from "../../shared/formats.ts";
import { heading, inMine, language } from "../../shared/language.ts";
import type { Canteen } from "../canteens.ts";
import { Allowed } from "../charts/allowed.tsx";
import { linkTo, useWish } from "../links.ts";
import { MEALS, type Meal } from "../today/meals.ts";
import { Trouble } from "../trouble.tsx";
import { OfCanteen, useAsk } from "./canteen.tsx";
import { Acts } from "./doing.tsx";
import { Preview } from "./preview.tsx";
import {
  type Day,
  type Dish,
  isDay,
  later,
  type MealPrices,
  mondayOf,
  useDays,
  useDishes,
  usePrices,
  WEEK,
} from "./week.ts";
import { say } from "./words.ts";
import "../charts/charts.css";
import "./kitchen.css";

/** Of a menu, at first: a week is looked at as a whole. */
const DISHES_SHOWN = 3;

export function Menus() {
  return (
    <Allowed permission="see_registry">
      <Page />
    </Allowed>
  );
}

function Page() {
  const { week } = useWish();
  const ask = useAsk("/menus");
  const today = dayOf(Date.now());
  const monday = mondayOf(isDay(week) ? week : today);
  const go = (to: string) => ask({ week: to, day: undefined });
  const choices = (
    <>
      <Button onClick={() => go(later(monday, -WEEK))}>{say("console.kitchen.week_before")}</Button>
      <Button onClick={() => go(mondayOf(today))} disabled={monday === mondayOf(today)}>
        {say("console.kitchen.this_week")}
      </Button>
      <Button onClick={() => go(later(monday, WEEK))}>{say("console.kitchen.week_after")}</Button>
    </>
  );
  return (
    <OfCanteen
      title={say("console.kitchen.menus")}
      ask={ask}
      choices={choices}
      of={(canteen) => <Week key={canteen.canteen_id} canteen={canteen} monday={monday} today={today} />}
    />
  );
}

interface WeekProps {
  readonly canteen: Canteen;
  readonly monday: string;
  readonly today: string;
}

function Week({ canteen, monday, today }: WeekProps) {
  const wish = useWish();
  const ask = useAsk("/menus");
  const id = canteen.canteen_id;
  const sunday = later(monday, WEEK - 1);
  const guests = wish.guest_book === undefined ? null : Number(wish.guest_book);
  const opening = useDays(id, monday, sunday);
  const prices = usePrices(id, monday, sunday, guests);
  const dishes = useDishes(id, monday, sunday);
  const error = opening.error ?? prices.error ?? dishes.error;
  const pricesOf = (day: string) => prices.data?.find((one) => one.day === day)?.meals ?? [];
  const open = opening.data?.find((one) => one.day >= today && one.meals.length > 0);
  const isWithin = isDay(wish.day) && wish.day >= monday && wish.day <= sunday;
  const day = isWithin ? wish.day : (open?.day ?? monday);
  const meal = MEALS.find((one) => one === wish.meal) ?? "lunch";
  const chosen = pricesOf(day as string).find((one) => one.meal === meal);
  return (
    <>
      <p className="unit">
        {weekday(monday, language)} – {weekday(sunday, language)} · {say("console.kitchen.prices_unit")}
      </p>
      {error && (
        <Trouble error={error} again={() => Promise.all([opening.refetch(), prices.refetch(), dishes.refetch()])} />
      )}
      {!error && !(opening.data && prices.data && dishes.data) && <Skeleton active />}
      {opening.data && prices.data && dishes.data && (
        <div className="week">
          {opening.data.map((one) => (
            <OneDay
              key={one.day}
              day={one}
              isToday={one.day === today}
              prices={pricesOf(one.day)}
              dishes={(dishes.data ?? []).filter((dish) => dish.business_date === one.day)}
              chosen={one.day === day ? meal : null}
              addressOf={(of) => linkTo("/menus", { ...wish, canteen_id: id, week: monday, day: one.day, meal: of })}
            />
          ))}
        </div>
      )}
      {prices.data && (
        <Preview
          day={day as string}
          meal={meal}
          prices={chosen}
          at={prices.dataUpdatedAt}
          guestBook={wish.guest_book ?? ""}
          ask={(changes) => ask({ week: monday, day, ...changes })}
        />
      )}
      <section className="panel" aria-labelledby="doing">
        <h2 id="doing">{say("console.kitchen.doing")}</h2>
        <Acts
          names={[
            "publish_menu",
            "copy_menus",
            "publish_menus_by_file",
            "set_meals",
            "set_special_day",
            "clear_special_day",
            "set_booking_terms",
            "set_tariff",
          ]}
          canteenId={id}
        />
        <p className="ways">
          <a href={linkTo("/dining/dishes", { canteen_id: id, from_day: monday, until_day: sunday })}>
            {say("console.kitchen.list.dishes")}
          </a>
          <a href={linkTo("/settlement/tariffs", { canteen_id: id })}>{say("console.kitchen.list.tariffs")}</a>
          <a href={linkTo("/settlement/rules")}>{say("console.kitchen.list.rules")}</a>
        </p>
      </section>
    </>
  );
}

interface OneDayProps {
  readonly day: Day;
  readonly isToday: boolean;
  readonly prices: readonly MealPrices[];
  readonly dishes: readonly Dish[];
  /** The meal whose prices are shown below; null: none of this day. */
  readonly chosen: Meal | null;
  addressOf(meal: Meal): string;
}

function OneDay({ day, isToday, prices, dishes, chosen, addressOf }: OneDayProps) {
  const isServed = (meal: string) => day.meals.some((one) => one.meal === meal);
  const unserved = MEALS.filter((meal) => !isServed(meal) && dishes.some((dish) => dish.meal === meal));
  const why = day.because === "week" ? "" : say(`console.kitchen.because.${day.because as "holiday"}`);
  return (
    <section className={isToday ? "day now" : "day"} aria-labelledby={`day-${day.day}`}>
      <h2 id={`day-${day.day}`}>
        {weekday(day.day, language)}
        {isToday && <small> {say("console.kitchen.today")}</small>}
      </h2>
      {why && <p className="unit">{day.reason ? `${why}: ${day.reason}` : why}</p>}
      {day.meals.length === 0 && <p className="closed">{say("console.kitchen.closed")}</p>}
      {day.meals.map(({ meal, starts, ends }) => (
        <div key={meal} className={chosen === meal ? "meal chosen" : "meal"}>
          <h3>
            {heading(say(`meal.${meal}`))}{" "}
            <small>
              {starts.slice(0, 5)}–{ends.slice(0, 5)}
            </small>
          </h3>
          <PriceLines day={day.day} prices={prices.find((one) => one.meal === meal)} />
          <Dishes dishes={dishes.filter((dish) => dish.meal === meal)} />
          <a href={addressOf(meal)} aria-current={chosen === meal ? "true" : undefined}>
            {say("console.kitchen.who_pays")}
            <span className="unseen">
              {" "}
              {weekday(day.day, language)} {say(`meal.${meal}`)}
            </span>
          </a>
        </div>
      ))}
      {unserved.map((meal) => (
        <p key={meal} className="late">
          {say("console.kitchen.menu_unserved", { meal: say(`meal.${meal}`) })}
        </p>
      ))}
    </section>
  );
}

function PriceLines({ day, prices }: { day: string; prices: MealPrices | undefined }) {
  if (prices === undefined) return <p className="late">{say("console.kitchen.no_price")}</p>;
  const all = [
    ["home", prices.home_fen],
    ["visitor", prices.visitor_fen],
    ["entered", prices.limit_fen],
  ] as const;
  return (
    <dl className="price">
      {all.map(
        ([name, fen]) =>
          fen !== null && (
            <div key={name}>
              <dt>{say(`console.kitchen.price.${name}`)}</dt>
              <dd className="number">{yuan(fen)}</dd>
            </div>
          ),
      )}
      {prices.valid_from === day && (
        <div>
          <dt>
            <strong>{say("console.kitchen.new_price")}</strong>
          </dt>
        </div>
      )}
    </dl>
  );
}

function Dishes({ dishes }: { dishes: readonly Dish[] }) {
  if (dishes.length === 0) return <p className="unit">{say("console.kitchen.no_menu")}</p>;
  const more = dishes.length - DISHES_SHOWN;
  if (more < 2) return <DishList dishes={dishes} />;
  return (
    <>
      <DishList dishes={dishes.slice(0, DISHES_SHOWN)} />
      <details>
        <summary>{say("console.kitchen.more_dishes", { more })}</summary>
        <DishList dishes={dishes.slice(DISHES_SHOWN)} />
      </details>
    </>
  );
}

function DishList({ dishes }: { dishes: readonly Dish[] }) {
  return (
    <ul>
      {dishes.map((dish) => (
        <li key={dish.line}>
          {inMine(dish.name_zh, dish.name_en ?? dish.name_zh)}
          {dish.price_fen !== null && <span className="number"> {yuan(dish.price_fen)}</span>}
        </li>
      ))}
    </ul>
  );
}
