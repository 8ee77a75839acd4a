"""Formulas with their numbers put in: what is printed gives what was scored, and nothing else is printed."""

import re
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from registry.meals import Meal
from waste.evaluation.formulas import FRACTIONS, Basis, basis_of, sums_of, worked_points, worked_value, worked_years
from waste.evaluation.scheme import Indicator, MealBand, schemes
from waste.evaluation.scoring import Known, Point, PointSource, Reweighed, evaluate, share_of_points
from waste.evaluation.sums import Week

MEASURED = Indicator("D1", "称重完整率", "completeness", 8, "completeness", 0.95, 0.5)
BANDS = {
    Meal.BREAKFAST: MealBand(25, 70, 0.22), Meal.LUNCH: MealBand(40, 110, 0.64), Meal.DINNER: MealBand(40, 110, 0.14),
}  # fmt: skip
GRAMS = Indicator("E1", "每人次浪费量", "waste per cover", 14, "grams_per_cover", meals=BANDS)
SHOWN = Indicator("A1", "制度与责任", "rules", 6, evidence="checklist", evidence_zh="检查清单")


def reckoned(said: str) -> float:
    """The value of a printed formula."""
    plain = said.replace("−", "-").replace("÷", "/").replace("×", "*").replace(",", "")
    plain = re.sub(r"([0-9.e-]+)%", r"(\1/100)", plain)
    assert re.fullmatch(r"[-+*/(). 0-9e]+", plain), said
    return float(eval(plain))


def measured_by(measure: str) -> Indicator:
    return Indicator("X1", "", "", 8, measure, 0.1, 0.3)


def point(value: float, points: float, possible: float = 8) -> Point:
    return Point("D1", "", "", possible, points, value, missing=False, capped=False)


@given(st.lists(st.fixed_dictionaries({"weighed_meals": st.integers(0, 21), "meals": st.integers(21, 30)}), min_size=1))
def test_a_printed_value_is_the_value(weeks: list[dict[str, float]]) -> None:
    sums = sums_of(weeks)
    value = round(sums["weighed_meals"] / sums["meals"], 4)
    assert abs(reckoned(worked_value(MEASURED, Basis(sums), value)) - value) < 0.0001


@pytest.mark.parametrize("measure", sorted(FRACTIONS))
def test_every_fraction_says_what_it_computes(measure: str) -> None:
    for fraction in FRACTIONS[measure]:
        sums = {fraction.over: 30.0, fraction.under: 1200.0, fraction.less or "x": 200.0}
        value = fraction.value(sums)
        assert value is not None
        assert abs(reckoned(fraction.said(sums)) - value) < 1e-9
        assert worked_value(measured_by(measure), Basis(sums), round(value, 4)) == fraction.said(sums)


def test_a_value_that_does_not_follow_from_the_sums_is_not_worked_out() -> None:
    """As where its basis is not the one given, or where nothing was weighed."""
    assert worked_value(MEASURED, Basis({"weighed_meals": 60, "meals": 63}), 0.5) == ""
    assert worked_value(MEASURED, Basis({"weighed_meals": 0, "meals": 0}), 0.5) == ""
    assert worked_value(measured_by("less_than_last_year"), Basis({"waste_g": 1}), 0.1) == ""


@given(st.floats(0, 1.2))
def test_printed_points_are_the_points(value: float) -> None:
    value = round(value, 4)
    scored = round(8 * share_of_points(value, 0.95, 0.5), 2)
    said = worked_points(MEASURED, point(value, scored), Basis({}))
    assert abs(reckoned(said) - scored) < 0.011


def test_points_of_evidence() -> None:
    assert worked_points(SHOWN, point(0.9, 5.4, 6), Basis({})) == "6 × 90%"


