"""What a kitchen bought, has in stock and gave away: kept once, corrected, read from files, and compared by month."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import xlsxwriter

from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.postgres import Pool
from foundation.problems import Problem
from foundation.table_files import WrongFile, cells_of
from registry.approvals import NeedsApproval
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from registry.models import Canteen
from waste.evaluation.quarters import data_closed, quarter_before, quarter_of
from waste.evaluation.results import inputs_of
from waste.flags.flags import Flag, FoundFlag, flags_of, replace_flags
from waste.materials.checks import check_months, storage_losses
from waste.materials.entries import (
    KEPT_OPEN,
    Entry,
    correct_entries,
    declare_destinations,
    declared_destinations,
    entry_history,
    open_from,
    record_entries,
)
from waste.materials.entry_files import entries_of
from waste.materials.mass_balance import storage_loss
from waste.materials.schemas import Destination, EntriesRecorded, EntryCorrection, EntryKind
from waste.measures.kitchens import kitchens_in
from waste.measures.over_time import period_of
from waste.measures.schemas import Period
from waste.measures.streams import Stream
from waste.weighing.schemas import Cause, Correction, Source
from waste.weighing.weigh_ins import WeighIn, correct_weigh_ins, record_weigh_ins

TODAY = datetime.now(ZONE).date()
THIS_MONTH = TODAY.replace(day=1)
LAST_DAY = THIS_MONTH - timedelta(days=1)
MONTH = LAST_DAY.replace(day=1)
"""The last whole month, with the days it has."""
AsSuperuser = Callable[..., None]
ENTRY = (
    "INSERT INTO material_entry (book, entry_id, canteen_id, kind, on_day, item, weight_g, cost_fen, source,"
    " recorded_by, recorded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'person', 'k', now())"
)


@pytest.fixture
async def canteens(ledger: Pool, as_superuser: AsSuperuser) -> dict[int, Canteen]:
    """The canteens, with the demo city's past forgotten."""
    as_superuser("TRUNCATE weigh_in, waste_meal, cover_day, kitchen, kitchen_month, kitchen_flag, material_entry")
    rows = await ledger.fetch("SELECT * FROM canteen ORDER BY canteen_id")
    return {row["canteen_id"]: Canteen(**dict(row)) for row in rows}


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Problem) as found:
        yield
    assert found.value.code == code


def purchase(canteen_id: int, grams: int = 25_000, **changes: Any) -> Entry:
    made: dict[str, Any] = {"kind": EntryKind.PURCHASE, "on_day": TODAY, "item": "rice", "cost_fen": 12_500}
    return Entry(entry_id=uuid4(), canteen_id=CanteenId(canteen_id), weight_g=grams, **made | changes)


async def record(ledger: Pool, canteens: dict[int, Canteen], *entries: Entry) -> EntriesRecorded:
    async with ledger.acquire() as connection, connection.transaction():
        return await record_entries(connection, canteens, "k", Source.PERSON, entries)


async def correct(ledger: Pool, canteens: dict[int, Canteen], *corrections: EntryCorrection) -> EntriesRecorded:
    async with ledger.acquire() as connection, connection.transaction():
        return await correct_entries(connection, canteens, "k", corrections)


async def test_an_entry_counts_once_and_its_correction_keeps_it(ledger: Pool, canteens: dict[int, Canteen]) -> None:
    number = next(iter(canteens))
    bought = purchase(number)
    assert await record(ledger, canteens, bought) == EntriesRecorded(1, 1)
    assert await record(ledger, canteens, bought) == EntriesRecorded(1, 0), "a repeat"
    other = Entry(bought.entry_id, bought.canteen_id, bought.kind, TODAY, "rice", 1, 1)
    with refused("materials.used_or_corrected"):
        await record(ledger, canteens, other)
    correction = EntryCorrection(uuid4(), bought.entry_id, 52_000, 26_000)
    assert await correct(ledger, canteens, correction) == EntriesRecorded(1, 1)
    assert await correct(ledger, canteens, correction) == EntriesRecorded(1, 0)
    with refused("materials.used_or_corrected"):
        await correct(ledger, canteens, EntryCorrection(uuid4(), bought.entry_id, 1, 1))
    first, second = await entry_history(ledger, canteens[number], TODAY, TODAY, EntryKind.PURCHASE)
    assert (first.weight_g, first.replaced_by, second.weight_g, second.cost_fen) == (
        25_000, correction.entry_id, 52_000, 26_000,
    )  # fmt: skip
    losses = await storage_losses(ledger, [number], TODAY, TODAY)
    assert losses[number].received_g == 52_000


