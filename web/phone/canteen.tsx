/** A canteen on a day: its meals, what they cost me, the menu, and booking or reporting out. */

import { clock, dayAndTime, dayOf, weekday } from "../shared/formats.ts";
import { heading, inMine, language } from "../shared/language.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import { isOpen, openness, priceOf } from "./eat.tsx";
import { type Booking, type Dish, type MealForMe, me, type Place, type ReportOut, useAsked, useChange } from "./me.ts";
import { Answered, Below, Problem } from "./parts.tsx";
import { say, shortName, word } from "./words.ts";

const DAYS_SHOWN = 8;

export function CanteenPage({ phone, canteenId, day }: { phone: Phone; canteenId: number; day: string | undefined }) {
  const asked = useAsked(`canteen ${canteenId}`, () => me.canteen(phone, canteenId, DAYS_SHOWN));
  return (
    <Answered asked={asked}>
      {(place) => {
        const shown = day ?? place.meals[0]?.day ?? dayOf(Date.now());
        return (
          <Below
            to="#eat"
            back={say("phone.place.eat")}
            title={shortName(inMine(place.name_zh, place.name_en), inMine(place.agency_zh, place.agency_en))}
          >
            <About place={place} />
            <Days canteenId={canteenId} day={shown} />
            <Meals phone={phone} place={place} day={shown} />
          </Below>
        );
      }}
    </Answered>
  );
}

function About({ place }: { place: Place }) {
  return (
    <p class="about">
      {inMine(place.agency_zh, place.agency_en)}
      {place.address && <span>{place.address}</span>}
      <span>{openness(place)}</span>
      {place.crowding && (
        <span class={`crowding ${place.crowding.level}`}>
          {word("phone.crowding", place.crowding.level)} ·{" "}
          {say("phone.eat.taken", { percent: place.crowding.taken_percent })}
        </span>
      )}
    </p>
  );
}

function Days({ canteenId, day }: { canteenId: number; day: string }) {
  const days = Array.from({ length: DAYS_SHOWN }, (_, later) => dayOf(Date.now(), later));
  return (
    <nav class="days" aria-label={say("phone.eat.days")}>
      {days.map((one) => (
        <a key={one} href={`#eat/${canteenId}/${one}`} aria-current={one === day ? "date" : undefined}>
          {weekday(one, language)}
        </a>
      ))}
    </nav>
  );
}

function Meals({ phone, place, day }: { phone: Phone; place: Place; day: string }) {
  const bookings = useAsked("bookings", () => me.bookings(phone));
  const who = useAsked("who", () => me.who(phone));
  const meals = place.meals.filter((meal) => meal.day === day);
  if (meals.length === 0) return <p class="notice">{say("phone.eat.no_meals")}</p>;
  const outs = bookings.known?.report_outs.filter(({ ended_at }) => ended_at === null) ?? [];
  const booked = bookings.known?.bookings.filter(({ state }) => state === "booked") ?? [];
  const isHome = who.known?.agency_id === place.agency_id;
  return meals.map((meal) => (
    <section class="meal" key={`${meal.day} ${meal.meal}`}>
      <h3>
        {heading(word("meal", meal.meal))}{" "}
        <small>
          {clock(meal.starts, language)}–{clock(meal.ends, language)}
        </small>
        <b class="amount">{meal.may_eat && priceOf(meal)}</b>
      </h3>
      {meal.why_not && <p class="warning">{inMine(meal.why_not.reason_zh, meal.why_not.reason_en)}</p>}
      {meal.why_not?.code === "needs_visit" && (
        <a class="plain" href={`#mine/visits/${encodeURIComponent(inMine(place.agency_zh, place.agency_en))}`}>
          {say("phone.visits.add")}
        </a>
      )}
      <Menu dishes={meal.menu} />
      <Deciding
        phone={phone}
        place={place}
        meal={meal}
        isHome={isHome}
        again={bookings.again}
        out={outs.find((one) => coversMeal(one, place, meal))}
        booking={booked.find((one) => one.business_date === meal.day && one.meal === meal.meal)}
      />
    </section>
  ));
}

