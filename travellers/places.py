"""Where and when an official may eat: canteens with distance, hours, price, entitlement, and how full they are.

What is the same for all who ask (canteens, calendar, prices, rules, forecast, payments of the last minutes) a worker
reads once for some seconds. What is the caller's (class, visits, meals that he has had) is one statement for all
canteens of an answer, which asks the functions of the charge. His place is in the request alone, and nowhere else.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import NamedTuple, Protocol

from dining.bookings import cut_off_minutes
from dining.menus import MenuKey, published
from dining.schemas import Dish
from dining.terms import CUT_OFF_MIN, cut_off_of
from foundation.calendar import ZONE, is_working_day
from foundation.catalogue import Language, text
from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import NOT_FOUND, Problem
from registry.identifiers import Book
from registry.meals import Meal
from registry.opening import Opening, openings
from registry.schemas import ServedMeal
from settlement.errors import Refusal
from settlement.ledger import agreements_of, number_at, rules_of
from settlement.tariff import Agreement, Declined, RegionRules, Tariff, in_force, needs_visit, price, visitor_price_fen
from travellers.callers import Caller
from travellers.crowding import STAY, Crowding, crowding_of
from travellers.kept import Kept, KeptEach
from travellers.schemas import MealForMe, PlaceForMe, WhyNot
from waste.forecast.cover_forecasts import forecasts_on

QUERIES = load_queries(Path(__file__).parent / "sql" / "eating.sql")

NETWORK_LIFE_S, FORECAST_LIFE_S, DINERS_LIFE_S, MENUS_LIFE_S = 15.0, 300.0, 15.0, 60.0

DAYS_AHEAD = 14
"""A canteen that serves nothing for so long has no next opening."""

SOLD_BEFORE, SOLD_AFTER = timedelta(minutes=15), timedelta(minutes=30)
"""A sheet sells a meal so long before it begins and after it ends: a queue does not end with the hours."""

EARTH_RADIUS_M = 6_371_000


class Place(NamedTuple):
    """Degrees (WGS 84)."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Canteen:
    """A canteen that is in use; ``capacity``: seats."""

    canteen_id: int
    name_zh: str
    name_en: str
    agency_id: int
    agency_zh: str
    agency_en: str
    book: int
    region_zh: str
    region_en: str
    address: str | None
    latitude: float | None
    longitude: float | None
    capacity: int | None

    @property
    def names(self) -> tuple[str, ...]:
        """By what it is looked for."""
        return self.name_zh, self.name_en, self.agency_zh, self.agency_en, self.address or ""


@dataclass(frozen=True, slots=True)
class Network:
    """The canteens with their calendar and prices, and the regions' rules."""

    canteens: Mapping[int, Canteen]
    opening: Mapping[int, Opening]
    tariffs: Mapping[int, Mapping[str, Sequence[Tariff]]]
    rules: Mapping[int, Sequence[RegionRules]]
    agreements: Mapping[int, Sequence[Agreement]]
    cut_offs: Mapping[tuple[int, str], int]
    """Minutes before a canteen's meal, where they are not ``CUT_OFF_MIN``."""


@dataclass(frozen=True, slots=True)
class Diners:
    """Who paid at each canteen in the last minutes before ``at``."""

    at: datetime
    by_canteen: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class SoldTerms:
    """By what a canteen's sheet sells: the meal, its price, the region's rules; None where there is none."""

    meal: Meal | None
    tariff: Tariff | None
    rules: RegionRules | None
    agreements: Sequence[Agreement]