async def test_what_is_refused_records_nothing(ledger: Pool, canteens: dict[int, Canteen]) -> None:
    number = next(iter(canteens))
    good = purchase(number)
    for bad, code in (
        (purchase(number, item="gravel"), "weighing.unknown_food"),
        (purchase(number, on_day=TODAY + timedelta(days=1)), "materials.day_out_of_range"),
        (purchase(number, on_day=TODAY - KEPT_OPEN - timedelta(days=1)), "materials.day_out_of_range"),
        (purchase(424242), "weighing.no_such_canteen"),
        (good, "materials.number_twice"),
    ):
        with refused(code):
            await record(ledger, canteens, good, bad)
    assert await entry_history(ledger, canteens[number], date(2020, 1, 1), TODAY, None) == []
    await record(ledger, canteens, good)
    with refused("materials.cost_of_purchases"):
        await correct(ledger, canteens, EntryCorrection(uuid4(), good.entry_id, 5))
    with refused("materials.not_found"):
        await correct(ledger, canteens, EntryCorrection(uuid4(), uuid4(), 5, 5))
    with refused("materials.not_found"):
        await correct(ledger, {}, EntryCorrection(uuid4(), good.entry_id, 5, 5))


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 10, 20), date(2026, 9, 5)),
        (date(2026, 10, 21), date(2026, 10, 1)),
        (date(2026, 12, 31), date(2026, 11, 16)),
        (date(2027, 1, 21), date(2027, 1, 1)),
    ],
)
def test_entries_close_with_the_data_of_their_quarter(today: date, first: date) -> None:
    assert open_from(today) == first
    assert not data_closed(period_of(first, Period.QUARTER), today)


