"""Simulations that check the statistics of the waste evaluation: do they hold what they promise?

Every simulation has a fixed seed and plants what it looks for. ``python -m verification.evaluation`` runs the long
versions and prints their figures as JSON; ``tests/rules/test_simulations.py`` runs short ones.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foundation.calendar import is_working_day
from verification.gaming import SCHEME, points_unflagged
from waste.evaluation.scoring import Known, evaluate
from waste.evaluation.sums import Week
from waste.forecast.series import Series
from waste.measures.change_points import change_points
from waste.measures.intervals import WEEKS_MIN, interval
from waste.weighing.plausibility import Reviewed, Weighed, implausible

if TYPE_CHECKING:
    from waste.forecast.forecasting import Sufficed

Floats = NDArray[np.float64]

LEVEL_G = 60.0
"""Grams per cover of the simulated canteens."""
CORRELATIONS = (0.0, 0.3, 0.6)
FIRST, WEIGHED_DAYS = date(2025, 9, 1), 270
PLATE_G = 25.0
QUARTER = 13
"""Weeks."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How a kitchen's grams per cover vary from day to day: spread of the logarithm, AR(1) correlation."""

    spread: float
    correlation: float


NOISES = (Noise(0.1, 0.0), Noise(0.15, 0.0), Noise(0.15, 0.3), Noise(0.2, 0.0))
NOISY = Noise(0.25, 0.0)


def correlated(chance: np.random.Generator, length: int, correlation: float) -> Floats:
    """Stationary AR(1) noise with variance 1."""
    noise = chance.normal(size=length)
    for n in range(1, length):
        noise[n] = correlation * noise[n - 1] + np.sqrt(1 - correlation**2) * noise[n]
    return noise


def weeks_of(chance: np.random.Generator, weeks: int, correlation: float) -> list[tuple[int, int]]:
    """Grams and covers of a canteen's weeks: 12 % of noise, one week in ten with a holiday."""
    covers = chance.poisson(np.where(chance.random(weeks) < 0.1, 900, 1_800))
    rates = LEVEL_G * (1 + 0.12 * correlated(chance, weeks, correlation))
    return [(round(rate * eaten), int(eaten)) for rate, eaten in zip(rates, covers, strict=True)]


def interval_coverage(weeks: int, correlation: float, series: int) -> float:
    """The share of simulated canteens whose interval of grams per cover holds the level that they have."""
    chance = np.random.default_rng(35)
    found = [interval(weeks_of(chance, weeks, correlation)) for _ in range(series)]
    return float(np.mean([made is not None and made[0] <= LEVEL_G <= made[1] for made in found]))


MIDDLING = Week(
    covers=1_000, meals=5, weighed_meals=5, weighed_covers=1_000, waste_g=75_000, lunch_covers=1_000, lunch_g=75_000,
    prepared_meals=5, unserved_g=20_000, plate_g=40_000, prepared_g=500_000, streams=20, marked_streams=0,
    forecast_meals=5, planned_meals=5, cook_for=1_000, off_portions=95, bookings=1, booked=50, came=50,
)  # fmt: skip
GOOD = replace(MIDDLING, waste_g=40_000, lunch_g=40_000, unserved_g=10_000, plate_g=15_000)
"""A week of a kitchen between limit and target, and of one at the target, where points no longer rise."""


def kitchen_weeks(chance: np.random.Generator, usual: Week, weeks: int, correlation: float) -> list[Week]:
    """A kitchen's weeks: one in ten with a holiday; what is left over varies with the covers and by itself."""
    together, plates, unserved, prepared, off = (correlated(chance, weeks, correlation) for _ in range(5))
    made = []
    for t in range(weeks):
        share = chance.poisson(500 if chance.random() < 0.1 else 1_000) / 1_000
        covers = round(1_000 * share)
        plate_g = round(usual.plate_g * share * (1 + 0.1 * together[t] + 0.1 * plates[t]))
        unserved_g = round(usual.unserved_g * share * (1 + 0.1 * together[t] + 0.1 * unserved[t]))
        waste_g = plate_g + unserved_g + round(15_000 * share * (1 + 0.1 * together[t] + 0.1 * prepared[t]))
        made.append(
            replace(
                usual, covers=covers, weighed_covers=covers, lunch_covers=covers, cook_for=covers,
                waste_g=waste_g, lunch_g=waste_g, plate_g=plate_g, unserved_g=unserved_g,
                prepared_g=round(500_000 * share),
                off_portions=max(0, round(usual.off_portions * share * (1 + 0.2 * off[t]))),
            )
        )  # fmt: skip
    return made


