"""Weigh-ins: kept as they came, corrected with their history, summed up exactly, read from files row by row."""

import asyncio
import base64
import contextlib
import io
import time
import zipfile
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import psycopg
import pytest
import urllib3
import xlsxwriter
from alembic import command
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.postgres import Pool
from foundation.problems import Problem
from foundation.table_files import COLUMNS_MAX, UNPACKED_BYTES_MAX, WrongFile
from onecard.migrate import alembic_config, migrate, role_of
from registry.approvals import NeedsApproval
from registry.identifiers import CanteenId
from registry.meals import Meal
from registry.models import Canteen
from tests.builders import Network
from tests.closed_days import KEYS
from tests.cluster import goes_back
from tests.running_system import Person
from waste.measures.streams import Stream
from waste.weighing.schemas import Correction, Recorded, Source
from waste.weighing.weigh_in_files import read_weigh_ins
from waste.weighing.weigh_ins import WeighIn, check_weigh_ins, closed_on, correct_weigh_ins, record_weigh_ins

TODAY = datetime.now(ZONE).date()
STREAMS = (Stream.PREPARATION, Stream.UNSERVED, Stream.PLATE, Stream.INEDIBLE, Stream.PREPARED)


async def canteens_in(ledger: Pool) -> dict[int, Canteen]:
    """The canteens, with the demo city's past forgotten."""
    superuser = make_conninfo(ledger._connect_args[0], user="postgres")  # type: ignore[attr-defined]
    with psycopg.connect(superuser) as db:
        db.execute("TRUNCATE weigh_in, waste_meal, cover_day, kitchen, kitchen_month")
    rows = await ledger.fetch("SELECT * FROM canteen ORDER BY canteen_id")
    return {row["canteen_id"]: Canteen(**dict(row)) for row in rows}


def weigh_in(canteen_id: int, grams: int = 1_000, **changes: Any) -> WeighIn:
    made: dict[str, Any] = {"meal": Meal.LUNCH, "stream": Stream.PLATE, "business_date": TODAY} | changes
    return WeighIn(weigh_in_id=uuid4(), canteen_id=CanteenId(canteen_id), weight_g=grams, **made)


async def record(
    ledger: Pool, canteens: dict[int, Canteen], weigh_ins: list[WeighIn], source: Source = Source.PERSON
) -> Recorded:
    async with ledger.acquire() as connection, connection.transaction():
        return await record_weigh_ins(connection, canteens, "k", source, weigh_ins)


def correction(of: WeighIn, grams: int | None, **changes: Any) -> Correction:
    """A new weight, or none to take it back."""
    return Correction(uuid4(), of.weigh_in_id, grams, grams is None, grams == 0, **changes)


async def correct(
    ledger: Pool, canteens: dict[int, Canteen], corrections: list[Correction], *, approved: bool = False
) -> Recorded:
    async with ledger.acquire() as connection, connection.transaction():
        return await correct_weigh_ins(connection, canteens, "k", corrections, approved=approved)


ACTION = st.one_of(
    st.tuples(st.just("weigh"), st.integers(0, 2), st.sampled_from(STREAMS), st.integers(1, 50_000)),
    st.tuples(st.just("repeat"), st.integers(0, 99), st.none(), st.none()),
    st.tuples(st.just("correct"), st.integers(0, 99), st.none(), st.none() | st.integers(0, 50_000)),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bursts=st.lists(st.lists(ACTION, min_size=1, max_size=6), min_size=1, max_size=8))