@given(
    st.tuples(*[st.integers(200, 9_000)] * 3), st.tuples(*[st.floats(0, 150)] * 3)
)  # fmt: skip
def test_points_of_grams_by_kind_of_meal(covers: tuple[int, ...], grams: tuple[float, ...]) -> None:
    """Each kind of meal has its band; the mix is the scheme's, and the kinds that count are those of the scoring."""
    named = list(zip(BANDS, covers, grams, strict=True))
    whole = {f"{meal}_covers": n for meal, n, _ in named} | {f"{meal}_g": round(n * g) for meal, n, g in named}
    sums: dict[str, float] = {**whole, "weighed_covers": sum(covers), "waste_g": sum(round(n * g) for _, n, g in named)}
    week = Week(**{name: int(value) for name, value in sums.items()})
    scheme = structs.replace(schemes().known[0], indicator=[GRAMS])
    scored = evaluate(scheme, "buffet", "self_run", [replace(week, meals=1, weighed_meals=1)], Known()).points[0]
    assert scored.value is not None
    assert scored.points is not None
    assert abs(reckoned(worked_value(GRAMS, Basis(sums), scored.value)) - scored.value) < 0.001
    assert abs(reckoned(worked_points(GRAMS, scored, Basis(sums))) - scored.points) < 0.011


def test_capped_points_name_the_cap() -> None:
    capped = structs.replace(point(0.97, 4), capped=True)
    assert worked_points(MEASURED, capped, Basis({}), 0.5) == "8 × min(100%, 50%)"
    assert worked_points(MEASURED, point(0.95, 4), Basis({})) == ""


def test_points_of_a_ledger_follow_from_the_loss() -> None:
    loss = structs.replace(SHOWN, code="B3", ledger="storage_loss", target=0.01, limit=0.05)
    measured = structs.replace(point(0.02, 4.5, 6), source=PointSource.MEASURED)
    assert abs(reckoned(worked_points(loss, measured, Basis({}))) - 4.5) < 0.011


@given(st.integers(0, 90_000), st.floats(1, 1.5), st.tuples(*[st.integers(1_000, 60_000)] * 2), st.integers(0, 90_000))
def test_inedible_parts_weighings_again_and_last_year_are_worked_in(
    inedible_g: int, correction: float, grams: tuple[int, int], inedible_before_g: int
) -> None:
    """What the scoring computes from them, the printed formulas give."""
    scheme = schemes().known[0]
    by_measure = {one.measure: one for one in scheme.indicator if one.measure}
    weeks = [
        Week(
            covers=1_000, meals=10, weighed_meals=10, weighed_covers=1_000, waste_g=g, lunch_covers=1_000, lunch_g=g,
            inedible_g=inedible, prepared_meals=10, unserved_g=g // 4, plate_g=g // 2, prepared_g=500_000,
        )
        for g, inedible in zip(grams, (inedible_g, inedible_before_g), strict=True)
    ]  # fmt: skip
    known = Known(last_year=(weeks[1],), reweighed=Reweighed(5, correction, correction, correction))
    basis = basis_of(scheme, asdict(weeks[0]), known)
    scored = {one.code: one for one in evaluate(scheme, "buffet", "self_run", [weeks[0]], known).points}
    for measure in ("grams_per_cover", "unserved_share", "plate_share", "less_than_last_year"):
        indicator = by_measure[measure]
        value = scored[indicator.code].value
        assert value is not None
        tolerance = 0.001 if measure == "grams_per_cover" else 0.0003
        assert abs(reckoned(worked_value(indicator, basis, value)) - value) < max(tolerance, 1e-5 * abs(value)), measure
        said = worked_points(indicator, scored[indicator.code], basis, scheme.cap.share)
        assert abs(reckoned(said) - (scored[indicator.code].points or 0)) < 0.011
    before, now = (reckoned(said) for said in worked_years(basis))
    value = scored[by_measure["less_than_last_year"].code].value
    assert value is not None
    assert abs((before - now) / before - value) < max(0.0003, 1e-4 * abs(value))