function Menu({ dishes }: { dishes: readonly Dish[] }) {
  if (dishes.length === 0) return null;
  return (
    <ul class="menu">
      {dishes.map((dish) => (
        <li key={dish.name_zh}>
          {inMine(dish.name_zh, dish.name_en)}
          {[...(dish.marks ?? [])].map((mark) => (
            <small class="mark" key={mark}>
              {word("dining.mark", mark)}
            </small>
          ))}
          <AllergensOf dish={dish} />
        </li>
      ))}
    </ul>
  );
}

function AllergensOf({ dish }: { dish: Dish }) {
  const named = (dish.allergens ?? []).map((one) => word("dining.allergen", one));
  const said = [...named, ...(dish.allergen_note ? [dish.allergen_note] : [])].join(say("phone.and"));
  return said === "" ? null : <small class="warning">{say("phone.eat.allergens", { said })}</small>;
}

/** Whether it is said that one does not come for this meal. */
function coversMeal(out: ReportOut, place: Place, { day, meal }: MealForMe): boolean {
  const weekday = new Date(`${day}T12:00:00Z`).getUTCDay() || 7;
  const isWithin = out.first_day <= day && day <= out.last_day && out.weekdays.includes(weekday);
  return isWithin && out.canteen_id === place.canteen_id && out.meals.includes(meal);
}

interface DecidingGiven {
  readonly phone: Phone;
  readonly place: Place;
  readonly meal: MealForMe;
  readonly isHome: boolean;
  readonly booking: Booking | undefined;
  readonly out: ReportOut | undefined;
  readonly again: () => Promise<void>;
}

/** Book the meal, cancel, or say that one does not come, until its cut-off. */
function Deciding({ phone, place, meal, isHome, booking, out, again }: DecidingGiven) {
  const { busy, problem, change } = useChange(again);
  const isLate = Date.parse(meal.cut_off_at) <= Date.now();
  const cutOffDay = dayOf(Date.parse(meal.cut_off_at));
  const cutOff = cutOffDay === meal.day ? clock(meal.cut_off_at, language) : dayAndTime(meal.cut_off_at, language);
  const wanted = { canteen_id: place.canteen_id, business_date: meal.day, meal: meal.meal };
  const book = () => me.book(phone, { booking_id: crypto.randomUUID(), ...wanted });
  const reportOut = () =>
    me.reportOut(phone, {
      report_id: crypto.randomUUID(),
      canteen_id: place.canteen_id,
      first_day: meal.day,
      last_day: meal.day,
      meals: [meal.meal],
      weekdays: [1, 2, 3, 4, 5, 6, 7],
    });
  if (out) {
    return (
      <>
        <Problem said={problem} />
        <p class="done">{say("phone.out.done")}</p>
        {!isLate && <p class="about">{say("phone.out.until", { at: cutOff })}</p>}
        {!isLate && (
          <button
            type="button"
            class="plain"
            disabled={busy}
            onClick={() => change(() => me.endReportOut(phone, out.report_id))}
          >
            {say("phone.out.end")}
          </button>
        )}
      </>
    );
  }
  if (booking) {
    const isHere = booking.canteen_id === place.canteen_id;
    return (
      <>
        <Problem said={problem} />
        <p class="done">
          {isHere
            ? say("phone.booked.here")
            : say("phone.booked.elsewhere", { canteen: inMine(booking.canteen_zh, booking.canteen_en) })}
        </p>
        {isOpen(booking) && <p class="about">{say("phone.booked.until", { at: cutOff })}</p>}
        {isOpen(booking) && (
          <button
            type="button"
            class="plain"
            disabled={busy}
            onClick={() => change(() => me.cancel(phone, booking.booking_id))}
          >
            {say("phone.booked.cancel")}
          </button>
        )}
      </>
    );
  }
  if (!meal.may_eat && !isHome) return null;
  if (isLate) return <p class="about">{say("phone.book.late", { at: cutOff })}</p>;
  return (
    <>
      <Problem said={problem} />
      <p class="about">{say("phone.book.until", { at: cutOff })}</p>
      <div class="two">
        {meal.may_eat && (
          <button type="button" class="plain" disabled={busy} onClick={() => change(book)}>
            {say("phone.book")}
          </button>
        )}
        {isHome && (
          <button type="button" class="plain" disabled={busy} onClick={() => change(reportOut)}>
            {say("phone.out.do")}
          </button>
        )}
      </div>
    </>
  );
}
