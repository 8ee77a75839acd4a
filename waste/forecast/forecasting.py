"""Covers to expect, and portions to prepare. Pure: a function of dates and counts.

A day is compared with days of the same kind: the same weekday, and like it a working day or not, so that holidays and
China's make-up working days are told apart. The mean of the last four of them is the level. Gradient-boosted trees
(scikit-learn's histogram ones, after LightGBM: Ke et al., 2017) learn over all canteens and meals together by which
factor a day departs from its level: from the calendar, from how the last days departed, and from the expected guests.
The portions to prepare (``cook_for``) are the forecast times a factor that was enough on 95 % of held-out days (split
conformal prediction: Papadopoulos et al., 2002).

Errors: WAPE = sum |forecast - actual| / sum actual; MASE = mean |forecast - actual| / mean |y_t - y_(t-7)| over the
days before the test (Hyndman and Koehler, 2006). Baselines: the same weekday last week, the mean of the last four.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waste.forecast.series import Series

Floats = NDArray[np.float64]

LEVEL_DAYS, LEVEL_WITHIN = 4, 70
RECENT_DAYS = 5
KIND_DAYS, KIND_WITHIN = 10, 42
LAGS = (1, 7, 14)
ENOUGH_SHARE = 0.95
"""Share of days on which the portions to prepare are enough."""
HELD_OUT_DAYS = 56
FACTOR_MAX = 4.0
NEEDED_DAYS = 120
"""Shorter series say nothing about a year with holidays, and have no forecast."""
TAUGHT_BY_MAX = 150
"""Series that the trees are fitted to; more take memory and do not improve the forecast."""
TAIL_DAYS = 180
"""Days that the features of the held-out days look back on."""

MODEL, NAIVE, MEAN4 = "model", "seasonal_naive", "mean_of_four"


@dataclass(frozen=True, slots=True)
class Expected:
    """The forecast of a day: covers to expect, and portions to prepare, which are enough on 95 % of days."""

    covers: int
    cook_for: int


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of a model on one series; ``sufficed``: share of days on which ``cook_for`` was enough (model only)."""

    name: str
    model: str
    days: int
    wape: float
    mase: float
    sufficed: float | None


@dataclass(frozen=True, slots=True)
class _Known:
    """A series with its features by day, and the level of each day (NaN where there is none yet)."""

    series: Series
    actual: Floats
    features: Floats
    level: Floats


def _known(series: Series, works: Callable[[date], bool], days: int) -> _Known:
    """Features of the known days and, with NaN for their covers, of the days to come up to ``days``."""
    actual = np.full(days, np.nan)
    actual[: len(series.covers)] = series.covers
    guests = np.zeros(days)
    guests[: len(series.guests)] = np.asarray(series.guests[:days])
    dates = [series.day(i) for i in range(days)]
    work = [works(day) for day in dates]
    ahead = [works(series.day(days + i)) for i in range(5)]
    level = np.full(days, np.nan)
    rows = [_features(i, dates, [*work, *ahead], actual, guests, level) for i in range(days)]
    return _Known(series, actual, np.array(rows), level)


def _features(
    i: int, dates: list[date], work: list[bool], actual: Floats, guests: Floats, level: Floats
) -> list[float]:
    day, seen = dates[i], ~np.isnan(actual[:i])
    weekday = day.weekday()
    kind = [j for j in range(max(0, i - LEVEL_WITHIN), i) if work[j] == work[i] and seen[j]]
    same = [j for j in kind if dates[j].weekday() == weekday][-LEVEL_DAYS:]
    recent = [j for j in kind if j >= i - KIND_WITHIN][-KIND_DAYS:]
    if same or recent:
        level[i] = actual[same or recent].mean()
    usual = max(float(np.nan_to_num(level[i])), 1.0)
    departed = [actual[j] / level[j] for j in recent[-RECENT_DAYS:] if level[j] > 0]
    lags = [actual[i - lag] / usual if i >= lag else np.nan for lag in LAGS]
    return [
        weekday, work[i], work[i] != (weekday < 5), day.month, day.timetuple().tm_yday, np.log1p(usual),
        departed[-1] if departed else np.nan, float(np.mean(departed)) if departed else np.nan, *lags,
        _days_until_change(work[i : i + 6]), _days_until_change(work[max(0, i - 5) : i + 1][::-1]),
        len(same), guests[i] / usual, actual[same[-1]] / usual if same else np.nan,
        float(actual[same].std()) / usual if len(same) > 1 else np.nan,
    ]  # fmt: skip


def _days_until_change(work: list[bool]) -> int:
    return next((n for n, other in enumerate(work) if other != work[0]), len(work))