def score_coverage(usual: Week, weeks: int, correlation: float, kitchens: int) -> float:
    """The share of simulated kitchens whose interval of the score holds the score of their usual weeks."""
    chance, hit = np.random.default_rng(5), 0
    true = evaluate(SCHEME, "buffet", "self_run", [usual] * weeks, Known()).score
    for _ in range(kitchens):
        found = evaluate(SCHEME, "buffet", "self_run", kitchen_weeks(chance, usual, weeks, correlation), Known())
        hit += None not in (true, found.low, found.high) and found.low <= true <= found.high  # type: ignore[operator]
    return hit / kitchens


def months_of(chance: np.random.Generator, months: int, correlation: float, drop: float = 0.0) -> list[float]:
    """Grams per cover by month: 4 g of noise, a season of 5 % with its peak anywhere, a drop a year before the end."""
    t = np.arange(months)
    season = 0.05 * np.cos(2 * np.pi * t / 12 + chance.uniform(0, 2 * np.pi))
    level = LEVEL_G * (1 - drop * (t >= months - 12))
    values: list[float] = (level * (1 + season) + 4 * correlated(chance, months, correlation)).tolist()
    return values


def share_with_changes(months: int, correlation: float, drop: float, series: int) -> float:
    """The share of series in which a change of level is found: false alarms without a drop, power with one."""
    chance = np.random.default_rng(35)
    found = [bool(change_points(months_of(chance, months, correlation, drop))) for _ in range(series)]
    return float(np.mean(found))


def weights_of(chance: np.random.Generator, days: int, kind: Noise) -> list[Weighed]:
    """A canteen's lunches: 60 to 600 covers, a tenth of that on days off, 25 g of plate waste a cover."""
    usual = chance.uniform(60, 600)
    noise = kind.spread * correlated(chance, days, kind.correlation)
    made = []
    for n in range(days):
        day = FIRST + timedelta(days=n)
        works = is_working_day(day)
        covers = int(chance.poisson(usual * (1.0 if works else 0.1)))
        # What few people leave varies more: half of a plate's waste is by chance.
        grams = covers * PLATE_G * np.exp(noise[n] + chance.normal(0, 0.5) / np.sqrt(max(covers, 1)))
        if covers:
            made.append(Weighed(day, works, round(grams), covers))
    return made


def true_weighings_marked(noise: Noise, canteens: int) -> dict[bool, float]:
    """The share of true weighings that are marked, on working days and on days off."""
    chance = np.random.default_rng(35)
    marked, weighed = Counter[bool](), Counter[bool]()
    for _ in range(canteens):
        weights = weights_of(chance, WEIGHED_DAYS, noise)
        days = {day for mark in implausible(weights, Reviewed(), {}) for day in mark.days}
        weighed.update(w.works for w in weights)
        marked.update(w.works for w in weights if w.day in days)
    return {works: marked[works] / weighed[works] for works in (True, False)}


def under_weighing_found(noise: Noise, canteens: int, factor: float = 0.7) -> float:
    """The share of days marked of two weeks in which everything was under-weighed, after five months of truth."""
    chance = np.random.default_rng(36)
    found, planted = 0, 0
    for _ in range(canteens):
        weights = weights_of(chance, WEIGHED_DAYS, noise)
        begin = FIRST + timedelta(days=150)
        bent = [replace(w, grams=round(w.grams * factor)) if (w.day - begin).days in range(14) else w for w in weights]
        days = {day for mark in implausible(bent, Reviewed(), {}) for day in mark.days}
        span = {w.day for w in bent if (w.day - begin).days in range(14)}
        found, planted = found + len(span & days), planted + len(span)
    return found / planted