@dataclass(frozen=True, slots=True)
class Serving:
    """What a canteen's sheet sells to an official at a time; ``opens_at``: when the next meal begins, without one."""

    meal: MealForMe | None
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class OfferedMeal:
    """A meal with its hours of a day and its prices in fen; ``limit_fen``: what is taken is paid, up to so much."""

    meal: Meal
    starts: datetime
    ends: datetime
    home_fen: int | None
    visitor_fen: int | None
    limit_fen: int | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A canteen with the meals of today, and when the next meal begins that has not begun yet."""

    canteen: Canteen
    meals: list[OfferedMeal]
    opens_at: datetime | None


class Wanted(NamedTuple):
    """What is looked for. ``name``: a part of a name or an address; ``day``: None for now."""

    place: Place | None = None
    book: int | None = None
    name: str | None = None
    open_now: bool = False
    day: date | None = None
    limit: int = 20


class _Meal(NamedTuple):
    """A meal that may be eaten: where, on which day, at which hours."""

    canteen: Canteen
    day: date
    served: ServedMeal

    @property
    def menu(self) -> MenuKey:
        return MenuKey(self.canteen.canteen_id, self.day, self.served.meal)

    @property
    def starts(self) -> datetime:
        return datetime.combine(self.day, self.served.starts, ZONE)

    @property
    def ends(self) -> datetime:
        return datetime.combine(self.day, self.served.ends, ZONE)


class Places:
    """The canteens of the network, for everybody who asks this worker."""

    def __init__(self, ledger: Pool) -> None:
        self._ledger = ledger
        self._network = Kept(NETWORK_LIFE_S, self._read_network)
        self._forecast = Kept(FORECAST_LIFE_S, self._read_forecast)
        self._diners = Kept(DINERS_LIFE_S, self._read_diners)
        self._menus = KeptEach(MENUS_LIFE_S, self._read_menus)

    async def find(self, caller: Caller, wanted: Wanted) -> list[PlaceForMe]:
        """The nearest canteens, or, without a place, those of his own region first; each with its next meals."""
        network, now = await self._network.get(), datetime.now(ZONE)
        # Read no further than the last one that is shown: the calendar of each takes a while.
        serving = (
            (canteen, meals)
            for canteen in _in_order(network.canteens.values(), caller, wanted)
            if (meals := _meals_of(canteen, network.opening.get(canteen.canteen_id), wanted.day, now))
            if not wanted.open_now or any(one.starts <= now < one.ends for one in meals)
        )
        return await self._shown(caller, network, list(islice(serving, wanted.limit)), wanted.place, now)

    async def offers(self, name: str, now: datetime) -> list[Offer]:
        """What everybody may know of the canteens whose names, agency or address have ``name`` in them.

        ``now``: with its zone, that of the centre.
        """
        network, words = await self._network.get(), name.casefold()
        return [
            _offer(network, canteen, network.opening[canteen.canteen_id], now)
            for canteen in network.canteens.values()
            if canteen.canteen_id in network.opening and any(words in one.casefold() for one in canteen.names)
        ]

    async def get(self, caller: Caller, canteen_id: int, days: int, place: Place | None) -> PlaceForMe:
        """One canteen with what is left of some days from today on; raises Problem(NOT_FOUND)."""
        network, now = await self._network.get(), datetime.now(ZONE)
        canteen, opening = network.canteens.get(canteen_id), network.opening.get(canteen_id)
        if canteen is None or opening is None:
            raise Problem(NOT_FOUND, "canteen.not_found", canteen_id=canteen_id)
        dates = [now.date() + timedelta(days=n) for n in range(days)]
        meals = [one for day in dates for one in _served(canteen, opening, day) if one.ends > now]
        [shown] = await self._shown(caller, network, [(canteen, meals)], place, now)
        return shown

    async def serving(self, caller: Caller, canteen_id: int, at: datetime) -> Serving:
        """The meal that a canteen's sheet sells at a time, as the caller may eat it."""
        network = await self._network.get()
        canteen, opening = network.canteens.get(canteen_id), network.opening.get(canteen_id)
        if canteen is None or opening is None:
            return Serving(None, None)
        meal = _sold_at(canteen, opening, at)
        if meal is None:
            following = next((one for one in _coming(canteen, opening, at) if one.starts > at), None)
            return Serving(None, None if following is None else following.starts)
        [shown] = await self._for_me(caller, network, [meal], at.astimezone(ZONE))
        return Serving(shown, None)

    async def terms_at(self, canteen_id: int, at: datetime) -> "SoldTerms":
        """The prices and rules by which a canteen's sheet sells at a time."""
        network, day = await self._network.get(), at.astimezone(ZONE).date()
        canteen, opening = network.canteens.get(canteen_id), network.opening.get(canteen_id)
        if canteen is None or opening is None:
            return SoldTerms(None, None, None, ())
        meal = _sold_at(canteen, opening, at)
        name = None if meal is None else meal.served.meal
        tariff = None if name is None else in_force(network.tariffs.get(canteen_id, {}).get(name, ()), day)
        rules = in_force(network.rules.get(canteen.book, ()), day)
        return SoldTerms(name, tariff, rules, network.agreements.get(canteen.book, ()))

    async def _shown(
        self,
        caller: Caller,
        network: Network,
        found: Sequence[tuple[Canteen, list[_Meal]]],
        place: Place | None,
        now: datetime,
    ) -> list[PlaceForMe]:
        meals = [meal for _, served in found for meal in served]
        mine = iter(await self._for_me(caller, network, meals, now))
        forecast, diners = await self._forecast.get(), await self._diners.get()
        shown = []
        for canteen, served in found:
            coming = _coming(canteen, network.opening[canteen.canteen_id], now)
            first = next(coming, None)
            running = first if first is not None and first.starts <= now else None
            following = first if running is None else next(coming, None)
            crowding = None if running is None else _crowding(running, forecast, diners)
            shown.append(_place(canteen, place, list(islice(mine, len(served))), running, following, crowding))
        return shown

    async def _for_me(self, caller: Caller, network: Network, meals: Sequence[_Meal], now: datetime) -> list[MealForMe]:
        """Whether the caller may eat each meal, and what it costs him."""
        asked = [_Asked.of(network, caller, meal) for meal in meals]
        menus = await self._menus.get([meal.menu for meal in meals])
        rows = await self._ledger.fetch(
            QUERIES["may_eat"],
            caller.book,
            caller.holder_id,
            caller.person_class,
            [one.meal.canteen.agency_id for one in asked],
            [one.meal.day for one in asked],
            [one.meal.served.meal for one in asked],
            [one.at_home for one in asked],
            [one.needs_visit for one in asked],
            [one.home_fen for one in asked],
            [one.visitor_fen for one in asked],
            [one.meals_max for one in asked],
            now.date(),
        )
        return [
            one.shown(row["by_class"], row["by_host"], row["price_fen"], menus[one.meal.menu] or ())
            for one, row in zip(asked, rows, strict=True)
        ]

    async def _read_network(self) -> Network:
        ledger = self._ledger
        # The calendar's library takes a while to load, once a worker: payments do not wait for it.
        await asyncio.to_thread(is_working_day, datetime.now(ZONE).date())
        canteens = [as_struct(row, Canteen) for row in await ledger.fetch(QUERIES["canteens"])]
        tariffs: dict[int, dict[str, list[Tariff]]] = {}
        for row in await ledger.fetch(QUERIES["tariffs"]):
            values = dict(row)
            tariffs.setdefault(values.pop("canteen_id"), {}).setdefault(row["meal"], []).append(Tariff(**values))
        books = [Book(row["book"]) for row in await ledger.fetch(QUERIES["books"])]
        return Network(
            {one.canteen_id: one for one in canteens},
            await openings(ledger),
            tariffs,
            {book: await rules_of(ledger, book) for book in books},
            {book: await agreements_of(ledger, book) for book in books},
            await cut_off_minutes(ledger, [one.canteen_id for one in canteens]),
        )

    async def _read_forecast(self) -> dict[tuple[date, int, str], int]:
        """Covers to expect today."""
        network, today = await self._network.get(), datetime.now(ZONE).date()
        found = await forecasts_on(self._ledger, today, network.canteens)
        return {(today, one.canteen_id, one.meal): one.covers for one in found}

    async def _read_menus(self, keys: Sequence[MenuKey]) -> Mapping[MenuKey, Sequence[Dish]]:
        return await published(self._ledger, keys)

    async def _read_diners(self) -> Diners:
        now = datetime.now(UTC)
        since = now - STAY
        numbers = number_at(since), number_at(now + timedelta(minutes=1))
        rows = await self._ledger.fetch(QUERIES["meals_since"], *numbers, since)
        return Diners(now, {row["canteen_id"]: row["meals"] for row in rows})