async def test_the_sums_of_meals_are_the_sums_of_their_weighings(
    ledger: Pool, bursts: list[list[tuple[Any, ...]]]
) -> None:
    """Whatever is weighed, repeated and corrected, also at the same time."""
    canteens = await canteens_in(ledger)
    numbers = list(canteens)
    done: list[WeighIn] = []

    async def act(kind: str, which: int, stream: Stream | None, grams: int | None) -> None:
        match kind:
            case "weigh":
                made = weigh_in(numbers[which], grams or 1, stream=stream, food=(None, "beef")[(grams or 1) % 2])
                done.append(made)
                await record(ledger, canteens, [made])
            case "repeat" if done:
                await record(ledger, canteens, [done[which % len(done)]])
            case "correct" if done:
                target = done[which % len(done)]
                await correct(ledger, canteens, [correction(target, grams)])

    for burst in bursts:
        outcomes = await asyncio.gather(*(act(*one) for one in burst), return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, Problem) for outcome in outcomes), outcomes
    raw = await ledger.fetch(
        "SELECT canteen_id, business_date, meal, stream, sum(weight_g)::bigint AS g,"
        " sum(weight_g * CASE food WHEN 'beef' THEN 33300 ELSE 3000 END / 1000)::bigint AS co2e"
        " FROM weigh_in w WHERE NOT EXISTS (SELECT FROM weigh_in r WHERE r.book = w.book AND r.replaces ="
        " w.weigh_in_id) AND weight_g IS NOT NULL GROUP BY 1, 2, 3, 4"
    )
    expected: dict[Any, dict[str, int]] = defaultdict(dict)
    for row in raw:
        expected[row["canteen_id"], row["business_date"], row["meal"]][row["stream"]] = row["g"]
    kept = await ledger.fetch("SELECT * FROM waste_meal")
    found = {
        (row["canteen_id"], row["business_date"], row["meal"]): {
            stream: row[f"{stream}_g"] for stream in STREAMS if row[f"{stream}_g"] is not None
        }
        for row in kept
    }
    assert {meal: streams for meal, streams in found.items() if streams} == expected
    assert sum(row["corrected"] for row in kept) == await ledger.fetchval("SELECT count(replaces) FROM weigh_in")
    assert sum(row["co2e_g"] for row in kept) == sum(row["co2e"] for row in raw if row["stream"] in STREAMS[:3])


async def test_a_slip_of_the_hand_is_told_at_once_and_counts(ledger: Pool) -> None:
    """By hand: after ten lunches of 9 to 11 kg, over 54.5 kg and below 180 g are slips; a doubling is not."""
    canteens = await canteens_in(ledger)
    canteen_id = next(iter(canteens))
    usual = [
        weigh_in(canteen_id, 10_000 + 100 * n, business_date=TODAY - timedelta(days=n + 11)) for n in range(-10, 10)
    ]
    assert (await record(ledger, canteens, usual, Source.SCALE)).implausible == []
    odd, fair = weigh_in(canteen_id, 110_000), weigh_in(canteen_id, 21_000)
    typo = weigh_in(canteen_id, 10)
    done = await record(ledger, canteens, [odd, fair, typo])
    assert set(done.implausible) == {odd.weigh_in_id, typo.weigh_in_id}
    assert await ledger.fetchval("SELECT plate_g FROM waste_meal WHERE business_date = $1", TODAY) == 131_010


async def refused(awaitable: Any) -> str:
    with pytest.raises(Problem) as problem:
        await awaitable
    return problem.value.kind.slug


async def test_a_weighing_is_corrected_once(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    first, *_ = canteens
    made = weigh_in(first)
    await record(ledger, canteens, [made])
    await correct(ledger, canteens, [correction(made, 7)])
    assert await refused(correct(ledger, canteens, [correction(made, 9)])) == "conflict"
    assert await refused(correct(ledger, canteens, [correction(weigh_in(first), 9)])) == "not-found"
    others = {number: canteen for number, canteen in canteens.items() if number != first}
    assert await refused(correct(ledger, others, [correction(made, 9)])) == "not-found"
    with pytest.raises(Problem):
        check_weigh_ins(canteens, [weigh_in(first, business_date=TODAY - timedelta(days=15))])


async def test_after_a_fortnight_a_second_person_corrects_and_after_the_quarter_nobody(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    number = next(iter(canteens))
    fresh, late = (weigh_in(number, business_date=TODAY - timedelta(days=days)) for days in (14, 15))
    old = weigh_in(number, business_date=TODAY - timedelta(days=114))
    await record(ledger, canteens, [fresh, late, old])
    await correct(ledger, canteens, [correction(fresh, 7)])
    if closed_on(late.business_date) >= TODAY:
        with pytest.raises(NeedsApproval):
            await correct(ledger, canteens, [correction(late, 7)])
        assert await ledger.fetchval("SELECT count(*) FROM weigh_in WHERE replaces = $1", late.weigh_in_id) == 0
        wanted = correction(late, 7)
        await correct(ledger, canteens, [wanted], approved=True)
        assert (await correct(ledger, canteens, [wanted])).new == 0, "the maker's repeat after the approval"
    for approved in (False, True):
        assert await refused(correct(ledger, canteens, [correction(old, 7)], approved=approved)) == "invalid"


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 1, 1), date(2026, 4, 20)), (date(2026, 6, 30), date(2026, 7, 20)),
        (date(2026, 7, 1), date(2026, 10, 20)), (date(2026, 12, 31), date(2027, 1, 20)),
    ],
)  # fmt: skip
def test_weights_close_twenty_days_after_their_quarter(day: date, last: date) -> None:
    assert closed_on(day) == last