def _fit(known: Sequence[_Known], until: int) -> Any:
    """The trees, fitted to the days before index ``until`` of every series."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    level = np.concatenate([k.level[:until] for k in known])
    actual = np.concatenate([k.actual[:until] for k in known])
    usable = (level > 0) & ~np.isnan(actual)
    trees = HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=200, learning_rate=0.06, max_leaf_nodes=15, l2_regularization=1.0,
        categorical_features=[0], random_state=0,
    )  # fmt: skip
    features = np.vstack([k.features[:until] for k in known])
    factor = np.clip(actual[usable] / level[usable], 0, FACTOR_MAX)
    return trees.fit(features[usable], factor, sample_weight=level[usable])


def _predict(trees: Any, known: _Known, days: slice) -> Floats:
    level = np.nan_to_num(known.level[days])
    predicted: Floats = np.clip(trees.predict(known.features[days]), 0, None) * level
    return predicted


def _margin(trees: Any, known: _Known, days: slice) -> float:
    """The factor on the forecast that was enough on 95 % of these days (with the finite-sample correction)."""
    predicted, actual = _predict(trees, known, days), known.actual[days]
    served = (predicted >= 1) & ~np.isnan(actual)
    if not served.any():
        return 1.0
    ratios = np.sort(actual[served] / predicted[served])
    return float(max(ratios[min(len(ratios) - 1, int(np.ceil((len(ratios) + 1) * ENOUGH_SHARE)) - 1)], 1.0))


def forecast(series: Sequence[Series], works: Callable[[date], bool], days_ahead: int) -> list[list[Expected]]:
    """The next days of every series. All end on the same day; one shorter than ``NEEDED_DAYS`` has no forecast."""
    long = [s for s in series if len(s.covers) >= NEEDED_DAYS]
    if not long:
        return [[] for _ in series]
    shortest = min(len(s.covers) for s in long)
    teachers = [_known(s, works, len(s.covers) + days_ahead) for s in long[:: -(-len(long) // TAUGHT_BY_MAX)]]
    early = _fit_before(teachers, HELD_OUT_DAYS)
    trees = _fit_before(teachers, 0)
    made: dict[str, list[Expected]] = {}
    for tail in map(_tail, long):
        k = _known(tail, works, len(tail.covers) + days_ahead)
        end = len(k.series.covers)
        margin = _margin(early, k, slice(end - min(HELD_OUT_DAYS, shortest // 2), end))
        coming = _predict(trees, k, slice(end, end + days_ahead))
        made[k.series.name] = [Expected(round(c), int(np.ceil(c * margin))) for c in coming]
    return [made.get(s.name, []) for s in series]


def _tail(s: Series) -> Series:
    begin = max(0, len(s.covers) - TAIL_DAYS)
    return replace(s, first=s.day(begin), covers=s.covers[begin:], guests=s.guests[begin:])


def _fit_before(known: Sequence[_Known], held_out: int) -> Any:
    trimmed = [
        _Known(k.series, k.actual[:end], k.features[:end], k.level[:end])
        for k in known
        for end in (len(k.series.covers) - held_out,)
    ]
    return _fit(trimmed, max(len(k.actual) for k in trimmed))


def backtest(
    series: Sequence[Series], works: Callable[[date], bool], *, test_days: int = 168, refit_days: int = 28
) -> list[Score]:
    """Rolling origin: each day is forecast from the days before it, the trees fitted anew every ``refit_days``.

    All series have the same first day and length. Raises ValueError if they are too short.
    """
    length = len(series[0].covers)
    if length < test_days + NEEDED_DAYS:
        raise ValueError(f"{test_days + NEEDED_DAYS} days are needed, there are {length}")
    known = [_known(s, works, length) for s in series]
    predicted = [np.zeros(test_days) for _ in known]
    cooked = [np.zeros(test_days) for _ in known]
    for origin in range(length - test_days, length, refit_days):
        trees, early = _fit(known, origin), _fit(known, origin - HELD_OUT_DAYS)
        days = slice(origin, min(origin + refit_days, length))
        at = slice(days.start - length + test_days, days.stop - length + test_days)
        for n, k in enumerate(known):
            predicted[n][at] = _predict(trees, k, days)
            cooked[n][at] = np.ceil(predicted[n][at] * _margin(early, k, slice(origin - HELD_OUT_DAYS, origin)))
    return [score for n, k in enumerate(known) for score in _scores(k, test_days, predicted[n], cooked[n])]


def _scores(known: _Known, test_days: int, predicted: Floats, cooked: Floats) -> list[Score]:
    """The errors on the last days of one series: the model's, and those of both baselines."""
    length = len(known.actual)
    test, before = known.actual[-test_days:], known.actual[:-test_days]
    weeks = [known.actual[length - test_days - 7 * w : length - 7 * w] for w in (1, 2, 3, 4)]
    served = test > 0
    enough = float((cooked >= test)[served].mean()) if served.any() else None
    return [
        Score(known.series.name, model, test_days, wape(guess, test), mase(guess, test, before), sufficed)
        for model, guess, sufficed in (
            (MODEL, predicted, enough), (NAIVE, weeks[0], None), (MEAN4, np.mean(weeks, axis=0), None),
        )
    ]  # fmt: skip


def wape(guess: Floats, actual: Floats) -> float:
    """Weighted absolute percentage error, as a fraction; NaN when all actual covers are 0."""
    return float(np.abs(guess - actual).sum() / actual.sum()) if actual.sum() else float("nan")


def mase(guess: Floats, actual: Floats, before: Floats, season: int = 7) -> float:
    """Mean absolute scaled error against the seasonal naive forecast within ``before``."""
    scale = np.abs(before[season:] - before[:-season]).mean()
    return float(np.abs(guess - actual).mean() / scale) if scale else float("nan")