class _Asked(NamedTuple):
    """A meal with what the rules ask of it. ``reason``: why nobody may eat it."""

    meal: _Meal
    cut_off_at: datetime
    at_home: bool
    needs_visit: bool
    home_fen: int | None
    visitor_fen: int | None
    limit_fen: int | None
    meals_max: int | None
    reason: str | None

    @classmethod
    def of(cls, network: Network, caller: Caller, meal: _Meal) -> "_Asked":
        canteen, day = meal.canteen, meal.day
        rules = in_force(network.rules.get(canteen.book, ()), day)
        tariff = in_force(network.tariffs.get(canteen.canteen_id, {}).get(meal.served.meal, ()), day)
        at_home = caller.agency_id == canteen.agency_id
        minutes = network.cut_offs.get((canteen.canteen_id, meal.served.meal), CUT_OFF_MIN)
        cut_off_at = cut_off_of(day, meal.served.starts, minutes)
        if rules is None or tariff is None:
            return cls(meal, cut_off_at, at_home, False, None, None, None, None, "no_price")
        agreements = network.agreements.get(canteen.book, ())
        visit = needs_visit(rules, canteen.book, caller.book, agreements, day)
        asked = price(tariff, rules, None)
        if isinstance(asked, Declined):
            limits = [limit for limit in (tariff.limit_fen, rules.payment_max_fen) if limit is not None]
            return cls(meal, cut_off_at, at_home, visit, None, None, min(limits), rules.meals_max, None)
        return cls(meal, cut_off_at, at_home, visit, asked.home_fen, asked.visitor_fen, None, rules.meals_max, None)

    def shown(
        self, by_class: str | None, by_host: str | None, price_fen: int | None, dishes: Sequence[Dish]
    ) -> MealForMe:
        """The meal as the caller sees it."""
        reason = self.reason
        if reason is None and by_class is not None:
            reason = "not_your_class"
        elif reason is None and by_host is not None:
            reason = "had_it" if by_host == Refusal.MEALS_EXCEEDED else "needs_visit"
        return MealForMe(
            self.meal.day, self.meal.served.meal, self.meal.starts, self.meal.ends, self.cut_off_at,
            reason is None, why(reason), price_fen, self.limit_fen, dishes,
        )  # fmt: skip


