"""Checks of whole months against what others than the kitchen know: flags with their sizes.

Rules: ``mass_balance`` (prepared food against purchases, kg), ``collector_differs`` (kg that the collector took against
kg that were weighed), ``stream_share`` and ``inedible_share`` (percent of all waste), ``donated_much`` and
``cheap_purchases`` (kg), ``records_missing`` (kinds of records). A flag whose entries were
corrected stays until a person reviews it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from msgspec import json

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, allow_long_work
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from registry.models import Canteen
from waste.flags.flags import FoundFlag, replace_flags
from waste.materials.mass_balance import balance, inedible_at_most, used_of
from waste.materials.schemas import Destination, EntryKind
from waste.materials.stream_shares import (
    INEDIBLE_AT_MOST,
    KITCHENS_MIN,
    MEALS_MIN,
    MONTHS_MIN,
    SHARED,
    shares_of,
    usual_of,
)
from waste.measures.over_time import end_of
from waste.measures.schemas import Period
from waste.measures.streams import Stream

QUERIES = load_queries(Path(__file__).parent / "sql" / "checks.sql")

MONTHS_CHECKED = 4
"""The months of a quarter may change until its data are closed."""
MONTHS_COMPARED = 12
STREAM_KNOWN = 0.5
"""Of a month's covers: a stream that was weighed for fewer is not extrapolated to the month."""
COLLECTED_AT_MOST = 1.3
"""Of what was weighed: waste takes up water, and collectors round (assumed)."""
STOCK_WITHIN_DAYS = 5
"""A count so many days from the end of a month is its count."""


DONATED_AT_MOST = 0.2
"""Of food prepared (assumed): what a kitchen gives away it has cooked, and most of that was eaten."""
PRICE_LEAST_FEN_PER_KG = 50
"""Assumed: no food is bought for less."""
RECORDED_WITHIN = timedelta(days=14)
"""After a month: invoices and tickets of it are there by then."""


@dataclass(slots=True)
class Month:
    """What is known of a canteen's month: grams of streams, the covers that they are of, covers, and weighed meals."""

    book: Book
    grams: dict[tuple[Meal, Stream], int] = field(default_factory=dict)
    stream_covers: dict[tuple[Meal, Stream], int] = field(default_factory=dict)
    covers: dict[Meal, int] = field(default_factory=dict)
    weighed_meals: dict[Meal, int] = field(default_factory=dict)

    def total(self, stream: Stream) -> int:
        """Grams of a stream as they were weighed."""
        return sum(grams for (_, one), grams in self.grams.items() if one is stream)

    def extrapolated(self, stream: Stream, least: float = STREAM_KNOWN) -> int | None:
        """Grams of the whole month, by the covers of the meals it was weighed for; None if for too few."""
        covers = sum(self.covers.values())
        known = sum(number for (_, one), number in self.stream_covers.items() if one is stream)
        return round(self.total(stream) * covers / known) if known >= least * covers and known else None

    @property
    def weighed(self) -> int:
        """Grams of waste and inedible parts of the whole month, by what was weighed, however little.

        Meals that were not weighed are gaps, which cost points elsewhere, and no contradiction. A stream that was never
        weighed counts as nothing: the collector took it all the same.
        """
        return sum(self.extrapolated(stream, 0.0) or 0 for stream in SHARED)


@dataclass(frozen=True, slots=True)
class MaterialMonth:
    """Grams bought, prepared, collected and weighed in a month; those weighed extrapolated to all covers.

    Null: nothing is known.
    """

    month: date
    bought_g: int | None
    prepared_g: int | None
    collected_g: int | None
    weighed_g: int | None


Key = tuple[CanteenId, date]
"""A canteen and the first day of a month."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Grams of food received, used (received less what is more in stock), and weighed with cause ``spoilage``."""

    spoiled_g: int
    received_g: int
    used_g: int


