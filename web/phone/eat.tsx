/** Where and when I may eat: canteens on a list, and what I have booked. */

import { useState } from "preact/hooks";
import { clock, dayAndTime, dayOf, distance, weekday, yuan } from "../shared/formats.ts";
import { inMine, language } from "../shared/language.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import { CanteenPage } from "./canteen.tsx";
import { type Booking, type MealForMe, me, type Place, type Spot, useAsked, useChange } from "./me.ts";
import { Answered, Problem } from "./parts.tsx";
import { say, shortName, word } from "./words.ts";

const SHOWN = 30;
const PLACED_WITHIN_MS = 10_000;

/** `rest`: of the address, a canteen's number and a day. */
export function Eat({ phone, rest }: { phone: Phone; rest: readonly string[] }) {
  const [canteen, day] = rest;
  if (canteen !== undefined) return <CanteenPage phone={phone} canteenId={Number(canteen)} day={day} />;
  return (
    <>
      <Booked phone={phone} />
      <Canteens phone={phone} />
    </>
  );
}

function Canteens({ phone }: { phone: Phone }) {
  const [spot, setSpot] = useState<Spot | null>(null);
  const [name, setName] = useState("");
  const query = { limit: SHOWN, ...(name === "" ? {} : { name }), ...(spot ?? {}) };
  const places = useAsked(`canteens ${JSON.stringify(query)}`, () => me.canteens(phone, query));
  return (
    <>
      <h2>{say("phone.eat.canteens")}</h2>
      <search>
        <form
          class="search"
          onSubmit={(event) => {
            event.preventDefault();
            setName(String(new FormData(event.currentTarget).get("name")).trim());
          }}
        >
          <input
            type="search"
            name="name"
            aria-label={say("phone.eat.search")}
            placeholder={say("phone.eat.search.short")}
          />
          <button type="submit" class="plain">
            {say("phone.eat.find")}
          </button>
        </form>
      </search>
      {spot === null && <Near phone={phone} found={setSpot} />}
      <Answered asked={places}>
        {(known) =>
          known.length === 0 ? (
            <p class="notice">{say("phone.eat.none")}</p>
          ) : (
            <ul class="rows">
              {known.map((place) => (
                <li key={place.canteen_id}>
                  <CanteenRow place={place} />
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </>
  );
}

function CanteenRow({ place }: { place: Place }) {
  const [next] = place.meals;
  const agency = inMine(place.agency_zh, place.agency_en);
  return (
    <a href={`#eat/${place.canteen_id}`}>
      <span>
        <b>{shortName(inMine(place.name_zh, place.name_en), agency)}</b>
        <small>{agency}</small>
        <small>{openness(place)}</small>
        {place.crowding && (
          <small class={`crowding ${place.crowding.level}`}>{word("phone.crowding", place.crowding.level)}</small>
        )}
      </span>
      <span class="amount">
        {next && (next.may_eat ? <b>{priceOf(next)}</b> : <small class="warning">{say("phone.eat.may_not")}</small>)}
        {next && <small>{word("meal", next.meal)}</small>}
        {place.distance_m !== null && <small>{distance(place.distance_m)}</small>}
      </span>
    </a>
  );
}

export function openness(place: Place): string {
  if (place.open_until) return say("phone.eat.open_until", { at: clock(place.open_until, language) });
  if (!place.next_opening) return say("phone.eat.closed");
  const day = dayOf(Date.parse(place.next_opening));
  const at = clock(place.next_opening, language);
  if (day === dayOf(Date.now())) return say("phone.eat.opens", { at });
  return say("phone.eat.opens", { at: `${weekday(day, language)} ${at}` });
}

export function priceOf(meal: Pick<MealForMe, "price_fen" | "limit_fen">): string {
  if (meal.price_fen !== null) return say("phone.balance.yuan", { amount: yuan(meal.price_fen) });
  return meal.limit_fen === null ? "" : say("phone.eat.up_to", { amount: yuan(meal.limit_fen) });
}

/** Sorting by distance: the place is asked of the browser with the holder's consent, for this list alone. */
function Near({ phone, found }: { phone: Phone; found: (spot: Spot) => void }) {
  const [asked, setAsked] = useState(false);
  const [denied, setDenied] = useState(false);
  const consents = useAsked("consents", () => me.consents(phone));
  const { busy, problem, change } = useChange(consents.again);
  const nearby = consents.known?.consents.find(({ purpose }) => purpose === "nearby");
  const locate = () =>
    new Promise<void>((done) => {
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          found({ latitude: rounded(coords.latitude), longitude: rounded(coords.longitude) });
          done();
        },
        () => {
          setDenied(true);
          done();
        },
        { timeout: PLACED_WITHIN_MS, maximumAge: 60_000 },
      );
    });
  if (!nearby || !("geolocation" in navigator)) return null;
  const consented = async () => {
    if (!nearby.given) await me.decide(phone, "nearby", { given: true, version: nearby.version });
    await locate();
  };
  return (
    <>
      <Problem said={denied ? say("phone.eat.no_place") : problem} />
      {asked && !nearby.given ? (
        <div class="notice">
          <p>{inMine(nearby.text_zh, nearby.text_en)}</p>
          <button type="button" class="plain" disabled={busy} onClick={() => change(consented)}>
            {say("phone.eat.agree")}
          </button>
        </div>
      ) : (
        <button
          type="button"
          class="plain"
          disabled={busy}
          onClick={() => (nearby.given ? change(consented) : setAsked(true))}
        >
          {say("phone.eat.near")}
        </button>
      )}
    </>
  );
}

/** To about ten metres: nothing here needs it closer. */
function rounded(degrees: number): number {
  return Math.round(degrees * 10_000) / 10_000;
}

/** Bookings to come, and report-outs, each with the way to take it back. */
function Booked({ phone }: { phone: Phone }) {
  const today = dayOf(Date.now());
  const asked = useAsked("bookings", () => me.bookings(phone));
  const { busy, problem, change } = useChange(asked.again);
  const bookings = asked.known?.bookings.filter(({ state }) => state === "booked") ?? [];
  const outs = asked.known?.report_outs.filter((out) => out.ended_at === null && out.last_day >= today) ?? [];
  if (bookings.length === 0 && outs.length === 0) return <Problem said={problem} />;
  return (
    <>
      <h2>{say("phone.booked")}</h2>
      <Problem said={problem} />
      <ul class="rows">
        {bookings.map((booking) => (
          <li key={booking.booking_id}>
            <span>
              <b>{inMine(booking.canteen_zh, booking.canteen_en)}</b>
              <small>
                {weekday(booking.business_date, language)} · {word("meal", booking.meal)} · {priceOf(booking)}
              </small>
              {booking.cut_off_at !== null && isOpen(booking) && (
                <small>{say("phone.booked.until", { at: dayAndTime(booking.cut_off_at, language) })}</small>
              )}
            </span>
            {isOpen(booking) && (
              <button
                type="button"
                class="small"
                disabled={busy}
                onClick={() => change(() => me.cancel(phone, booking.booking_id))}
              >
                {say("phone.booked.cancel")}
              </button>
            )}
          </li>
        ))}
        {outs.map((out) => (
          <li key={out.report_id}>
            <span>
              <b>{say("phone.out")}</b>
              <small>
                {weekday(out.first_day, language)}
                {out.last_day !== out.first_day && ` – ${weekday(out.last_day, language)}`} ·{" "}
                {out.meals.map((meal) => word("meal", meal)).join(say("phone.and"))}
              </small>
            </span>
            <button
              type="button"
              class="small"
              disabled={busy}
              onClick={() => change(() => me.endReportOut(phone, out.report_id))}
            >
              {say("phone.out.end")}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Whether a booking can still be cancelled. */
export function isOpen(booking: Booking): boolean {
  return booking.cut_off_at !== null && Date.parse(booking.cut_off_at) > Date.now();
}
