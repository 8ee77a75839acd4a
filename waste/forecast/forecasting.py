"""Covers to expect, and portions to prepare. Pure: a function of dates and counts.

A day is compared with days of the same kind: the same weekday, and like it a working day or not, so that holidays and
China's make-up working days are told apart. The mean of the last four of them is the level. Gradient-boosted trees
(scikit-learn's histogram ones, after LightGBM: Ke et al., 2017) learn over all canteens and meals together by which
factor a day departs from its level: from the calendar, from how the last days departed, and from the expected guests.
Where an agency tells how many of its people are present, the past days count as if so many had been present then.

The portions to prepare (``cook_for``) are enough on 95 % of days of each kind, working days and days off, and of each
horizon, one to seven days ahead. They come from how far held-out days departed from their forecasts (split conformal
prediction by groups: Papadopoulos et al., 2002; Vovk et al., 2003): departures are divided by the spread to expect at
a forecast, whose square is the forecast (covers are counts) plus a share of its square (see ``_shares``), so that
canteens of all sizes make up one group.

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
ENOUGH_SHARE = 0.955
"""Share of held-out days on which the portions to prepare are enough: days to come depart a little more than the last
ones, and 95 % of them are asked (``verification/evaluation.py``)."""
HELD_OUT_DAYS = 56
HORIZONS = range(1, 8)
SCORED = (1, 7)
"""Horizons whose errors are told: for the day's shopping and for the week's."""
GROUP_MIN = 40
"""Held-out days of a group; a smaller one is calibrated by days of both kinds."""
SHARE_DAYS = 20
"""Held-out days that weigh as much as the share of all canteens, when a canteen's own share is estimated."""
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
    """The forecast of a day: covers to expect, portions to prepare, and how many are left over on average."""

    covers: int
    cook_for: int
    surplus: int


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of a model on one series, so many days ahead.

    Of the model only: ``sufficed``, the share of days on which ``cook_for`` was enough; ``surplus``, the portions left
    over for each cover.
    """

    name: str
    model: str
    horizon: int
    days: int
    wape: float
    mase: float
    sufficed: float | None
    surplus: float | None


@dataclass(frozen=True, slots=True)
class Sufficed:
    """How ``cook_for`` did on the days of one kind and horizon, over all series.

    ``sufficed``: the share of days on which it was enough. ``portions``: portions for each cover; ``surplus``: portions
    left over for each cover.
    """

    works: bool
    horizon: int
    days: int
    sufficed: float
    portions: float
    surplus: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """Errors by series and model, and how ``cook_for`` did by kind of day and horizon."""

    scores: list[Score]
    cook_for: list[Sufficed]


@dataclass(frozen=True, slots=True)
class _Known:
    """A series day by day, with its features and level (NaN where there is none yet) as known the day before."""

    series: Series
    dates: list[date]
    work: list[bool]
    actual: Floats
    guests: Floats
    present: Floats
    overtime: Floats
    features: Floats
    level: Floats

    def until(self, end: int) -> "_Known":
        """The same without the days from an index on."""
        return replace(self, actual=self.actual[:end], features=self.features[:end], level=self.level[:end])


def _known(series: Series, works: Callable[[date], bool], days: int) -> _Known:
    """Features of the known days and, with NaN for their covers, of the days to come up to ``days``."""
    actual = np.full(days, np.nan)
    actual[: len(series.covers)] = series.covers
    guests = np.zeros((len(HORIZONS), days))
    guests[:, : len(series.guests)] = np.asarray(series.guests[:days])
    for ahead, told in zip(guests, series.told, strict=False):
        ahead[: len(told)] += np.asarray(told[:days])
    present, overtime = _counted(series.present, days), _counted(series.overtime, days)
    dates = [series.day(i) for i in range(days)]
    work = [works(series.day(i)) for i in range(days + 5)]
    known = _Known(series, dates, work, actual, guests, present, overtime, np.empty(0), np.full(days, np.nan))
    rows = []
    for i in range(days):
        row, known.level[i] = _features(known, i, i)
        rows.append(row)
    return replace(known, features=np.array(rows))


def _counted(counts: Sequence[int | None], days: int) -> Floats:
    """Counts by day, NaN where none was told."""
    told = np.full(days, np.nan)
    told[: len(counts)] = [np.nan if one is None else one for one in counts[:days]]
    return told


def _as_on(known: _Known, i: int, days: Sequence[int]) -> Floats:
    """The covers of some days, as if so many people had been present as on day ``i``."""
    past = list(days)
    ratio = known.present[i] / np.maximum(known.present[past], 1)
    covers: Floats = known.actual[past] * np.where(ratio > 0, np.clip(ratio, 1 / FACTOR_MAX, FACTOR_MAX), 1)
    return covers


def _beyond(counts: Floats, i: int, days: Sequence[int]) -> float:
    """By how much a day's count departs from the mean of some days; 0 where it is not told."""
    before = counts[list(days)]
    told = before[~np.isnan(before)]
    return float(np.nan_to_num(counts[i] - told.mean())) if len(told) else 0.0