async def storage_losses(
    pool: Pool | Connection, canteen_ids: Sequence[int], first: date, last: date
) -> dict[int, Loss]:
    """What was received, used and spoiled, by canteen, from one day to another."""
    rows = await pool.fetch(QUERIES["spoiled"], list(canteen_ids), first, last)
    more: dict[int, int] = {}
    for (canteen_id, _), change in (await _stock(pool, first, last)).items():
        more[canteen_id] = more.get(canteen_id, 0) + sum(change.values())
    return {
        number: Loss(row["spoiled_g"], row["received_g"], row["received_g"] - more.get(number, 0))
        for row in rows
        for number in [row["canteen_id"]]
    }


async def check_months(connection: Connection, today: date) -> None:
    """Check the whole months before a day and keep the flags, in the caller's transaction."""
    await allow_long_work(connection)
    last = today.replace(day=1) - timedelta(days=1)
    first = _months_before(last, MONTHS_CHECKED - 1)
    months = await months_of(connection, _months_before(first, MONTHS_COMPARED), last)
    checked = {key: month for key, month in months.items() if key[1] >= first}
    bought, rows = await _entries(connection, first, last, EntryKind.PURCHASE)
    collected, tickets = await _entries(connection, first, last, EntryKind.COLLECTED)
    given, gifts = await _entries(connection, first, last, EntryKind.COLLECTED, donated=True)
    stock = await _stock(connection, first, last)
    servings = {row["canteen_id"]: row["serving"] for row in await connection.fetch(QUERIES["servings"])}
    found = {
        "mass_balance": _balances(checked, bought, stock, rows),
        "collector_differs": _collected(checked, collected, tickets),
        "stream_share": _shares(months, checked, servings),
        "inedible_share": _inedible(checked, bought, stock, rows),
        "donated_much": _donated(checked, given, bought, gifts),
        "cheap_purchases": await _cheap(connection, first, last, checked, bought),
        "records_missing": _missing(checked, (bought, collected), today),
    }
    canteen_ids = sorted({canteen_id for canteen_id, _ in months})
    for rule, flags in found.items():
        keys = {(flag.canteen_id, flag.first_day, flag.meal, flag.stream) for flag in flags}
        # What a flag rests on was corrected: that is for a person to judge, so the flag stays.
        for row in await connection.fetch(QUERIES["rest_on_corrected"], rule, first, last):
            kept = FoundFlag(**dict(row) | {"rows": tuple(json.decode(row["rows"]))})
            if (kept.canteen_id, kept.first_day, kept.meal, kept.stream) not in keys:
                flags.append(kept)
        await replace_flags(connection, rule, canteen_ids, (first, last), flags)


async def months_of(
    connection: Connection | Pool, first: date, last: date, canteen_id: int | None = None
) -> dict[Key, Month]:
    """What was weighed, by canteen and month; of one canteen, or of all."""
    months: dict[Key, Month] = {}
    for row in await connection.fetch(QUERIES["weighed"], first, last, canteen_id):
        month = months.setdefault((row["canteen_id"], row["month"]), Month(row["book"]))
        meal = Meal(row["meal"])
        month.covers[meal], month.weighed_meals[meal] = row["covers"], row["weighed_meals"]
        for stream in Stream:
            month.grams[meal, stream] = row[f"{stream}_g"]
            month.stream_covers[meal, stream] = row[f"{stream}_covers"]
    return months


Amounts = dict[Key, dict[str, int]]
Rows = dict[Key, tuple[str, ...]]


async def _entries(
    connection: Connection | Pool, first: date, last: date, kind: EntryKind, canteen_id: int | None = None,
    *, donated: bool = False,
) -> tuple[Amounts, Rows]:  # fmt: skip
    """Amounts and the numbers of their entries; what was donated is apart, since it was eaten by others."""
    amounts: Amounts = {}
    rows: Rows = {}
    for row in await connection.fetch(QUERIES["amounts"], first, last, kind, canteen_id):
        if (row["item"] == Destination.DONATION) == donated:
            key = row["canteen_id"], row["month"]
            amounts.setdefault(key, {})[row["item"]] = row["weight_g"]
            rows[key] = (*rows.get(key, ()), *row["rows"])
    return amounts, rows