async def test_a_correction_a_fortnight_after_the_month_needs_a_second_person(
    ledger: Pool, canteens: dict[int, Canteen], as_superuser: AsSuperuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    canteen = next(iter(canteens.values()))
    number = uuid4()
    as_superuser(ENTRY, canteen.book, number, canteen.canteen_id, "collected", LAST_DAY, "feed", 900_000, None)
    cancelled = EntryCorrection(uuid4(), number, 0)
    monkeypatch.setattr("waste.materials.entries.open_from", lambda _: LAST_DAY)
    monkeypatch.setattr("waste.materials.entries.CORRECTED_ALONE", timedelta(days=-1))
    with pytest.raises(NeedsApproval):
        await correct(ledger, canteens, cancelled)
    [kept] = await entry_history(ledger, canteen, LAST_DAY, LAST_DAY, None)
    assert (kept.weight_g, kept.replaced_by) == (900_000, None)
    async with ledger.acquire() as connection, connection.transaction():
        await correct_entries(connection, canteens, "k", [cancelled], approved=True)
    assert await correct(ledger, canteens, cancelled) == EntriesRecorded(1, 0), "a repeat asks nobody"


def read(content: bytes, kind: EntryKind, canteens: dict[int, Canteen]) -> list[Entry]:
    foods = {"rice": "rice", "米饭": "rice", "猪肉": "pork", "pork": "pork"}
    return entries_of(kind, cells_of(content), "0" * 64, canteens, foods)


async def test_files_in_chinese_and_english(canteens: dict[int, Canteen]) -> None:
    number, canteen = next(iter(canteens.items()))
    text = f'日期,食堂,食物种类,重量（公斤）,金额（元）\n{TODAY},{canteen.name_zh},猪肉,"1,250.5","￥31,262.50"\n'
    [bought] = read(text.encode("gb18030"), EntryKind.PURCHASE, canteens)
    assert (bought.canteen_id, bought.item, bought.weight_g, bought.cost_fen) == (number, "pork", 1_250_500, 3_126_250)
    [again] = read(text.encode(), EntryKind.PURCHASE, canteens)
    assert again.entry_id == bought.entry_id, "the same row of the same file"
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Destination", "Weight (kg)", "Canteen", "Date"])
        sheet.write_row(1, 0, ["biogas", 840.5, number, str(TODAY)])
    [taken] = read(buffer.getvalue(), EntryKind.COLLECTED, canteens)
    assert (taken.item, taken.weight_g, taken.cost_fen) == ("biogas", 840_500, None)
    [count] = read(f"date,canteen,food,kg\n{TODAY},{number},rice,0\n".encode(), EntryKind.STOCK, canteens)
    assert count.weight_g == 0, "nothing was left"


async def test_every_wrong_cell_is_listed(canteens: dict[int, Canteen]) -> None:
    number = next(iter(canteens))
    rows = f"昨天,{number},米饭,5,1\n{TODAY},7,米饭,5,1\n{TODAY},{number},石头,5,1\n{TODAY},{number},米饭,0,1\n"
    rows += f"{TODAY},{number},米饭,5,1.005\n{TODAY},{number},米饭,5,很多\n"
    with pytest.raises(WrongFile) as wrong:
        read(f"日期,食堂,食物种类,公斤,金额\n{rows}".encode(), EntryKind.PURCHASE, canteens)
    assert [(f.line, f.code.rsplit(".")[-1]) for f in wrong.value.findings] == [
        (2, "not_a_date"), (3, "not_a_canteen"), (4, "not_a_food"), (5, "weight_out_of_range"),
        (6, "amount_out_of_range"), (7, "not_an_amount"),
    ]  # fmt: skip
    for language in Language:
        assert "{" not in wrong.value.detail(language)
    for kind in EntryKind:
        with pytest.raises(WrongFile) as wrong:
            read("日期,食堂,颜色\n".encode(), kind, canteens)
        assert wrong.value.findings[0].code == f"materials.file.unknown_column.{kind}"
        assert "{" not in wrong.value.detail(Language.CHINESE)


async def test_destinations_hold_from_a_day_on_and_not_backwards(ledger: Pool, canteens: dict[int, Canteen]) -> None:
    canteen = next(iter(canteens.values()))
    async with ledger.acquire() as connection:
        for day, where in ((TODAY, Destination.FEED), (TODAY + timedelta(days=30), Destination.BIOGAS)):
            await declare_destinations(connection, canteen, "k", day, [where, where])
        with refused("materials.declared_backwards"):
            await declare_destinations(connection, canteen, "k", TODAY - timedelta(days=1), [Destination.FEED])
    declared = await declared_destinations(ledger, canteen)
    assert [(one.valid_from, one.destinations) for one in declared] == [
        (TODAY + timedelta(days=30), ["biogas"]), (TODAY, ["feed"]),
    ]  # fmt: skip


async def test_a_cause_is_kept_and_spoilage_is_measured_against_what_came(
    ledger: Pool, canteens: dict[int, Canteen]
) -> None:
    number = CanteenId(next(iter(canteens)))
    await record(ledger, canteens, purchase(number, 90_000), purchase(number, 60_000, item="pork"))
    weigh_ins = [
        WeighIn(uuid4(), number, TODAY, Meal.LUNCH, Stream.PREPARATION, grams, food="pork", cause=cause)
        for grams, cause in ((4_000, Cause.SPOILAGE), (9_000, Cause.TRIMMING), (1_000, None))
    ]
    async with ledger.acquire() as connection, connection.transaction():
        await record_weigh_ins(connection, canteens, "k", Source.PERSON, weigh_ins)
        again = await record_weigh_ins(connection, canteens, "k", Source.PERSON, weigh_ins)
        assert again.new == 0
        await correct_weigh_ins(connection, canteens, "k", [Correction(uuid4(), weigh_ins[0].weigh_in_id, 3_000)])
    found = (await storage_losses(ledger, [number], TODAY, TODAY))[number]
    assert (found.spoiled_g, found.received_g) == (3_000, 150_000), "the correction keeps the cause"
    assert storage_loss(found.spoiled_g, found.received_g) == 0.02


async def test_storage_loss_is_known_where_each_month_has_purchases_and_the_balance_holds(
    ledger: Pool, canteens: dict[int, Canteen], as_superuser: AsSuperuser
) -> None:
    """Of two canteens with purchases of 300 kg and 9 kg spoiled, one bought nothing in a month."""
    quarter = quarter_before(TODAY)
    first, last = quarter_of(quarter)
    months = [first, (first + timedelta(days=31)).replace(day=1), last.replace(day=1)]
    whole, broken = [CanteenId(number) for number in list(canteens)[:2]]
    for number, bought in ((whole, months), (broken, months[:2])):
        for day in bought:
            as_superuser(
                "INSERT INTO material_entry (book, entry_id, canteen_id, kind, on_day, item, weight_g, cost_fen,"
                " source, recorded_by, recorded_at)"
                " VALUES (%s, %s, %s, 'purchase', %s, 'rice', 100000, 50000, 'person', 'k', now())",
                canteens[number].book, uuid4(), number, day,
            )  # fmt: skip
        as_superuser(
            "INSERT INTO weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, source, cause,"
            " implausible, recorded_by, recorded_at)"
            " VALUES (%s, %s, %s, %s, 'lunch', 'preparation', 9000, 'person', 'spoilage', false, 'k', now())",
            canteens[number].book, uuid4(), number, first,
        )  # fmt: skip

    async def scored() -> dict[int, dict[str, float]]:
        kitchens = await kitchens_in(ledger, first, last, [whole, broken])
        return {
            one.kitchen.canteen_id: dict(one.known.from_ledger)
            for one in await inputs_of(ledger, quarter, kitchens, TODAY)
        }

    assert await scored() == {whole: {"B3": pytest.approx(0.03)}, broken: {}}
    async with ledger.acquire() as connection, connection.transaction():
        flag = FoundFlag(Book(canteens[whole].book), whole, first, last, 0.5)
        await replace_flags(connection, "mass_balance", [whole], (first, last), [flag])
    assert await scored() == {whole: {}, broken: {}}


async def a_month(
    as_superuser: AsSuperuser,
    canteen: Canteen,
    grams: dict[str, int | None],
    first: date = MONTH,
    serving: str = "buffet",
) -> None:
    """A canteen's working days of a month: 100 lunches each, with the same weights."""
    names = ("preparation", "unserved", "plate", "inedible", "prepared")
    columns = ", ".join(f"{name}_g" for name in names)
    days = "generate_series(%s::date, %s::date + interval '1 month' - interval '1 day', interval '1 day') d"
    key = canteen.book, canteen.canteen_id
    as_superuser(
        f"INSERT INTO cover_day (book, canteen_id, business_date, meal, covers, guests)"
        f" SELECT %s, %s, d, 'lunch', 100, 0 FROM {days} WHERE extract(isodow FROM d) < 6", *key, first, first,
    )  # fmt: skip
    as_superuser(
        f"INSERT INTO waste_meal (book, canteen_id, business_date, meal, {columns}, implausible)"
        f" SELECT %s, %s, d, 'lunch', %s, %s, %s, %s, %s, 0 FROM {days} WHERE extract(isodow FROM d) < 6",
        *key, *(grams.get(name) for name in names), first, first,
    )  # fmt: skip
    as_superuser(
        "INSERT INTO kitchen (book, canteen_id, operating, serving) VALUES (%s, %s, 'self_run', 'buffet')"
        " ON CONFLICT DO NOTHING", *key,
    )  # fmt: skip


WEIGHTS: dict[str, int | None] = {
    "preparation": 2_000, "unserved": 3_000, "plate": 5_000, "inedible": 1_000, "prepared": 52_000,
}  # fmt: skip


def working_days(first: date) -> int:
    last = (first + timedelta(days=31)).replace(day=1)
    return sum((first + timedelta(days=n)).isoweekday() < 6 for n in range((last - first).days))


async def flags_after_check(ledger: Pool, canteens: dict[int, Canteen]) -> list[Flag]:
    async with ledger.acquire() as connection, connection.transaction():
        await check_months(connection, TODAY)
    return await flags_of(ledger, list(canteens), MONTH, LAST_DAY)


async def test_prepared_food_against_purchases(
    ledger: Pool, canteens: dict[int, Canteen], as_superuser: AsSuperuser
) -> None:
    """Two kitchens buy the same; one weighs everything at 55 %, and only half of its meals."""
    honest, light = list(canteens.values())[:2]
    await a_month(as_superuser, honest, WEIGHTS)
    await a_month(as_superuser, light, {name: round(0.55 * (grams or 0)) for name, grams in WEIGHTS.items()})
    as_superuser(
        "DELETE FROM waste_meal WHERE canteen_id = %s AND business_date IN (SELECT business_date FROM waste_meal"
        " WHERE canteen_id = %s ORDER BY business_date LIMIT 8)", light.canteen_id, light.canteen_id,
    )  # fmt: skip
    days = working_days(MONTH)
    bought = {"rice": 10_000 * days, "pork": 8_000 * days, "vegetable": 25_000 * days}
    day = LAST_DAY
    for canteen in (honest, light):
        await record(
            ledger,
            canteens,
            *(
                purchase(canteen.canteen_id, grams, item=food, on_day=day, cost_fen=grams)
                for food, grams in bought.items()
            ),
        )
    [flag] = await flags_after_check(ledger, canteens)
    assert (flag.canteen_id, flag.rule, flag.first_day, flag.last_day) == (
        light.canteen_id, "mass_balance", MONTH, LAST_DAY,
    )  # fmt: skip
    assert flag.figure == round(0.55 * 52 * days, 1), "extrapolated to the meals that were not weighed"
    assert flag.usual is not None
    assert flag.figure < flag.usual < 52 * days
    assert len({UUID(row) for row in flag.rows}) == 3
    stock = [
        purchase(light.canteen_id, grams, kind=EntryKind.STOCK, cost_fen=None, item=food, on_day=on)
        for on, part in ((MONTH - timedelta(days=1), 0.0), (LAST_DAY, 0.5))
        if on >= TODAY - KEPT_OPEN
        for food, whole in bought.items()
        for grams in [round(part * whole)]
    ]
    if len(stock) == 6:  # late in a month the one before is closed
        await record(ledger, canteens, *stock)
        assert await flags_after_check(ledger, canteens) == [], "half of it is still in stock"


async def test_the_collector_is_an_outside_check(
    ledger: Pool, canteens: dict[int, Canteen], as_superuser: AsSuperuser
) -> None:
    near, far, given = list(canteens.values())[:3]
    weighed = 11 * working_days(MONTH)
    for canteen in (near, far, given):
        await a_month(as_superuser, canteen, WEIGHTS)
    for canteen, destination, kg in (
        (near, "biogas", 1.2 * weighed), (far, "feed", 2 * weighed), (given, "donation", 3 * weighed),
    ):  # fmt: skip
        ticket = purchase(
            canteen.canteen_id, round(1000 * kg), kind=EntryKind.COLLECTED, item=destination, cost_fen=None,
            on_day=LAST_DAY,
        )  # fmt: skip
        await record(ledger, canteens, ticket)
    [flag] = [flag for flag in await flags_after_check(ledger, canteens) if flag.rule == "collector_differs"]
    assert (flag.canteen_id, flag.rule, flag.figure, flag.usual) == (
        far.canteen_id, "collector_differs", 2.0 * weighed, 1.0 * weighed,
    )  # fmt: skip
    assert flag.rows == [str(ticket_id) for ticket_id in await tickets_of(ledger, far)]


async def tickets_of(ledger: Pool, canteen: Canteen) -> list[UUID]:
    return [one.entry_id for one in await entry_history(ledger, canteen, MONTH, LAST_DAY, EntryKind.COLLECTED)]


async def test_streams_against_like_kitchens_and_ones_own_past(
    ledger: Pool, canteens: dict[int, Canteen], as_superuser: AsSuperuser
) -> None:
    """60 % of the plate waste is declared inedible; then it is not weighed at all."""
    *peers, cheat = list(canteens.values())[:7]
    assert len(peers) == 6, "the demo city has seven canteens"
    for number, canteen in enumerate(peers):
        await a_month(as_superuser, canteen, WEIGHTS | {"plate": 4_800 + 100 * number})
    await a_month(as_superuser, cheat, WEIGHTS | {"plate": 2_000, "inedible": 4_000 + 1_000})
    flags = await flags_after_check(ledger, canteens)
    assert {flag.canteen_id for flag in flags} == {cheat.canteen_id}
    assert {(flag.rule, flag.stream) for flag in flags} == {("stream_share", "plate"), ("stream_share", "inedible")}
    as_superuser("TRUNCATE cover_day, waste_meal, kitchen_flag")
    month = MONTH
    for back in range(8):
        changed = WEIGHTS | ({"plate": 500} if back == 0 else {})
        await a_month(as_superuser, cheat, changed, month)
        month = (month - timedelta(days=1)).replace(day=1)
    [flag] = [flag for flag in await flags_after_check(ledger, canteens) if flag.stream == "plate"]
    assert (flag.rule, flag.figure, flag.usual) == ("stream_share", round(100 * 500 / 6_500, 1), round(500 / 11, 1))


async def test_inedible_parts_beyond_what_food_has(
    ledger: Pool, canteens: dict[int, Canteen], as_superuser: AsSuperuser
) -> None:
    canteen = next(iter(canteens.values()))
    await a_month(as_superuser, canteen, WEIGHTS | {"inedible": 20_000})
    bought = 40_000 * working_days(MONTH)
    await record(ledger, canteens, purchase(canteen.canteen_id, bought, item="rice", on_day=LAST_DAY))
    flags = {flag.meal: flag for flag in await flags_after_check(ledger, canteens) if flag.rule == "inedible_share"}
    assert flags["lunch"].figure == round(100 * 20 / 30, 1)
    assert (flags[""].figure, flags[""].usual) == (50.0, 2.0), "rice has hardly any"


async def test_a_flag_stays_when_what_it_rests_on_is_cancelled(
    ledger: Pool, canteens: dict[int, Canteen], as_superuser: AsSuperuser
) -> None:
    canteen = next(iter(canteens.values()))
    await a_month(as_superuser, canteen, WEIGHTS)
    number = uuid4()
    as_superuser(ENTRY, canteen.book, number, canteen.canteen_id, "collected", LAST_DAY, "feed", 900_000, None)
    [before] = [flag for flag in await flags_after_check(ledger, canteens) if flag.rule == "collector_differs"]
    async with ledger.acquire() as connection, connection.transaction():
        await correct_entries(connection, canteens, "k", [EntryCorrection(uuid4(), number, 0)], approved=True)
    [after] = [flag for flag in await flags_after_check(ledger, canteens) if flag.rule == "collector_differs"]
    assert after == before


async def test_donations_beyond_what_was_cooked_free_food_and_missing_records(
    ledger: Pool, canteens: dict[int, Canteen], as_superuser: AsSuperuser
) -> None:
    keeper, silent = list(canteens.values())[:2]
    for canteen in (keeper, silent):
        await a_month(as_superuser, canteen, WEIGHTS)
    entries: list[tuple[str, str, int, int | None]] = [
        ("collected", "feed", 230_000, None), ("collected", "donation", 5_000_000, None), ("purchase", "rice", 9_000, 0)
    ]  # fmt: skip
    for kind, item, grams, fen in entries:
        as_superuser(ENTRY, keeper.book, uuid4(), keeper.canteen_id, kind, LAST_DAY, item, grams, fen)
    async with ledger.acquire() as connection, connection.transaction():
        await check_months(connection, LAST_DAY + timedelta(days=15))
    found = {(f.canteen_id, f.rule): f for f in await flags_of(ledger, list(canteens), MONTH, LAST_DAY)}
    assert found[keeper.canteen_id, "donated_much"].figure == 5_000.0
    assert found[keeper.canteen_id, "cheap_purchases"].figure == 9.0
    missing = found[silent.canteen_id, "records_missing"]
    assert (missing.figure, missing.usual) == (2, 2)
    assert (keeper.canteen_id, "records_missing") not in found