async def test_what_was_taken_back_is_unknown_and_a_zero_is_a_zero(ledger: Pool) -> None:
    """A meal with a stream taken back is not weighed; one of which nothing was left on the plates is."""
    canteens = await canteens_in(ledger)
    number = next(iter(canteens))
    book = canteens[number].book
    streams = [weigh_in(number, 1_000, stream=stream) for stream in STREAMS[:3]]
    await record(ledger, canteens, streams)
    await ledger.execute("INSERT INTO cover_day VALUES ($1, $2, $3, 'lunch', 50, 0)", book, number, TODAY)

    async def measured() -> tuple[Any, ...]:
        row = await ledger.fetchrow("SELECT weighed, streams, plate_g, waste_g, corrected FROM measured_meal")
        assert row is not None
        return tuple(row)

    assert await measured() == (True, 3, 1_000, 3_000, 0)
    taken_back = correction(streams[2], None)
    await correct(ledger, canteens, [taken_back])
    assert await measured() == (False, 2, None, None, 1)
    again = Correction(uuid4(), taken_back.weigh_in_id, 0, nothing_wasted=True)
    await correct(ledger, canteens, [again])
    assert await measured() == (True, 3, 0, 2_000, 2)
    month = await ledger.fetchrow("SELECT weighed_meals, waste_g, corrected FROM kitchen_month")
    assert month is not None
    assert tuple(month) == (1, 2_000, 2)


@goes_back
async def test_a_weight_that_an_earlier_release_canceled_is_taken_back(
    ledger: Pool, owner_url: str, database_url: str
) -> None:
    """It corrected to 0 g to cancel, and counted that as a meal without this waste."""
    canteens = await canteens_in(ledger)
    number = next(iter(canteens))
    book = canteens[number].book
    streams = [weigh_in(number, 1_000, stream=stream) for stream in STREAMS[:3]]
    await record(ledger, canteens, streams)
    config = alembic_config(owner_url, KEYS.audit_key)
    before = ScriptDirectory.from_config(config).get_revision("0031").down_revision
    await ledger.execute("UPDATE console_user SET role = 'supervisor' WHERE role = 'auditor'")
    await asyncio.to_thread(command.downgrade, config, str(before))
    await ledger.execute("INSERT INTO cover_day VALUES ($1, $2, $3, 'lunch', 50, 0)", book, number, TODAY)
    await ledger.execute(
        "INSERT INTO weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, replaces,"
        " recorded_by, recorded_at) VALUES ($1, $2, $3, $4, 'lunch', 'plate', 0, $5, 'k', now())",
        book, uuid4(), number, TODAY, streams[2].weigh_in_id,
    )  # fmt: skip
    await ledger.execute("UPDATE waste_meal SET plate_g = 0")
    await ledger.execute("UPDATE kitchen_month SET covers = 50, weighed_meals = 1, weighed_covers = 50, waste_g = 2000")
    await asyncio.to_thread(migrate, owner_url, role_of(database_url), KEYS.audit_key)
    assert await ledger.fetchval("SELECT weight_g FROM weigh_in WHERE replaces IS NOT NULL") is None
    meal = await ledger.fetchrow("SELECT plate_g, unserved_g, corrected, weighed FROM measured_meal")
    month = await ledger.fetchrow("SELECT weighed_meals, weighed_covers, waste_g, corrected FROM kitchen_month")
    assert meal is not None
    assert month is not None
    assert tuple(meal) == (None, 1_000, 1, False)
    assert tuple(month) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    "said",
    [
        {"weight_g": None}, {"weight_g": 5, "withdraw": True}, {"weight_g": 0}, {"weight_g": 5, "nothing_wasted": True},
        {"withdraw": True, "nothing_wasted": True},
    ],
)  # fmt: skip
async def test_a_correction_says_what_it_means(ledger: Pool, said: dict[str, Any]) -> None:
    canteens = await canteens_in(ledger)
    made = weigh_in(next(iter(canteens)))
    await record(ledger, canteens, [made])
    wrong = Correction(uuid4(), made.weigh_in_id, **said)
    assert await refused(correct(ledger, canteens, [wrong])) == "invalid"