def _ahead(known: _Known, days: range, horizon: int) -> tuple[Floats, Floats]:
    """Features and levels of some days as known ``horizon`` days before."""
    if horizon == 1:
        return known.features[days.start : days.stop], known.level[days.start : days.stop]
    made = [_features(known, i, i - horizon + 1) for i in days]
    return np.array([row for row, _ in made]), np.array([level for _, level in made])


def _features(known: _Known, i: int, end: int) -> tuple[list[float], float]:
    """Features and level of day ``i`` from the days before ``end``."""
    dates, work, actual = known.dates, known.work, known.actual
    day, weekday, seen = dates[i], dates[i].weekday(), ~np.isnan(actual[:end])
    kind = [j for j in range(max(0, i - LEVEL_WITHIN), end) if work[j] == work[i] and seen[j]]
    same = [j for j in kind if dates[j].weekday() == weekday][-LEVEL_DAYS:]
    recent = [j for j in kind if j >= i - KIND_WITHIN][-KIND_DAYS:]
    at_level = same or recent
    level = float(_as_on(known, i, at_level).mean()) if at_level else float("nan")
    usual = max(float(np.nan_to_num(level)), 1.0)
    departed = [actual[j] / known.level[j] for j in recent[-RECENT_DAYS:] if known.level[j] > 0]
    lags = [_as_on(known, i, [i - lag])[0] / usual if 0 <= i - lag < end else np.nan for lag in LAGS]
    alike = _as_on(known, i, same) / usual
    row = [
        weekday, work[i], work[i] != (weekday < 5), day.month, day.timetuple().tm_yday, np.log1p(usual),
        departed[-1] if departed else np.nan, float(np.mean(departed)) if departed else np.nan, *lags,
        _days_until_change(work[i : i + 6]), _days_until_change(work[max(0, i - 5) : i + 1][::-1]),
        len(same), known.guests[i - end, i] / usual, alike[-1] if same else np.nan,
        float(alike.std()) if len(same) > 1 else np.nan, _beyond(known.overtime, i, at_level) / usual,
    ]  # fmt: skip
    return row, level


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


def _predict(trees: Any, features: Floats, level: Floats) -> Floats:
    predicted: Floats = np.clip(trees.predict(features), 0, None) * np.nan_to_num(level)
    return predicted


def _forecast_of(trees: Any, known: _Known, days: range, horizon: int) -> Floats:
    return _predict(trees, *_ahead(known, days, horizon))


@dataclass(frozen=True, slots=True)
class _Departures:
    """Held-out days of one series: their forecasts, covers, and kinds; days without a forecast are left out."""

    predicted: Floats
    actual: Floats
    works: NDArray[np.bool_]


def _departures(trees: Any, known: _Known, days: range, horizon: int) -> _Departures:
    predicted, actual = _forecast_of(trees, known, days, horizon), known.actual[days.start : days.stop]
    works = np.array(known.work[days.start : days.stop])
    usable = (predicted >= 1) & ~np.isnan(actual)
    return _Departures(predicted[usable], actual[usable], works[usable])


def _square_share(predicted: Floats, actual: Floats) -> Floats:
    """By day, the variance beyond that of counts, as a share of the square of the forecast."""
    shares: Floats = np.clip(((actual - predicted) ** 2 - predicted) / predicted**2, -1, 4)
    return shares


def _shares(pooled: dict[bool, float], own: _Departures) -> dict[bool, float]:
    """A series' share by kind of day: its own, drawn to that of all by as much as its days are few."""
    found = _square_share(own.predicted, own.actual)
    return {
        works: max((float(found[own.works == works].sum()) + SHARE_DAYS * share) / (n + SHARE_DAYS), 0.0)
        for works, share in pooled.items()
        for n in (int((own.works == works).sum()),)
    }


def _spread(predicted: Floats, works: NDArray[np.bool_], shares: dict[bool, float]) -> Floats:
    share = np.where(works, shares[True], shares[False])
    spread: Floats = np.sqrt(np.maximum(predicted, 1) + share * predicted**2)
    return spread


@dataclass(frozen=True, slots=True)
class _Group:
    """How many spreads above the forecast are enough, and how many are then left over on average."""

    reach: float
    surplus: float