async def material_months(pool: Pool, canteen: Canteen, first: date, last: date) -> list[MaterialMonth]:
    """The whole months of a canteen, from that of one day to that of another, that anything is known of.

    Tickets and purchases are of whole months; part of a month's weights would differ from them.
    """
    number = canteen.canteen_id
    first, last = first.replace(day=1), end_of(last, Period.MONTH)
    months = await months_of(pool, first, last, number)
    bought, _ = await _entries(pool, first, last, EntryKind.PURCHASE, number)
    collected, _ = await _entries(pool, first, last, EntryKind.COLLECTED, number)
    return [
        MaterialMonth(
            key[1],
            sum(bought[key].values()) if key in bought else None,
            months[key].extrapolated(Stream.PREPARED) if key in months else None,
            sum(collected[key].values()) if key in collected else None,
            months[key].weighed if key in months else None,
        )
        for key in sorted(months.keys() | bought.keys() | collected.keys())
    ]


async def _stock(connection: Connection | Pool, first: date, last: date) -> Amounts:
    """The change of stock, by canteen and month; only of months with a count at both ends."""
    counts: Amounts = {}
    for row in await connection.fetch(QUERIES["stock"], first, last + timedelta(days=1), STOCK_WITHIN_DAYS):
        counts.setdefault((row["canteen_id"], row["day"]), {})[row["item"]] = row["weight_g"]
    changes: Amounts = {}
    for (canteen_id, day), before in counts.items():
        after = counts.get((canteen_id, _months_before(day, -1)))
        if after is not None:
            foods = {*before, *after}
            changes[canteen_id, day] = {food: after.get(food, 0) - before.get(food, 0) for food in foods}
    return changes


def _balances(months: Mapping[Key, Month], bought: Amounts, stock: Amounts, rows: Rows) -> list[FoundFlag]:
    flags = []
    for key, month in months.items():
        prepared = month.extrapolated(Stream.PREPARED)
        if key not in bought or prepared is None:
            continue
        lost = {s: month.extrapolated(s) or 0 for s in (Stream.PREPARATION, Stream.INEDIBLE)}
        found = balance(
            bought[key], stock.get(key), preparation_g=lost[Stream.PREPARATION], inedible_g=lost[Stream.INEDIBLE],
            prepared_g=prepared,
        )  # fmt: skip
        if found is not None and found.bound_g is not None:
            flags.append(_flag(key, month, _kg(prepared), _kg(found.bound_g), rows[key]))
    return flags


def _collected(months: Mapping[Key, Month], collected: Amounts, tickets: Rows) -> list[FoundFlag]:
    flags = []
    for key, month in months.items():
        taken = sum(collected.get(key, {}).values())
        if taken > COLLECTED_AT_MOST * month.weighed:
            flags.append(_flag(key, month, _kg(taken), _kg(month.weighed), tickets[key]))
    return flags


def _donated(months: Mapping[Key, Month], given: Amounts, bought: Amounts, gifts: Rows) -> list[FoundFlag]:
    flags = []
    for key, month in months.items():
        had = month.extrapolated(Stream.PREPARED) or sum(bought.get(key, {}).values())
        donated = sum(given.get(key, {}).values())
        if donated > DONATED_AT_MOST * had:
            flags.append(_flag(key, month, _kg(donated), _kg(round(DONATED_AT_MOST * had)), gifts[key]))
    return flags


async def _cheap(
    connection: Connection, first: date, last: date, months: Mapping[Key, Month], bought: Amounts
) -> list[FoundFlag]:
    flags = []
    for row in await connection.fetch(QUERIES["bought_cheaply"], first, last, PRICE_LEAST_FEN_PER_KG):
        key = row["canteen_id"], row["month"]
        if key in months:
            whole = sum(bought[key].values())
            flags.append(_flag(key, months[key], _kg(row["weight_g"]), _kg(whole), tuple(row["rows"])))
    return flags


