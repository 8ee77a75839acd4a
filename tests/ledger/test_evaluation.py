"""Evaluation: points by hand, schemes as data, an interval that says what is not certain, not weighing does not pay."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.meals import Meal
from waste.evaluation.quarters import quarter_before, quarter_of, request_evaluation
from waste.evaluation.routes import quarter_shown
from waste.evaluation.scheme import FOLDER, NotAScheme, Scheme, read_scheme, scheme_for
from waste.evaluation.scoring import (
    Contender,
    Evaluation,
    Known,
    Rank,
    Reopened,
    Reweighed,
    evaluate,
    measured,
    ranks,
    share_of_points,
)
from waste.evaluation.sums import MealRecord, Week, total, weeks_of

NINGBO, HANGZHOU = 3302, 3301
DEFAULT = (FOLDER / "default-2026.toml").read_text(encoding="utf-8")
EVIDENCE = {"A1": 1.0, "A2": 0.5, "B3": 1.0, "B4": 1.0, "C1": 1.0, "C2": 1.0}

WEEK = Week(
    covers=1_000, meals=5, weighed_meals=5, weighed_covers=1_000, waste_g=75_000, lunch_covers=1_000, lunch_g=75_000,
    prepared_meals=5, unserved_g=20_000, plate_g=40_000, prepared_g=500_000, streams=20, marked_streams=0,
    forecast_meals=5, planned_meals=5, cook_for=1_000, off_portions=95, bookings=1, booked=50, came=50,
)  # fmt: skip
KNOWN = Known(inspected=EVIDENCE, cases_due=4, cases_in_time=4)


def evaluated(weeks: list[Week], known: Known = KNOWN, scheme: Scheme | None = None) -> Evaluation:
    return evaluate(scheme or default(), "buffet", "self_run", weeks, known)


def default() -> Scheme:
    return scheme_for(NINGBO, date(2026, 7, 1))


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
    """75 g a cover is half of E1; 4 % unserved 8/9 of E2; 40 of 480 kg on plates 2/3 of E3; 9.5 % off 0.82 of B1."""
    last_year = [replace(WEEK, waste_g=80_000, lunch_g=80_000)] * 13
    result = evaluated([WEEK] * 13, replace(KNOWN, last_year=last_year))
    points = {point.code: point.points for point in result.points}
    assert points == {
        "A1": 6, "A2": 3, "B1": round(8 * 0.205 / 0.25, 2), "B2": 4, "B3": 6, "B4": 4, "C1": 6, "C2": 6, "D1": 8,
        "D2": 6, "E1": 7, "E2": round(8 * 8 / 9, 2), "E3": round(8 * 2 / 3, 2), "E4": 2.5, "F1": 6,
    }  # fmt: skip
    assert result.score == round(sum(p for p in points.values() if p is not None), 1)
    assert result.low is not None
    assert result.high is not None
    assert result.high - result.low < 4, "equal weeks leave the doubt of people's scores"
    assert (result.grade_zh, result.to_verify) == ("良好", False)


def test_what_nothing_can_be_said_of_is_left_out_of_both_sides() -> None:
    weeks = [replace(WEEK, forecast_meals=0, planned_meals=0, off_portions=0, cook_for=0)] * 13
    result = evaluated(weeks)
    silent = {point.code for point in result.points if point.points is None}
    assert silent == {"B1", "E4"}
    said = sum(point.points for point in result.points if point.points is not None)
    assert result.score == round(100 * said / (100 - 8 - 4), 1)


def test_missing_evidence_leaves_the_grade_to_be_verified() -> None:
    evidence = {code: share for code, share in EVIDENCE.items() if code != "C2"}
    result = evaluated([WEEK] * 13, replace(KNOWN, inspected=evidence))
    assert result.to_verify
    assert [(point.code, point.points) for point in result.points if point.missing] == [("C2", 0)]


def test_where_the_interval_crosses_a_line_the_grade_is_to_be_verified() -> None:
    wild = [replace(WEEK, waste_g=30_000 + 15_000 * n, lunch_g=30_000 + 15_000 * n) for n in range(7)]
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
    picked = replace(
        WEEK, weighed_meals=3, weighed_covers=600, waste_g=24_000, lunch_covers=600, lunch_g=24_000, prepared_meals=3,
        unserved_g=6_000, plate_g=9_000, prepared_g=300_000, planned_meals=3,
    )  # fmt: skip
    clever = evaluated([picked] * 13)
    none = Week(covers=1_000, meals=5, forecast_meals=5, bookings=1, booked=50, came=50)
    lazy = evaluated([none] * 13)
    assert honest.score is not None
    assert clever.score is not None
    assert lazy.score is not None
    assert honest.score > clever.score > lazy.score
    assert {point.points for point in lazy.points if point.code in ("B1", "E1", "E2", "E3")} == {0}
    assert all(point.capped for point in clever.points if point.code.startswith("E"))


def test_a_region_has_other_weights_lines_and_applicability() -> None:
    scheme = scheme_for(HANGZHOU, date(2026, 7, 1))
    assert scheme.id == "hangzhou-2026"
    known = Known(inspected={"M1": 1.0})
    buffet = evaluated([WEEK] * 13, known, scheme)
    set_meal = evaluate(scheme, "set_meal", "self_run", [WEEK] * 13, known)
    assert [point.code for point in buffet.points] == ["M1", "M2", "W1", "W2"]
    assert [point.code for point in set_meal.points] == ["M1", "M2", "W1"]
    assert set_meal.score == round(100 * (20 + 20 + 40 * 45 / 70) / 80, 1)
    assert set_meal.grade_zh == "较好"
    with pytest.raises(Problem, match="No evaluation scheme"):
        scheme_for(NINGBO, date(2020, 1, 1))


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


def contender(number: int, score: float | None, covers: float = 500.0, spread: float = 0.0) -> Contender:
    return Contender(number, score, covers, [(score or 0) + spread * (n % 21 - 10) for n in range(210)])


def test_like_is_ranked_with_like_and_few_covers_not_at_all() -> None:
    group = [contender(1, 70.0), contender(2, 90.0), contender(3, 80.0), contender(4, 99.0, covers=19.0),
             contender(5, None), contender(6, 80.0), contender(7, 60.0)]  # fmt: skip
    assert ranks(group) == {
        2: Rank(1, 1, 1, 5), 3: Rank(2, 2, 2, 5), 6: Rank(2, 2, 2, 5), 1: Rank(4, 4, 4, 5), 7: Rank(5, 5, 5, 5),
    }  # fmt: skip
    assert ranks(group[:5]) == {}, "three like canteens are no ranking"


def test_a_rank_has_an_interval() -> None:
    """The draws of the third reach from 70 to 90: from the last place to the first."""
    group = [contender(n, score) for n, score in enumerate([88.0, 84.0, 80.0, 76.0, 72.0])]
    group[2] = contender(2, 80.0, spread=1.0)
    found = ranks(group)
    assert (found[2].low, found[2].place, found[2].high) == (1, 3, 5)
    assert (found[0].low, found[0].high) == (1, 2)


def test_falsified_weights_veto() -> None:
    """Full points, but the last grade, and no doubt about it."""
    result = evaluated([WEEK] * 13, replace(KNOWN, falsified=True))
    assert (result.grade_zh, result.vetoed, result.to_verify) == ("不合格", True, False)


def test_what_an_agency_scores_itself_counts_until_an_inspector_does() -> None:
    """Of six points: half by the agency itself, all by the inspector."""
    inspected = {code: share for code, share in EVIDENCE.items() if code != "A1"}
    known = replace(KNOWN, inspected=inspected, self_scored={"A1": 0.5}, with_file=frozenset({"A1"}))
    [own] = [point for point in evaluated([WEEK] * 13, known).points if point.code == "A1"]
    assert (own.points, own.source, own.missing) == (3, "self", False)
    [seen] = [p for p in evaluated([WEEK] * 13, replace(known, inspected=EVIDENCE)).points if p.code == "A1"]
    assert (seen.points, seen.source) == (6, "inspector")


def test_what_a_ledger_measures_stands_before_the_agencys_own_score_and_behind_the_inspectors() -> None:
    inspected = {code: share for code, share in EVIDENCE.items() if code != "B3"}
    own = replace(KNOWN, inspected=inspected, self_scored={"B3": 1.0}, with_file=frozenset({"B3"}))
    [measured] = [p for p in evaluated([WEEK] * 13, replace(own, from_ledger={"B3": 0.02})).points if p.code == "B3"]
    assert (measured.points, measured.source, measured.missing) == (4.5, "measured", False)
    assert measured.value == 0.02, "the loss, not its share of the points"
    everything = replace(own, inspected=EVIDENCE | {"B3": 0.5}, from_ledger={"B3": 0.02})
    [seen] = [p for p in evaluated([WEEK] * 13, everything).points if p.code == "B3"]
    assert (seen.points, seen.source) == (3, "inspector")


def test_praise_of_oneself_needs_a_file_and_is_capped_and_to_be_verified() -> None:
    praise = dict.fromkeys(EVIDENCE, 1.0)
    bare = evaluated([WEEK] * 13, replace(KNOWN, inspected={}, self_scored=praise))
    shown = evaluated([WEEK] * 13, replace(KNOWN, inspected={}, self_scored=praise, with_file=frozenset(praise)))
    assert {(p.points, p.missing) for p in bare.points if p.code in EVIDENCE} == {(0, True)}
    assert [round(p.points / p.possible, 2) for p in shown.points if p.code in EVIDENCE and p.points] == [0.6] * 6
    assert all(p.capped for p in shown.points if p.code in EVIDENCE)
    assert (bare.to_verify, shown.to_verify) == (True, True)


def test_bookings_and_cases_are_measured() -> None:
    """40 of 50 who were booked came: (0.8 - 0.6) / 0.35 of 4 points; 3 of 4 cases in time: half of 6."""
    points = {
        point.code: point.points
        for point in evaluated([replace(WEEK, came=40)] * 13, replace(KNOWN, cases_in_time=3)).points
    }
    assert points["B2"] == round(4 * 0.2 / 0.35, 2)
    assert points["F1"] == 3
    silent = evaluated([replace(WEEK, bookings=0, booked=0, came=0)] * 13, replace(KNOWN, cases_due=0))
    assert {p.code for p in silent.points if p.points is None} == {"B2", "E4", "F1"}


def test_one_booking_and_one_case_say_nothing() -> None:
    """Nineteen people booked and two cases: left out, and their points are spread over the others."""
    weeks = [replace(WEEK, bookings=5, booked=19, came=19)] + [replace(WEEK, bookings=0, booked=0, came=0)] * 12
    few = evaluated(weeks, replace(KNOWN, cases_due=2, cases_in_time=2))
    assert {p.code for p in few.points if p.points is None} == {"B2", "E4", "F1"}
    said = sum(point.points for point in few.points if point.points is not None)
    assert few.score == round(100 * said / (100 - 4 - 4 - 6), 1)


def test_the_grade_is_that_of_the_published_score() -> None:
    """89.95 is published as 90.0, which is excellent."""
    known = replace(KNOWN, inspected=EVIDENCE | {"A2": 1.0})
    for grams in range(40_000, 110_000, 10):
        week = replace(WEEK, waste_g=grams, lunch_g=grams, off_portions=0, unserved_g=10_000, plate_g=20_000)
        result = evaluate(default(), "buffet", "self_run", [week], known)
        said = [(p.points, p.possible) for p in result.points if p.points is not None]
        exact = 100 * sum(p for p, _ in said) / sum(possible for _, possible in said)
        if 89.95 <= exact < 90:
            assert (result.score, result.grade_zh) == (90.0, "优秀")
            return
    raise AssertionError("no score between 89.95 and 90")


def test_a_breakfast_that_wastes_little_buys_no_grade() -> None:
    """The same lunches, and as many breakfasts of 50 g a cover as one likes: the score hardly moves."""
    lunches = evaluated([WEEK] * 13)
    for covers in (40, 300, 3_000):
        week = replace(
            WEEK, covers=1_000 + covers, weighed_covers=1_000 + covers, waste_g=75_000 + 47 * covers,
            breakfast_covers=covers, breakfast_g=47 * covers,
        )  # fmt: skip
        both = evaluated([week] * 13)
        assert both.score is not None
        assert lunches.score is not None
        assert abs(both.score - lunches.score) < 0.2, covers
    [e1] = [point for point in lunches.points if point.code == "E1"]
    assert e1.value == 75


def test_credibility_is_the_share_of_streams_that_are_not_marked() -> None:
    """Four weighings of one stream, all marked, are one marked stream of five; it is never negative."""
    day = MealRecord(date(2026, 7, 6), Meal.LUNCH, 100, 1_000, 1_000, 1_000, 500, 50_000)
    [week] = weeks_of([replace(day, marked_streams=1)]).values()
    assert (week.streams, week.marked_streams) == (5, 1)
    assert measured("credibility", default(), week, KNOWN) == 0.8
    [worst] = weeks_of([replace(day, marked_streams=9)]).values()
    assert measured("credibility", default(), worst, KNOWN) == 0


def test_marks_above_a_share_cap_the_group_and_leave_the_grade_to_be_verified() -> None:
    honest = evaluated([WEEK] * 13)
    flagged = evaluated([replace(WEEK, waste_g=5, lunch_g=5, unserved_g=1, plate_g=1, marked_streams=20)] * 13)
    assert not honest.to_verify
    assert flagged.to_verify
    assert honest.score is not None
    assert flagged.score is not None
    assert flagged.score < honest.score
    capped = {p.code: p.points for p in flagged.points if p.capped and p.points is not None}
    assert capped == {"E1": 7, "E2": 4, "E3": 4}


def test_prepared_food_that_nobody_weighed_is_a_gap_that_costs() -> None:
    """Unserved and plate waste are of the meals whose prepared food was weighed, and no more."""
    day = MealRecord(date(2026, 7, 6), Meal.LUNCH, 100, 1_000, 2_000, 4_000, 500, 50_000)
    days = [replace(day, business_date=date(2026, 7, 6 + n), prepared_g=None if n == 0 else 50_000) for n in range(6)]
    [week] = weeks_of(days).values()
    assert (week.weighed_meals, week.prepared_meals, week.unserved_g, week.prepared_g) == (6, 5, 10_000, 250_000)
    assert measured("unserved_share", default(), week, KNOWN) == 0.04
    never = replace(WEEK, prepared_meals=0, unserved_g=0, plate_g=0, prepared_g=0, planned_meals=0, cook_for=0)
    points = {p.code: p.points for p in evaluated([never] * 13).points}
    assert (points["B1"], points["E2"], points["E3"]) == (0, 0, 0)


def test_weights_without_covers_and_covers_without_weights_are_gaps() -> None:
    """A phantom meal of one gram does not count per cover, and is a meal that was not weighed rightly."""
    day = MealRecord(date(2026, 7, 6), Meal.LUNCH, 100, 1_000, 2_000, 4_000, 500, 50_000)
    phantom = MealRecord(date(2026, 7, 6), Meal.DINNER, 0, 1, 0, 0)
    silent = MealRecord(date(2026, 7, 7), Meal.LUNCH, 80)
    [week] = weeks_of([day, phantom, silent]).values()
    assert (week.meals, week.weighed_meals, week.weighed_covers, week.waste_g) == (3, 1, 100, 7_000)


def test_a_week_that_straddles_a_quarter_counts_by_its_days() -> None:
    """The quarter begins on a Wednesday: its first week is of that Wednesday and later."""
    day = MealRecord(date(2026, 7, 1), Meal.LUNCH, 100, 1_000, 2_000, 4_000)
    weeks = weeks_of([replace(day, business_date=date(2026, 7, n)) for n in (1, 2, 6)])
    assert {monday: week.meals for monday, week in weeks.items()} == {date(2026, 6, 29): 2, date(2026, 7, 6): 1}


def test_inedible_parts_beyond_belief_count_as_waste() -> None:
    """A quarter of what is thrown away may be bones; what was plate waste and is declared bones beyond that is not."""
    honest = replace(WEEK, inedible_g=15_000)
    moved = 24_000
    claimed = replace(
        honest, waste_g=75_000 - moved, lunch_g=75_000 - moved, plate_g=40_000 - moved, inedible_g=15_000 + moved
    )
    truly, said = (measured("grams_per_cover", default(), week, KNOWN) for week in (honest, claimed))
    assert truly == 75
    assert said == 67.5, "90 kg thrown away, of which at most 22.5 inedible"


def test_an_inspectors_weighing_corrects_the_figures() -> None:
    """Eight streams weighed again at twice the grams: the bound of the interval that is best for the canteen."""
    known = replace(KNOWN, reweighed=Reweighed(8, 2.0, 1.8, 2.2))
    value = {p.code: p for p in evaluated([WEEK] * 13, known).points}
    assert (value["E1"].value, value["E1"].corrected) == (135, True)
    assert measured("unserved_share", default(), WEEK, known) == pytest.approx(0.04 * 1.8)
    for chance in (Reweighed(8, 1.1, 0.9, 1.3), Reweighed(4, 2.0, 1.8, 2.2), Reweighed(9, 0.8, 0.7, 0.9)):
        assert measured("grams_per_cover", default(), WEEK, replace(KNOWN, reweighed=chance)) == 75


def test_an_appeal_opens_what_it_names_and_nothing_else() -> None:
    """All is better now, and everything was scored 100 %: but A2 was appealed, and A2 it is."""
    best = replace(WEEK, waste_g=1, lunch_g=1, unserved_g=0, plate_g=0, off_portions=0)
    better = {date(2026, 7, 6) + timedelta(days=7 * n): best for n in range(13)}
    now = Known(inspected=dict.fromkeys(EVIDENCE, 1.0), cases_due=4, cases_in_time=4)
    known = replace(KNOWN, cases_in_time=3, falsified=True)
    frozen = evaluated([WEEK] * 13, known)
    opened = evaluate(
        default(), "buffet", "self_run", [WEEK] * 13, known, [Reopened(frozenset({"A2"}), False, better, now)]
    )
    assert {p.code for p, q in zip(opened.points, frozen.points, strict=True) if p != q} == {"A2"}
    assert frozen.vetoed
    assert opened.vetoed
    lifted = evaluate(default(), "buffet", "self_run", [WEEK] * 13, known, [Reopened(frozenset(), True, better, now)])
    assert (lifted.vetoed, lifted.score) == (False, frozen.score)


def test_a_veto_waits_for_the_hearing() -> None:
    result = evaluated([WEEK] * 13, replace(KNOWN, hearing=True))
    assert (result.vetoed, result.to_verify) == (False, True)


def test_measures_of_nothing_say_nothing() -> None:
    for name in ("preparation_off", "completeness", "credibility", "grams_per_cover", "unserved_share", "plate_share"):
        assert measured(name, default(), Week(), Known()) is None
    assert measured("less_than_last_year", default(), WEEK, replace(KNOWN, last_year=[Week()])) is None
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