class _Calibration:
    """What held-out days say of how far covers depart from forecasts, by kind of day and horizon."""

    def __init__(self, trees: Any, known: Sequence[_Known], days: Sequence[range], horizons: Sequence[int]) -> None:
        self.trees = trees
        own = [_departures(trees, k, its, 1) for k, its in zip(known, days, strict=True)]
        found = np.concatenate([_square_share(d.predicted, d.actual) for d in own])
        works = np.concatenate([d.works for d in own])
        self.pooled = {
            kind: float(found[works == kind].mean() if (works == kind).any() else found.mean() if len(found) else 0.0)
            for kind in (True, False)
        }
        self.groups: dict[tuple[bool, int], _Group] = {}
        for horizon in horizons:
            ahead = [_departures(trees, k, its, horizon) for k, its in zip(known, days, strict=True)]
            reached = np.concatenate([
                (d.actual - d.predicted) / _spread(d.predicted, d.works, _shares(self.pooled, first))
                for d, first in zip(ahead, own, strict=True)
            ])  # fmt: skip
            works = np.concatenate([d.works for d in ahead])
            for kind in (True, False):
                its = reached[works == kind]
                self.groups[kind, horizon] = _group(its if len(its) >= GROUP_MIN else reached)

    def shares_of(self, known: _Known, days: range) -> dict[bool, float]:
        """The shares of one series from its held-out days."""
        return _shares(self.pooled, _departures(self.trees, known, days, 1))

    def portions(
        self, predicted: Floats, works: NDArray[np.bool_], shares: dict[bool, float], horizon: int
    ) -> tuple[Floats, Floats]:
        """Portions to prepare for some forecasts, and how many of them are left over on average."""
        groups = [self.groups[bool(kind), horizon] for kind in works]
        spread = _spread(predicted, works, shares)
        reach = np.array([group.reach for group in groups])
        portions = np.where(predicted > 0, np.maximum(np.floor(predicted + reach * spread), np.round(predicted)), 0)
        surplus = np.array([group.surplus for group in groups]) * spread
        return portions, np.minimum(surplus, portions)


def _group(reached: Floats) -> _Group:
    """The conformal quantile, which is the greatest where there are too few; never below the forecast."""
    if not len(reached):
        return _Group(0.0, 0.0)
    ordered = np.sort(reached)
    at = min(len(ordered), int(np.ceil((len(ordered) + 1) * ENOUGH_SHARE))) - 1
    reach = max(float(ordered[at]), 0.0)
    return _Group(reach, float(np.clip(reach - ordered, 0, None).mean()))