def _missing(months: Mapping[Key, Month], records: Sequence[Amounts], today: date) -> list[FoundFlag]:
    """Kitchens that weigh, without records that a kitchen of their region keeps: that of its own book."""
    flags = []
    kept = [{months[key].book for key in amounts if key in months} for amounts in records]
    for key, month in months.items():
        missing = sum(month.book in books and key not in amounts for books, amounts in zip(kept, records, strict=True))
        due = today - end_of(key[1], Period.MONTH) > RECORDED_WITHIN
        if missing and due and sum(month.weighed_meals.values()) >= MEALS_MIN:
            flags.append(_flag(key, month, missing, len(records)))
    return flags


def _shares(months: Mapping[Key, Month], checked: Mapping[Key, Month], servings: Mapping[int, str]) -> list[FoundFlag]:
    shares = {key: found for key, month in months.items() if (found := _shares_of_month(month))}
    like: dict[tuple[str | None, date, Stream], list[float]] = {}
    own: dict[CanteenId, dict[date, dict[Stream, float]]] = {}
    for (canteen_id, day), by_stream in shares.items():
        own.setdefault(canteen_id, {})[day] = by_stream
        for stream, share in by_stream.items():
            like.setdefault((servings.get(canteen_id), day, stream), []).append(share)
    of_kitchens = {group: usual_of(known, KITCHENS_MIN) for group, known in like.items()}
    flags = []
    for key in checked.keys() & shares.keys():
        canteen_id, first = key
        begin = _months_before(first, MONTHS_COMPARED)
        past = [by_stream for day, by_stream in own[canteen_id].items() if begin <= day < first]
        for stream, share in shares[key].items():
            of_months = usual_of([one[stream] for one in past], MONTHS_MIN)
            for usual in (of_kitchens[servings.get(canteen_id), first, stream], of_months):
                if usual is not None and usual.is_left_by(share):
                    flags.append(_flag(key, checked[key], _percent(share), _percent(usual.share), stream=stream))
                    break
    return flags


def _shares_of_month(month: Month) -> dict[Stream, float]:
    if sum(month.weighed_meals.values()) < MEALS_MIN:
        return {}
    known = {stream: month.extrapolated(stream) for stream in SHARED}
    return shares_of({stream: grams for stream, grams in known.items() if grams is not None})


def _inedible(months: Mapping[Key, Month], bought: Amounts, stock: Amounts, rows: Rows) -> list[FoundFlag]:
    flags = []
    for key, month in months.items():
        for meal, weighed in month.weighed_meals.items():
            share = shares_of({stream: month.grams[meal, stream] for stream in SHARED}).get(Stream.INEDIBLE, 0.0)
            if weighed >= MEALS_MIN and share > INEDIBLE_AT_MOST[meal]:
                flags.append(_flag(key, month, _percent(share), _percent(INEDIBLE_AT_MOST[meal]), meal=meal))
        inedible, used = month.extrapolated(Stream.INEDIBLE), used_of(bought.get(key, {}), stock.get(key))
        if inedible is not None and used and inedible > inedible_at_most(used):
            whole = sum(used.values())
            figures = _percent(inedible / whole), _percent(inedible_at_most(used) / whole)
            flags.append(_flag(key, month, *figures, rows[key]))
    return flags


def _flag(
    key: Key, month: Month, figure: float, usual: float, rows: tuple[str, ...] = (), *, meal: str = "", stream: str = ""
) -> FoundFlag:
    canteen_id, first = key
    last = _months_before(first, -1) - timedelta(days=1)
    return FoundFlag(month.book, canteen_id, first, last, figure, usual, rows, meal, stream)


def _months_before(day: date, months: int) -> date:
    """The first day of the month so many months before that of a day."""
    years, month = divmod(day.month - 1 - months, 12)
    return date(day.year + years, month + 1, 1)


def _kg(grams: int) -> float:
    return round(grams / 1000, 1)


def _percent(share: float) -> float:
    return round(100 * share, 1)
