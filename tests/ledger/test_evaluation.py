"""Evaluation: points by hand, schemes as data, an interval that says what is not certain, not weighing does not pay."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.problems import Problem
from waste.evaluation.quarters import quarter_before, quarter_of, request_evaluation
from waste.evaluation.routes import quarter_shown
from waste.evaluation.scheme import FOLDER, NotAScheme, Scheme, load_schemes, read_scheme
from waste.evaluation.scoring import Evaluation, Known, Week, evaluate, measured, ranked, share_of_points, total

NINGBO, HANGZHOU = 3302, 3301
DEFAULT = (FOLDER / "default-2026.toml").read_text(encoding="utf-8")
EVIDENCE = {"A1": 1.0, "A2": 0.5, "B3": 1.0, "B4": 1.0, "C1": 1.0, "C2": 1.0}
FACTS = {"cases_in_time": 1.0}

WEEK = Week(
    covers=1_000, meals=5, weighed_meals=5, weighed_covers=1_000, waste_g=75_000, unserved_g=20_000, plate_g=40_000,
    prepared_g=500_000, weigh_ins=15, implausible=0, forecast_off=95, forecast_actual=1_000, booked=50, came=50,
)  # fmt: skip
KNOWN = Known(inspected=EVIDENCE, facts=FACTS)


def evaluated(weeks: list[Week], known: Known = KNOWN, scheme: Scheme | None = None) -> Evaluation:
    return evaluate(scheme or default(), "buffet", "self_run", weeks, known)


def default() -> Scheme:
    return load_schemes().of(NINGBO, date(2026, 7, 1))


def test_the_default_scheme_has_the_fifteen_indicators_of_a_hundred_points() -> None:
    assert len(default().indicator) == 15
    assert sum(indicator.points for indicator in default().indicator) == 100


@pytest.mark.parametrize(
    ("value", "target", "limit", "share"),
    [(40, 40, 110, 1), (110, 40, 110, 0), (75, 40, 110, 0.5), (20, 40, 110, 1), (200, 40, 110, 0),
     (0.95, 0.95, 0.5, 1), (0.5, 0.95, 0.5, 0), (0.725, 0.95, 0.5, 0.5)],
)  # fmt: skip
def test_points_fall_linearly(value: float, target: float, limit: float, share: float) -> None:
    assert share_of_points(value, target, limit) == pytest.approx(share)


@given(a=st.floats(0, 300), b=st.floats(0, 300))
def test_less_waste_never_has_fewer_points(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    assert share_of_points(low, 40, 110) >= share_of_points(high, 40, 110)


def test_a_quarter_by_hand() -> None:
    """75 g a cover is half of E1; 4 % unserved 8/9 of E2; 40 of 480 kg on plates 2/3 of E3; WAPE 9.5 % 0.93 of B1."""
    last_year = total([replace(WEEK, waste_g=80_000)] * 13)
    result = evaluated([WEEK] * 13, replace(KNOWN, last_year=last_year))
    points = {point.code: point.points for point in result.points}
    assert points == {
        "A1": 6, "A2": 3, "B1": round(8 * 0.205 / 0.22, 2), "B2": 4, "B3": 6, "B4": 4, "C1": 6, "C2": 6, "D1": 8,
        "D2": 6, "E1": 7, "E2": round(8 * 8 / 9, 2), "E3": round(8 * 2 / 3, 2), "E4": 2.5, "F1": 6,
    }  # fmt: skip
    assert result.score == round(sum(p for p in points.values() if p is not None), 1)
    assert (result.low, result.high) == (result.score, result.score), "equal weeks leave no doubt"
    assert (result.grade_zh, result.to_verify) == ("良好", False)


def test_what_nothing_can_be_said_of_is_left_out_of_both_sides() -> None:
    weeks = [replace(WEEK, forecast_off=0, forecast_actual=0)] * 13
    result = evaluated(weeks)
    silent = {point.code for point in result.points if point.points is None}
    assert silent == {"B1", "E4"}
    said = sum(point.points for point in result.points if point.points is not None)
    assert result.score == round(100 * said / (100 - 8 - 4), 1)


def test_missing_evidence_leaves_the_grade_to_be_verified() -> None:
    evidence = {code: share for code, share in EVIDENCE.items() if code != "C2"}
    result = evaluated([WEEK] * 13, replace(KNOWN, inspected=evidence))
    assert result.to_verify
    assert [point.code for point in result.points if point.missing] == ["C2"]


def test_where_the_interval_crosses_a_line_the_grade_is_to_be_verified() -> None:
    wild = [replace(WEEK, waste_g=30_000 + 15_000 * n) for n in range(7)]
    result = evaluated(wild, replace(KNOWN, inspected=dict.fromkeys(EVIDENCE, 1.0)))
    assert result.low is not None
    assert result.high is not None
    assert result.score is not None
    assert result.low < result.score < result.high
    assert result.to_verify == (default().grade_of(result.low) != default().grade_of(result.high))
    short = evaluated([WEEK] * 3)
    assert (short.low, short.high, short.to_verify) == (0, 100, True)


def test_not_weighing_does_not_pay() -> None:
    """Weighing only the good days: below 80 % of the meals group E keeps half of its points at most."""
    honest = evaluated([WEEK] * 13)
    picked = replace(WEEK, weighed_meals=3, weighed_covers=600, waste_g=24_000, unserved_g=6_000, plate_g=9_000)
    clever = evaluated([picked] * 13)
    none = replace(WEEK, weighed_meals=0, weighed_covers=0, waste_g=0, unserved_g=0, plate_g=0, prepared_g=0)
    lazy = evaluated([none] * 13)
    assert honest.score is not None
    assert clever.score is not None
    assert lazy.score is not None
    assert honest.score > clever.score > lazy.score
    assert {point.points for point in lazy.points if point.code in ("E1", "E2", "E3")} == {0}
    assert all(point.capped for point in clever.points if point.code.startswith("E"))


def test_a_region_has_other_weights_lines_and_applicability() -> None:
    scheme = load_schemes().of(HANGZHOU, date(2026, 7, 1))
    assert scheme.id == "hangzhou-2026"
    known = Known(inspected={"M1": 1.0})
    buffet = evaluated([WEEK] * 13, known, scheme)
    set_meal = evaluate(scheme, "set_meal", "self_run", [WEEK] * 13, known)
    assert [point.code for point in buffet.points] == ["M1", "M2", "W1", "W2"]
    assert [point.code for point in set_meal.points] == ["M1", "M2", "W1"]
    assert set_meal.score == round(100 * (20 + 20 + 40 * 45 / 70) / 80, 1)
    assert set_meal.grade_zh == "较好"
    with pytest.raises(LookupError):
        load_schemes().of(NINGBO, date(2020, 1, 1))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('code = "A2"', 'code = "A1"', "same code"),
        ('measure = "completeness"', 'measure = "luck"', "luck"),
        ("limit = 110", "limit = 40", "limit"),
        ('group = "E"', 'group = "Z"', "group Z"),
        ("from = 70", "from = 95", "best"),
        ("points = 14", "points = -1", "points"),
        ('evidence = "done ÷ required"', "", "either"),
        ("points = 14", "points = 14\ncolour = 1", "colour"),
    ],
)
def test_a_scheme_with_a_mistake_says_which(old: str, new: str, why: str) -> None:
    assert old in DEFAULT
    with pytest.raises(NotAScheme, match=why):
        read_scheme(DEFAULT.replace(old, new, 1))


def test_like_is_ranked_with_like_and_few_covers_not_at_all() -> None:
    results = [(1, 70.0, 500.0), (2, 90.0, 500.0), (3, 80.0, 500.0), (4, 99.0, 19.0), (5, None, 500.0)]
    assert ranked(results) == [2, 3, 1]


def test_falsified_weights_veto() -> None:
    """Full points, but the last grade, and no doubt about it."""
    result = evaluated([WEEK] * 13, replace(KNOWN, falsified=True))
    assert (result.grade_zh, result.vetoed, result.to_verify) == ("不合格", True, False)


def test_what_an_agency_scores_itself_counts_until_an_inspector_does() -> None:
    """Of six points: half by the agency itself, all by the inspector."""
    inspected = {code: share for code, share in EVIDENCE.items() if code != "A1"}
    known = replace(KNOWN, inspected=inspected, self_scored={"A1": 0.5})
    [own] = [point for point in evaluated([WEEK] * 13, known).points if point.code == "A1"]
    assert (own.points, own.source, own.missing) == (3, "self", False)
    [seen] = [p for p in evaluated([WEEK] * 13, replace(known, inspected=EVIDENCE)).points if p.code == "A1"]
    assert (seen.points, seen.source) == (6, "inspector")


def test_bookings_and_cases_are_measured() -> None:
    """40 of 50 who were booked came: (0.8 - 0.6) / 0.35 of 4 points; 3 of 4 cases in time: half of 6."""
    points = {
        point.code: point.points
        for point in evaluated([replace(WEEK, came=40)] * 13, replace(KNOWN, facts={"cases_in_time": 0.75})).points
    }
    assert points["B2"] == round(4 * 0.2 / 0.35, 2)
    assert points["F1"] == 3
    silent = evaluated([replace(WEEK, booked=0, came=0)] * 13, replace(KNOWN, facts={}))
    assert {p.code for p in silent.points if p.points is None} == {"B2", "E4", "F1"}


def test_measures_of_nothing_say_nothing() -> None:
    for name in ("forecast_wape", "completeness", "credibility", "grams_per_cover", "unserved_share", "plate_share"):
        assert measured(name, Week(), None) is None
    assert measured("less_than_last_year", WEEK, Week()) is None
    assert total([]) == Week()


def test_quarters() -> None:
    assert quarter_of(date(2026, 10, 1)) == (date(2026, 10, 1), date(2026, 12, 31))
    assert quarter_of(date(2026, 1, 1)) == (date(2026, 1, 1), date(2026, 3, 31))


def test_the_quarter_that_was_over_last() -> None:
    assert quarter_before(date(2026, 11, 24)) == date(2026, 7, 1)
    assert quarter_before(date(2026, 2, 1)) == date(2025, 10, 1)


async def test_a_quarter_that_takes_long_says_so(ledger: Pool) -> None:
    first = quarter_before(datetime.now(ZONE).date())
    with pytest.raises(Problem, match="request its evaluation first"):
        await quarter_shown(ledger, first, {})
    async with ledger.acquire() as connection:
        await request_evaluation(connection, first)
    shown = await quarter_shown(ledger, first, {})
    assert (shown.evaluated, shown.frozen, shown.evaluations) == (False, False, [])