def forecast(series: Sequence[Series], works: Callable[[date], bool], days_ahead: int) -> list[list[Expected]]:
    """The next days of every series, at most as many as ``HORIZONS``.

    All end on the same day; one shorter than ``NEEDED_DAYS`` has no forecast.
    """
    long = [s for s in series if len(s.covers) >= NEEDED_DAYS]
    if not long:
        return [[] for _ in series]
    held_out = min(HELD_OUT_DAYS, min(len(s.covers) for s in long) // 2)
    teachers = [_known(s, works, len(s.covers) + days_ahead) for s in long[:: -(-len(long) // TAUGHT_BY_MAX)]]
    early = _fit_before(teachers, held_out)
    trees = _fit_before(teachers, 0)
    ends = [len(k.series.covers) for k in teachers]
    calibration = _Calibration(
        early, teachers, [range(end - held_out, end) for end in ends], HORIZONS[:days_ahead]
    )  # fmt: skip
    made: dict[str, list[Expected]] = {}
    for tail in map(_tail, long):
        k = _known(tail, works, len(tail.covers) + days_ahead)
        end = len(k.series.covers)
        shares = calibration.shares_of(k, range(end - min(held_out, end // 2), end))
        coming = _forecast_of(trees, k, range(end, end + days_ahead), 1)
        made[k.series.name] = [
            _expected(coming[n], calibration, k.work[end + n], shares, n + 1) for n in range(days_ahead)
        ]
    return [made.get(s.name, []) for s in series]


def _expected(
    covers: float, calibration: _Calibration, works: bool, shares: dict[bool, float], horizon: int
) -> Expected:
    [portions], [surplus] = calibration.portions(np.array([covers]), np.array([works]), shares, horizon)
    return Expected(round(covers), int(portions), round(surplus))


def _tail(s: Series) -> Series:
    begin = max(0, len(s.covers) - TAIL_DAYS)
    return Series(
        s.name, s.day(begin), s.covers[begin:], s.guests[begin:], s.present[begin:], s.overtime[begin:],
        [one[begin:] for one in s.told],
    )  # fmt: skip


def _fit_before(known: Sequence[_Known], held_out: int) -> Any:
    trimmed = [k.until(len(k.series.covers) - held_out) for k in known]
    return _fit(trimmed, max(len(k.actual) for k in trimmed))


def backtest(
    series: Sequence[Series], works: Callable[[date], bool], *, test_days: int = 168, refit_days: int = 28
) -> list[Score]:
    """The errors a day ahead; see ``backtest_all``."""
    return backtest_all(series, works, test_days=test_days, refit_days=refit_days, horizons=[1]).scores


def backtest_all(
    series: Sequence[Series],
    works: Callable[[date], bool],
    *,
    test_days: int = 168,
    refit_days: int = 28,
    horizons: Sequence[int] = HORIZONS,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Backtest:
    """Rolling origin: each day is forecast from the days before it, the trees fitted anew every ``refit_days``.

    All series have the same first day and length. ``horizons`` begin with 1. Raises ValueError if they are too short.
    """
    length = len(series[0].covers)
    if length < test_days + NEEDED_DAYS:
        raise ValueError(f"{test_days + NEEDED_DAYS} days are needed, there are {length}")
    known = [_known(s, works, length) for s in series]
    held_out = min(HELD_OUT_DAYS, (length - test_days) // 2)
    predicted, cooked = (np.zeros((len(horizons), len(known), test_days)) for _ in range(2))
    origins = range(length - test_days, length, refit_days)
    for step, origin in enumerate(origins):
        progress("backtest", step * len(known), len(origins) * len(known))
        trees, early = _fit(known, origin), _fit(known, origin - held_out)
        days, before = range(origin, min(origin + refit_days, length)), range(origin - held_out, origin)
        calibration = _Calibration(early, known, [before] * len(known), horizons)
        at = slice(days.start - length + test_days, days.stop - length + test_days)
        for n, k in enumerate(known):
            shares, kinds = calibration.shares_of(k, before), np.array(k.work[days.start : days.stop])
            for h, horizon in enumerate(horizons):
                predicted[h, n, at] = _forecast_of(trees, k, days, horizon)
                cooked[h, n, at], _ = calibration.portions(predicted[h, n, at], kinds, shares, horizon)
            progress("backtest", step * len(known) + n + 1, len(origins) * len(known))
    scores = [
        score
        for h, horizon in enumerate(horizons) if horizon in SCORED
        for n, k in enumerate(known)
        for score in _scores(k, horizon, predicted[h, n], cooked[h, n])
    ]  # fmt: skip
    actual = np.array([k.actual[-test_days:] for k in known])
    kinds = np.array([k.work[length - test_days : length] for k in known])
    groups = [
        _sufficed(works, horizon, cooked[h][kinds == works], actual[kinds == works])
        for works in (True, False) for h, horizon in enumerate(horizons)
    ]  # fmt: skip
    return Backtest(scores, [group for group in groups if group.days])


def _sufficed(works: bool, horizon: int, cooked: Floats, actual: Floats) -> Sufficed:
    served = actual > 0
    cooked, actual = cooked[served], actual[served]
    if not len(actual):
        return Sufficed(works, horizon, 0, 0.0, 0.0, 0.0)
    left = np.clip(cooked - actual, 0, None).sum() / actual.sum()
    enough, portions = float((cooked >= actual).mean()), float(cooked.sum() / actual.sum())
    return Sufficed(works, horizon, len(actual), enough, portions, float(left))


def _scores(known: _Known, horizon: int, predicted: Floats, cooked: Floats) -> list[Score]:
    """The errors on the last days of one series: the model's, and those of both baselines.

    The baselines know no more than the day a week before, so they are the same at every horizon.
    """
    test_days, length = len(predicted), len(known.actual)
    test, before = known.actual[-test_days:], known.actual[:-test_days]
    weeks = [known.actual[length - test_days - 7 * w : length - 7 * w] for w in (1, 2, 3, 4)]
    own = _sufficed(True, horizon, cooked, test)
    enough, left = (own.sufficed, own.surplus) if own.days else (None, None)
    return [
        Score(known.series.name, model, horizon, test_days, wape(guess, test), mase(guess, test, before), *rest)
        for model, guess, *rest in (
            (MODEL, predicted, enough, left), (NAIVE, weeks[0], None, None),
            (MEAN4, np.mean(weeks, axis=0), None, None),
        )
    ]  # fmt: skip


def wape(guess: Floats, actual: Floats) -> float:
    """Weighted absolute percentage error, as a fraction; NaN when all actual covers are 0."""
    return float(np.abs(guess - actual).sum() / actual.sum()) if actual.sum() else float("nan")


def mase(guess: Floats, actual: Floats, before: Floats, season: int = 7) -> float:
    """Mean absolute scaled error against the seasonal naive forecast within ``before``."""
    scale = np.abs(before[season:] - before[:-season]).mean()
    return float(np.abs(guess - actual).mean() / scale) if scale else float("nan")