def why(reason: str | None) -> WhyNot | None:
    """The reason in words; None without one."""
    if reason is None:
        return None
    said = f"eating.{reason}"
    return WhyNot(reason, text(said, Language.CHINESE), text(said, Language.ENGLISH))


def _in_order(canteens: Iterable[Canteen], caller: Caller, wanted: Wanted) -> list[Canteen]:
    """Those that are looked for: by distance, without a place the caller's agency and region first."""
    words = (wanted.name or "").casefold()
    chosen = [
        one
        for one in canteens
        if wanted.book in (None, one.book) and any(words in name.casefold() for name in one.names)
    ]
    here = wanted.place
    if here is None:
        return sorted(chosen, key=lambda one: (one.agency_id != caller.agency_id, one.book != caller.book))
    far = {one.canteen_id: distance_m(here, one) for one in chosen}
    return sorted(chosen, key=lambda one: (far[one.canteen_id] is None, far[one.canteen_id] or 0))


class Located(Protocol):
    """What stands at a place that is perhaps known, in degrees."""

    @property
    def latitude(self) -> float | None: ...

    @property
    def longitude(self) -> float | None: ...


def distance_m(here: Place, canteen: Located) -> int | None:
    """Metres along a great circle (haversine formula), on a sphere of 6,371 km; None where the place is not known."""
    if canteen.latitude is None or canteen.longitude is None:
        return None
    ours, theirs = radians(here.latitude), radians(canteen.latitude)
    east = radians(canteen.longitude - here.longitude)
    h = sin((theirs - ours) / 2) ** 2 + cos(ours) * cos(theirs) * sin(east / 2) ** 2
    return round(2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(h))))