async def test_nothing_prepared_is_no_weight(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    made = weigh_in(next(iter(canteens)), stream=Stream.PREPARED)
    await record(ledger, canteens, [made])
    assert await refused(correct(ledger, canteens, [correction(made, 0)])) == "invalid"
    await correct(ledger, canteens, [correction(made, None)])


CANTEENS = {7: Canteen(book=1, canteen_id=7, agency_id=3, account_id=1, name_zh="一食堂", name_en="First")}


def workbook(*rows: list[Any]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return content.getvalue()


FOODS = {"pork": "pork", "猪肉": "pork"}
HEADER = ["日期", "食堂", "餐次", "类别", "重量(kg)", "菜品", "食物"]


def test_the_same_rows_from_every_kind_of_file() -> None:
    rows = [
        ["2026-11-20", "一食堂", "午餐", "餐盘", "12.5", "红烧肉", "猪肉"],
        ["2026/11/21", "7", "dinner", "prepared", "80", "", ""],
    ]
    text = "\n".join(",".join(row) for row in [HEADER, *rows])
    made = [workbook(HEADER, [date(2026, 11, 20), "一食堂", "午餐", "餐盘", 12.5, "红烧肉", "pork"],
                     [date(2026, 11, 21), 7, "dinner", "prepared", 80]),
            text.encode("utf-8-sig"), text.encode("gb18030")]  # fmt: skip
    for content in made:
        found = read_weigh_ins(content, CANTEENS, FOODS)
        assert [(w.business_date.day, w.canteen_id, w.meal, w.stream, w.weight_g, w.dish, w.food) for w in found] == [
            (20, 7, "lunch", "plate", 12_500, "红烧肉", "pork"), (21, 7, "dinner", "prepared", 80_000, None, None),
        ]  # fmt: skip
        assert [w.weigh_in_id for w in read_weigh_ins(content, CANTEENS, FOODS)] == [w.weigh_in_id for w in found]


def rows_of(*lines: list[str]) -> bytes:
    return "\n".join(",".join(line) for line in lines).encode()


GOOD = ["2026-11-20", "7", "lunch", "plate", "1"]


@pytest.mark.parametrize(
    "header",
    [
        ["日期", "食堂", "餐次", "称重类别", "重量（公斤）", "菜品", "食物种类"],
        ["日期", "食堂", "餐次", "类别", "公斤", "菜品", "食物"],
        ["日期", "食堂", "餐次", "类别", "重量（kg）", "菜品", "食物"],
        ["营业日期", "食堂编号", "餐次", "称重类别", "重量", "菜品（可不填）", "食物种类（可不填）"],
        ["Date", "Canteen", "Meal", "Stream", "Weight (kg)", "Dish", "Kind of food"],
        ["Date", "Canteen number", "Meal", "Stream", "Weight", "Dish (optional)", "Kind of food (optional)"],
        ["date", "canteen", "meal", "stream", "weight_kg", "dish", "food"],
    ],
)
def test_every_column_name_that_we_print_is_read(header: list[str]) -> None:
    [found] = read_weigh_ins(rows_of(header, [*GOOD, "红烧肉（小份）", "猪肉"]), CANTEENS, FOODS)
    assert (found.stream, found.weight_g, found.dish, found.food) == ("plate", 1_000, "红烧肉（小份）", "pork")


@pytest.mark.parametrize(
    ("place", "cell", "name", "value"),
    [
        (0, "2026年11月20日", "business_date", date(2026, 11, 20)),
        (0, "2026/11/2", "business_date", date(2026, 11, 2)),
        (0, "２０２６－１１－２０", "business_date", date(2026, 11, 20)),
        (1, "一食堂", "canteen_id", 7), (1, "first", "canteen_id", 7),
        (2, "早餐", "meal", "breakfast"), (2, "中餐", "meal", "lunch"), (2, "Dinner", "meal", "dinner"),
        (3, "餐盘剩余", "stream", "plate"), (3, "备餐剩余（未取用）", "stream", "unserved"),
        (3, "备餐剩余(未取用)", "stream", "unserved"), (3, "未售剩余", "stream", "unserved"),
        (3, "未售", "stream", "unserved"),
        (3, "加工损耗", "stream", "preparation"), (3, "不可食部分", "stream", "inedible"),
        (3, "备餐总量", "stream", "prepared"),
        (3, "Plate waste", "stream", "plate"), (3, "Surplus (not taken)", "stream", "unserved"),
        (4, '"1,000.00"', "weight_g", 1_000_000), (4, "12.5公斤", "weight_g", 12_500),
        (4, "12.5 kg", "weight_g", 12_500),
        (4, "１２．５", "weight_g", 12_500),
        (4, "无", "weight_g", 0), (4, "None", "weight_g", 0),
    ],
)  # fmt: skip
def test_every_word_that_we_print_is_read(place: int, cell: str, name: str, value: Any) -> None:
    row = [cell if n == place else good for n, good in enumerate(GOOD)]
    [found] = read_weigh_ins(rows_of(HEADER[:5], row), CANTEENS, FOODS)
    assert getattr(found, name) == value


@pytest.mark.parametrize(
    ("header", "column", "code"),
    [
        ([*HEADER, "备注"], "备注", "weighing.file.unknown_column"),
        ([*HEADER, "weight_g"], "weight_g", "weighing.file.unknown_column"),
        ([*HEADER, "食物种类"], "食物种类", "table.column_twice"),
        (HEADER[:4], "weight_kg", "table.missing_column"),
    ],
)
def test_a_column_that_would_be_lost_is_refused_by_its_name(header: list[str], column: str, code: str) -> None:
    with pytest.raises(WrongFile) as problem:
        read_weigh_ins(rows_of(header, [*GOOD, "", "", "x"]), CANTEENS, FOODS)
    assert [(f.line, f.column, f.code) for f in problem.value.findings] == [(1, column, code)]


def test_a_cell_under_no_column_is_refused() -> None:
    for header in (HEADER, [*HEADER, ""]):
        with pytest.raises(WrongFile, match="line 2, 8: the column has no name, but holds 'odd'"):
            read_weigh_ins(rows_of(header, [*GOOD, "", "", "odd"]), CANTEENS, FOODS)


def test_every_wrong_cell_is_named_in_the_language_of_its_reader() -> None:
    good = [*GOOD, ""]
    wrong = [
        ["30.2.2026", *good[1:]], [good[0], "8", *good[2:]], [*good[:2], "brunch", *good[3:]],
        [*good[:3], "soup", *good[4:]], [*good[:4], "-1", ""], [*good[:4], "1e9", ""], [*good[:4], "NaN", ""],
        [*good[:4], "0.0001", ""], [*good[:5], "x" * 61], [*good[:4], ""], [*good[:6], "石头"],
    ]  # fmt: skip
    with pytest.raises(WrongFile) as problem:
        read_weigh_ins(rows_of(HEADER, good, *wrong), CANTEENS, FOODS)
    places = [0, 1, 2, 3, 4, 4, 4, 4, 5, 4, 6]
    assert [(f.line, f.column) for f in problem.value.findings] == [
        (line, HEADER[place]) for line, place in enumerate(places, start=3)
    ]
    chinese, english = (problem.value.detail(language) for language in Language)
    assert chinese.startswith("文件有11处错误，未作任何变动。第3行“日期”：“30.2.2026”不是日期")
    assert "；第5行“餐次”：“brunch”不是餐次，应为早餐、午餐或晚餐；" in chinese
    assert "line 5, 餐次: 'brunch' is not a meal: breakfast, lunch or dinner; line 6" in english
    findings = problem.value.document(Language.CHINESE)["findings"]
    assert isinstance(findings, list)
    first = findings[0]
    assert (first["line"], first["code"], first["params"]) == (3, "table.not_a_date", {"value": "30.2.2026"})


@pytest.mark.parametrize(
    ("stream", "weight", "code"),
    [("plate", "0", "zero_weight"), ("plate", "0.000公斤", "zero_weight"), ("prepared", "无", "nothing_prepared")],
)
def test_a_zero_in_a_file_is_a_word(stream: str, weight: str, code: str) -> None:
    """In many sheets the figure stands where nobody weighed."""
    with pytest.raises(WrongFile) as problem:
        read_weigh_ins(rows_of(HEADER[:5], [*GOOD[:3], stream, weight]), CANTEENS, FOODS)
    assert [(f.line, f.column, f.code) for f in problem.value.findings] == [(2, HEADER[4], f"weighing.file.{code}")]


def test_of_many_wrong_cells_the_first_are_shown() -> None:
    with pytest.raises(WrongFile) as problem:
        read_weigh_ins(rows_of(HEADER, *[[*GOOD[:2], "x", *GOOD[3:]]] * 25), CANTEENS, FOODS)
    assert problem.value.detail(Language.ENGLISH).endswith("; and 5 more")
    assert problem.value.detail(Language.CHINESE).endswith("；另有5处错误")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\xff\xfe\x00", b"a,b\n1,2", ",".join(HEADER).encode(), b"x" * 200_000]
)
def test_what_is_no_file_of_weighings(content: bytes) -> None:
    with pytest.raises(Problem):
        read_weigh_ins(content, CANTEENS, FOODS)


def with_sheet(sheet: bytes) -> bytes:
    """A workbook with this XML as its first sheet."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(HEADER))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new,
    ):
        for part in old.infolist():
            new.writestr(part.filename, sheet if part.filename == "xl/worksheets/sheet1.xml" else old.read(part))
    return made.getvalue()


@pytest.mark.parametrize(
    "rows",
    [
        b"".join(b'<row r="%d"><c r="XFD%d" s="0"/></row>' % (n, n) for n in range(1, 5_000)),
        (b"<row>" + b"<c/>" * 1_000 + b"</row>") * 4_900,
    ],
    ids=["blank cells at the far right", "millions of cells"],
)
def test_a_small_workbook_cannot_cost_much_time(rows: bytes) -> None:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    content = with_sheet(b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (space, rows))
    assert len(content) < 40_000
    before = time.process_time()
    with pytest.raises(Problem):
        read_weigh_ins(content, CANTEENS, FOODS)
    assert time.process_time() - before < 8, "of the processor's time: it was 20 s and more"


def test_a_workbook_cannot_ask_for_more_than_a_file_has() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write(1_048_575, 16_383, "the last cell there can be")
    with pytest.raises(Problem, match=r"at most 5000 rows|no weigh-ins"):
        read_weigh_ins(content.getvalue(), CANTEENS, FOODS)
    with pytest.raises(Problem, match="at most 50 columns"):
        read_weigh_ins(workbook([*HEADER, *[""] * COLUMNS_MAX, "far"]), CANTEENS, FOODS)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(UNPACKED_BYTES_MAX + 1))
    with pytest.raises(Problem, match="unpacks to more"):
        read_weigh_ins(packed.getvalue(), CANTEENS, FOODS)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 5_000), change=st.binary(min_size=1, max_size=8))
def test_a_damaged_workbook_is_read_or_refused(at: int, change: bytes) -> None:
    content = bytearray(workbook(HEADER, ["2026-11-20", "7", "lunch", "plate", "1", ""]))
    content[at : at + len(change)] = change
    with contextlib.suppress(Problem):
        read_weigh_ins(b"PK" + bytes(content[2:]), CANTEENS, FOODS)


def test_weighings_from_file_to_history_over_http(network: Network) -> None:
    kitchen = network.person("kitchen-yuyao")
    canteen_id = network.canteen_id("yuyao")
    day = (TODAY - timedelta(days=3)).isoformat()
    number = str(uuid4())
    message = {"weigh_in_id": number, "canteen_id": canteen_id, "business_date": day, "meal": "lunch",
               "stream": "unserved", "weight_g": 700, "dish": "米饭", "food": "rice"}  # fmt: skip
    kitchen.call("POST", "/waste/weigh-ins", {"weigh_ins": [message]})
    correction = {"weigh_in_id": str(uuid4()), "replaces": number, "weight_g": 650}
    done = kitchen.call("POST", "/waste/corrections", {"corrections": [correction], "reason": "误读"})
    assert (done["received"], done["new"]) == (1, 1)
    rows = kitchen.call("GET", f"/waste/canteens/{canteen_id}/weigh-ins?first={day}&last={day}")
    assert {r["food"] for r in rows if r["dish"] == "米饭"} == {"rice"}, "the correction is of the same food"
    mine = [r for r in rows if number in (r["weigh_in_id"], r["replaces"])]
    assert [(r["weight_g"], r["replaces"], r["replaced_by"]) for r in mine] == [
        (700, None, correction["weigh_in_id"]), (650, number, None),
    ]  # fmt: skip
    other = network.canteen_id("city")
    assert kitchen.ask("GET", f"/waste/canteens/{other}/weigh-ins?first={day}&last={day}").status == 404
    assert kitchen.ask("POST", "/waste/weigh-in-files", {}).status == 400


def test_every_change_has_one_audit_entry_a_refused_one_none(network: Network) -> None:
    """What is repeated and adds nothing has no further entry."""
    kitchen, supervisor, canteen = (
        network.person("kitchen-yuyao"), network.person("supervisor"), network.canteen_id("yuyao"),
    )  # fmt: skip
    day, number = str(TODAY), str(uuid4())
    weighing = {"weigh_in_id": number, "canteen_id": canteen, "business_date": day, "meal": "lunch", "stream": "plate",
                "weight_g": 900}  # fmt: skip
    correction = {"weigh_in_id": str(uuid4()), "replaces": number, "weight_g": 800}
    table = rows_of(HEADER[:5], [day, str(canteen), "午餐", "餐盘剩余", f"{uuid4().int % 900 + 100}"])
    other = network.canteen_id("city")
    food = {"food": "crab", "valid_from": day, "name_zh": "蟹", "name_en": "crab", "co2e_g_per_kg": 1, "source": "x"}
    photo = {"files": [{"name": "a.png", "content": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()}]}
    text = {"files": [{"name": "a.txt", "content": base64.b64encode(b"no picture").decode()}]}
    booking = {"canteen_id": canteen, "business_date": str(TODAY + timedelta(days=1)), "meal": "dinner", "booked": 9}
    run = {"canteen_id": canteen, "operating": "self_run", "serving": "buffet"}
    changes: list[tuple[Person, str, Any, Any, int]] = [
        (kitchen, "/waste/weigh-ins", {"weigh_ins": [weighing]}, {"weigh_ins": [weighing | {"weight_g": 1}]}, 1),
        (kitchen, "/waste/weigh-in-files", table, rows_of(HEADER[:5], GOOD), 1),
        (kitchen, "/waste/corrections", {"corrections": [correction], "reason": "x"},
         {"corrections": [correction | {"weight_g": 1}], "reason": "x"}, 1),
        (kitchen, f"/waste/weigh-ins/{number}/photos", photo, text, 2),
        (kitchen, "/waste/bookings", booking, booking | {"canteen_id": other}, 2),
        (kitchen, "/waste/kitchens", run, run | {"canteen_id": other}, 2),
        (supervisor, "/waste/foods", food, food | {"valid_from": "2020-01-01"}, 1),
    ]  # fmt: skip
    for person, path, good, wrong, entries in changes:
        before = entries_of(network)
        assert send(person, path, good).status < 300, path
        assert len(entries_of(network)) == len(before) + 1, path
        repeated = send(person, path, good).status
        assert repeated < 300 or path == "/waste/foods", path
        assert len(entries_of(network)) == len(before) + entries, path
        assert send(person, path, wrong).status in (400, 404, 409), path
        assert len(entries_of(network)) == len(before) + entries, path


def send(person: Person, path: str, message: Any) -> urllib3.BaseHTTPResponse:
    if not isinstance(message, bytes):
        return person.ask("POST", path, message)
    headers = {"authorization": f"Bearer {person.token}"}
    return urllib3.request("POST", person.url + path, body=message, headers=headers, timeout=60)


def entries_of(network: Network) -> list[int]:
    async def read() -> list[int]:
        connection = await asyncpg.connect(network.system.database_url)
        try:
            return [row["entry"] for row in await connection.fetch("SELECT entry FROM audit_entry ORDER BY entry")]
        finally:
            await connection.close()

    return asyncio.run(read())


async def test_nothing_is_weighed_before_its_business_day(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    first = next(iter(canteens))
    book = canteens[first].book
    open_day = await ledger.fetchval("SELECT business_date FROM book_day WHERE book = $1", book)
    next_day = max(open_day, TODAY) + timedelta(days=1)
    with pytest.raises(Problem) as refused:
        await record(ledger, canteens, [weigh_in(first), weigh_in(first, business_date=next_day)])
    assert refused.value.code == "weighing.date_out_of_range"
    assert await ledger.fetchval("SELECT count(*) FROM weigh_in") == 0, "all, or none"
    await ledger.execute("UPDATE book_day SET business_date = $1 WHERE book = $2", next_day, book)
    assert (await record(ledger, canteens, [weigh_in(first, business_date=next_day)])).new == 1