def covers_of(chance: np.random.Generator, usual: int, days: int) -> list[int]:
    """Lunches by day: weekdays, 12 % on days off, bridge days, weather that stays for days, a trend, chance."""
    weekday = np.array([1.0, 1.04, 1.02, 1.0, 0.88, 0.12, 0.08]) * np.exp(chance.normal(0, 0.05, 7))
    weather, trend = 0.067 * correlated(chance, days, 0.8), chance.normal(0, 0.0003)
    made = []
    for n in range(days):
        day = FIRST + timedelta(days=n)
        works = is_working_day(day)
        like = weekday[day.weekday() if works == (day.weekday() < 5) else 4 if works else 6]
        bridge = works and day.weekday() != 4 and not is_working_day(day + timedelta(days=1))
        made.append(int(chance.poisson(usual * like * (0.78 if bridge else 1.0) * np.exp(weather[n] + trend * n))))
    return made


def cook_for(canteens: int, usual: tuple[int, ...] = (620, 430, 140), days: int = 548) -> "list[Sufficed]":
    """How portions to prepare did on the last 168 days, by kind of day and horizon."""
    # Imported here: the other simulations do without the numerics of the forecast.
    from waste.forecast.forecasting import backtest_all

    chance = np.random.default_rng(35)
    series = [
        Series(f"{number} {size}", FIRST, covers_of(chance, size, days), [0] * days)
        for number in range(canteens) for size in usual
    ]  # fmt: skip
    return backtest_all(series, is_working_day, refit_days=56).cook_for


def figures() -> Iterator[tuple[str, float]]:
    """The figures of the long simulations, by name."""
    for weeks in (WEEKS_MIN, QUARTER, 26):
        for correlation in (*CORRELATIONS, 0.8):
            name = f"interval_coverage_rho{10 * correlation:.0f}" + ("" if weeks == QUARTER else f"_{weeks}_weeks")
            yield name, interval_coverage(weeks, correlation, 10_000)
    for kind, usual in (("middling", MIDDLING), ("good", GOOD)):
        for correlation in CORRELATIONS:
            name = f"score_coverage_{kind}_rho{10 * correlation:.0f}"
            yield name, score_coverage(usual, QUARTER, correlation, 300)
    changes = [(months, correlation) for months in (24, 30, 36) for correlation in (0.0, 0.3, 0.5)]
    yield "change_false_alarms", max(share_with_changes(*kind, 0.0, 3_000) for kind in changes)
    yield "change_power", min(share_with_changes(*kind, 0.15, 3_000) for kind in changes)
    yield "true_weighings_marked", max(max(true_weighings_marked(noise, 200).values()) for noise in NOISES)
    yield "under_weighing_found", min(under_weighing_found(noise, 200) for noise in NOISES)
    yield "true_weighings_marked_noisy", max(true_weighings_marked(NOISY, 200).values())
    yield "under_weighing_found_noisy", under_weighing_found(NOISY, 200)
    yield "gaming_points_unflagged", points_unflagged()
    groups = cook_for(8)
    for kind, works in (("working_days", True), ("days_off", False)):
        its = [group for group in groups if group.works == works]
        yield f"cook_for_sufficed_{kind}", min(group.sufficed for group in its)
        yield f"cook_for_sufficed_{kind}_max", max(group.sufficed for group in its)
        yield f"cook_for_portions_{kind}", max(group.portions for group in its)
        yield f"cook_for_surplus_{kind}", max(group.surplus for group in its)
    yield "cook_for_sufficed", min(group.sufficed for group in groups)
    yield "cook_for_sufficed_max", max(group.sufficed for group in groups)


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps({name: round(value, 4) for name, value in figures()}, indent=2))


if __name__ == "__main__":
    main()