def _offer(network: Network, canteen: Canteen, opening: Opening, now: datetime) -> Offer:
    following = next((one for one in _coming(canteen, opening, now) if one.starts > now), None)
    meals = [_offered(network, meal) for meal in _served(canteen, opening, now.date())]
    return Offer(canteen, meals, None if following is None else following.starts)


def _offered(network: Network, meal: _Meal) -> OfferedMeal:
    canteen = meal.canteen
    tariff = in_force(network.tariffs.get(canteen.canteen_id, {}).get(meal.served.meal, ()), meal.day)
    rules = in_force(network.rules.get(canteen.book, ()), meal.day)
    home_fen = visitor_fen = limit_fen = None
    if tariff is not None and rules is not None:
        home_fen, limit_fen = tariff.home_fen, tariff.limit_fen
        visitor_fen = visitor_price_fen(tariff, rules) if limit_fen is None else None
    return OfferedMeal(meal.served.meal, meal.starts, meal.ends, home_fen, visitor_fen, limit_fen)


def _served(canteen: Canteen, opening: Opening, day: date) -> list[_Meal]:
    return [_Meal(canteen, day, served) for served in opening.on(day).meals]


def _meals_of(canteen: Canteen, opening: Opening | None, day: date | None, now: datetime) -> list[_Meal]:
    """The meals of a day, or those that are left of the next day that has any."""
    if opening is None:
        return []
    if day is not None:
        return _served(canteen, opening, day)
    first = next(_coming(canteen, opening, now), None)
    return [] if first is None else [one for one in _served(canteen, opening, first.day) if one.ends > now]


def _coming(canteen: Canteen, opening: Opening, now: datetime) -> Iterator[_Meal]:
    """The meals that have not ended, in order."""
    for ahead in range(DAYS_AHEAD):
        yield from (one for one in _served(canteen, opening, now.date() + timedelta(days=ahead)) if one.ends > now)


def _sold_at(canteen: Canteen, opening: Opening, at: datetime) -> _Meal | None:
    """The meal that a sheet sells: the one that runs, else one that has just ended, else one that is about to begin."""
    meals = _served(canteen, opening, at.astimezone(ZONE).date())
    running = [one for one in meals if one.starts <= at < one.ends]
    ended = [one for one in meals if one.ends <= at < one.ends + SOLD_AFTER]
    coming = [one for one in meals if one.starts - SOLD_BEFORE <= at < one.starts]
    return next(iter([*running, *reversed(ended), *coming]), None)


def _crowding(running: _Meal, forecast: Mapping[tuple[date, int, str], int], diners: Diners) -> Crowding | None:
    canteen = running.canteen
    expected = forecast.get((running.day, canteen.canteen_id, running.served.meal))
    sitting = diners.by_canteen.get(canteen.canteen_id)
    return crowding_of(canteen.capacity, sitting, expected, (running.starts, running.ends), diners.at)


def _place(
    canteen: Canteen,
    here: Place | None,
    meals: list[MealForMe],
    running: _Meal | None,
    following: _Meal | None,
    crowding: Crowding | None,
) -> PlaceForMe:
    return PlaceForMe(
        canteen.canteen_id, canteen.name_zh, canteen.name_en, canteen.agency_id, canteen.agency_zh, canteen.agency_en,
        canteen.book, canteen.region_zh, canteen.region_en, canteen.address, canteen.latitude, canteen.longitude,
        None if here is None else distance_m(here, canteen), canteen.capacity, running is not None,
        None if running is None else running.ends, None if following is None else following.starts, meals, crowding,
    )  # fmt: skip
