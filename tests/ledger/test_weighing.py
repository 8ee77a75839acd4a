"""Weighings: kept as they came, corrected with their history, summed up exactly, read from files row by row."""

import asyncio
import contextlib
import io
import zipfile
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.models import Canteen
from tests.builders import Network
from waste.weighing.weigh_in_files import UNPACKED_BYTES_MAX, read_weigh_ins
from waste.weighing.weigh_ins import Correction, WeighIn, check_weigh_ins, correct_weigh_ins, record_weigh_ins

TODAY = datetime.now(ZONE).date()
STREAMS = ("preparation", "unserved", "plate", "inedible", "prepared")


async def canteens_in(ledger: Pool) -> dict[int, Canteen]:
    """The canteens, with the demo city's past forgotten."""
    await ledger.execute("TRUNCATE weigh_in, waste_meal, cover_day, kitchen, kitchen_month")
    rows = await ledger.fetch("SELECT * FROM canteen ORDER BY canteen_id")
    return {row["canteen_id"]: Canteen(**dict(row)) for row in rows}


def weigh_in(canteen_id: int, grams: int = 1_000, **changes: Any) -> WeighIn:
    made: dict[str, Any] = {"meal": "lunch", "stream": "plate", "business_date": TODAY} | changes
    return WeighIn(weigh_in_id=uuid4(), canteen_id=canteen_id, weight_g=grams, **made)


ACTION = st.one_of(
    st.tuples(st.just("weigh"), st.integers(0, 2), st.sampled_from(STREAMS), st.integers(1, 50_000)),
    st.tuples(st.just("repeat"), st.integers(0, 99), st.none(), st.none()),
    st.tuples(st.just("correct"), st.integers(0, 99), st.none(), st.integers(0, 50_000)),
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

    async def act(kind: str, which: int, stream: str | None, grams: int | None) -> None:
        match kind:
            case "weigh":
                made = weigh_in(numbers[which], grams or 1, stream=stream, food=(None, "beef")[(grams or 1) % 2])
                done.append(made)
                await record_weigh_ins(ledger, canteens, "k", "person", [made])
            case "repeat" if done:
                await record_weigh_ins(ledger, canteens, "k", "person", [done[which % len(done)]])
            case "correct" if done:
                target = done[which % len(done)]
                number = uuid4()
                await correct_weigh_ins(ledger, canteens, "k", [Correction(number, target.weigh_in_id, grams or 0)])

    for burst in bursts:
        outcomes = await asyncio.gather(*(act(*one) for one in burst), return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, Problem) for outcome in outcomes), outcomes
    raw = await ledger.fetch(
        "SELECT canteen_id, business_date, meal, stream, sum(weight_g)::bigint AS g, sum(implausible::int) AS odd,"
        " sum(weight_g * CASE food WHEN 'beef' THEN 33300 ELSE 3000 END / 1000)::bigint AS co2e"
        " FROM weigh_in w WHERE NOT EXISTS (SELECT FROM weigh_in r WHERE r.book = w.book AND r.replaces ="
        " w.weigh_in_id) GROUP BY 1, 2, 3, 4"
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
    assert found == expected
    assert sum(row["implausible"] for row in kept) == sum(row["odd"] for row in raw)
    assert sum(row["co2e_g"] for row in kept) == sum(row["co2e"] for row in raw if row["stream"] in STREAMS[:3])


async def test_a_weight_far_from_the_usual_is_marked_and_counts(ledger: Pool) -> None:
    """By hand: ten lunches of 9 to 11 kg have a median of 10; 21 kg is over twice that, 15 kg is not."""
    canteens = await canteens_in(ledger)
    canteen_id = next(iter(canteens))
    usual = [
        weigh_in(canteen_id, 10_000 + 100 * n, business_date=TODAY - timedelta(days=n + 11)) for n in range(-10, 10)
    ]
    assert (await record_weigh_ins(ledger, canteens, "k", "scale", usual)).implausible == []
    odd, fair = weigh_in(canteen_id, 21_000), weigh_in(canteen_id, 15_000)
    typo = weigh_in(canteen_id, 10)
    done = await record_weigh_ins(ledger, canteens, "k", "person", [odd, fair, typo])
    assert set(done.implausible) == {odd.weigh_in_id, typo.weigh_in_id}
    row = await ledger.fetchrow("SELECT plate_g, implausible FROM waste_meal WHERE business_date = $1", TODAY)
    assert row is not None
    assert tuple(row) == (21_000 + 15_000 + 10, 2)
    await correct_weigh_ins(ledger, canteens, "k", [Correction(uuid4(), typo.weigh_in_id, 10_000)])
    row = await ledger.fetchrow("SELECT plate_g, implausible FROM waste_meal WHERE business_date = $1", TODAY)
    assert row is not None
    assert tuple(row) == (21_000 + 15_000 + 10_000, 1)


async def refused(awaitable: Any) -> str:
    with pytest.raises(Problem) as problem:
        await awaitable
    return problem.value.kind.slug


async def test_a_weighing_is_corrected_once_and_not_after_its_quarter(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    first, *_ = canteens
    made, old = weigh_in(first), weigh_in(first, business_date=TODAY - timedelta(days=93))
    await record_weigh_ins(ledger, canteens, "k", "person", [made, old])
    await correct_weigh_ins(ledger, canteens, "k", [Correction(uuid4(), made.weigh_in_id, 7)])

    async def correct(number: UUID) -> None:
        await correct_weigh_ins(ledger, canteens, "k", [Correction(uuid4(), number, 9)])

    assert await refused(correct(made.weigh_in_id)) == "conflict"
    assert await refused(correct(old.weigh_in_id)) == "invalid"
    assert await refused(correct(uuid4())) == "not-found"
    others = {number: canteen for number, canteen in canteens.items() if number != first}
    assert (
        await refused(correct_weigh_ins(ledger, others, "k", [Correction(uuid4(), made.weigh_in_id, 9)])) == "not-found"
    )
    with pytest.raises(Problem):
        check_weigh_ins(canteens, [weigh_in(first, business_date=TODAY - timedelta(days=15))])


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


def test_every_wrong_row_is_named() -> None:
    good = ["2026-11-20", "7", "lunch", "plate", "1", ""]
    wrong = [
        ["30.2.2026", *good[1:]], [good[0], "8", *good[2:]], [*good[:2], "brunch", *good[3:]],
        [*good[:3], "soup", *good[4:]], [*good[:4], "-1", ""], [*good[:4], "1e9", ""], [*good[:4], "NaN", ""],
        [*good[:4], "0.0001", ""], [*good[:5], "x" * 61], good[:2], [*good[:6], "石头"],
    ]  # fmt: skip
    content = "\n".join(",".join(row) for row in [HEADER, good, *wrong]).encode()
    with pytest.raises(Problem) as problem:
        read_weigh_ins(content, CANTEENS, FOODS)
    for line in range(3, 3 + len(wrong)):
        assert f"line {line}: " in problem.value.detail
    assert "line 2: " not in problem.value.detail


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff\xfe\x00", b"a,b\n1,2", ",".join(HEADER).encode()])
def test_what_is_no_file_of_weighings(content: bytes) -> None:
    with pytest.raises(Problem):
        read_weigh_ins(content, CANTEENS, FOODS)


def test_a_workbook_cannot_ask_for_more_than_a_file_has() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write(1_048_575, 16_383, "the last cell there can be")
    with pytest.raises(Problem, match=r"at most 5000 rows|no rows"):
        read_weigh_ins(content.getvalue(), CANTEENS, FOODS)
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
