"""Weights that do not fit a canteen's other weights of the same meal and stream. Pure.

Weights are compared per cover and in logarithms, working days with working days, against the median of the last
``REFERENCE_DAYS``; their usual spread is 1.4826 times the median absolute deviation. Two rules mark them:

- outlier: a weight further than ``OUTLIER`` spreads from the median (Iglewicz and Hoaglin, 1993);
- drift: a run of days whose log-likelihood ratio of a shift by ``SHIFT`` (30 % less, or as much more) against none
  exceeds ``EVIDENCE`` (two-sided CUSUM: Page, 1954), from the day on which its sum left zero.

What is marked is no reference for later days until a person has dismissed it: a dismissed outlier counts as usual, a
dismissed drift begins a new level. A canteen's first weights are compared with each other, and a handful of them with
its like. Constants were chosen by simulation (``verification/evaluation.py``).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice, pairwise
from math import exp, fsum, log
from statistics import fmean, median

REFERENCE_DAYS = timedelta(days=90)
REFERENCE_MIN, REFERENCE_FIRST = 10, 20
"""Fewer earlier weights are no reference; then the first ones are, later ones included."""
OUTLIER = 3.5
SHIFT = -log(0.7)
EVIDENCE, EVIDENCE_MAX = 7.0, 12.0
"""``EVIDENCE_MAX`` bounds the sum, so that a long run ends soon after its last day."""
CLIP = 3.0
"""Spreads at which a day's departure is cut for the drift: one outlier is no drift."""
SPREAD_MIN, CORRELATION_MAX = 0.12, 0.6
NORMAL_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Weighed:
    """The grams of a stream of a meal with covers; ``works``: on a working day."""

    day: date
    works: bool
    grams: int
    covers: int


@dataclass(frozen=True, slots=True)
class Level:
    """Median and spread of the logarithm of grams per cover, and how far neighbouring days correlate."""

    centre: float
    spread: float
    correlation: float = 0.0


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What people decided: days of upheld and of dismissed marks, and first days of dismissed drifts."""

    upheld: Collection[date] = frozenset()
    dismissed: Collection[date] = frozenset()
    new_levels: Collection[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Mark:
    """Days that do not fit, with grams per cover as weighed and as usual (geometric means)."""

    drift: bool
    days: tuple[date, ...]
    grams_per_cover: float
    usual: float


@dataclass(slots=True)
class _Run:
    """A one-sided CUSUM: its sum, the days since it left zero, how many of them up to the last that raised it."""

    sign: int
    evidence: float = 0.0
    days: list[int] = field(default_factory=list)
    raised: int = 0
    found: bool = False

    def add(self, n: int, off: float, level: Level) -> None:
        """Add a day that departs by ``off`` spreads; correlated days say less."""
        shift = SHIFT / level.spread
        gain = shift * (self.sign * min(max(off, -CLIP), CLIP) - shift / 2)
        gain *= (1 - level.correlation) / (1 + level.correlation)
        self.evidence = min(max(self.evidence + gain, 0.0), EVIDENCE_MAX)
        self.days.append(n)
        if gain > 0:
            self.raised = len(self.days)
        self.found = self.found or self.evidence >= EVIDENCE

    def drifted(self) -> list[int]:
        return self.days[: self.raised] if self.found else []


def level_of(logs: Sequence[float]) -> Level:
    """Robust centre, spread and correlation; few values widen the spread."""
    centre = median(logs)
    spread = max(NORMAL_MAD * median(abs(x - centre) for x in logs) * (1 + 2 / len(logs)), SPREAD_MIN)
    off = [min(max((x - centre) / spread, -CLIP), CLIP) for x in logs]
    squares = fsum(x * x for x in off)
    correlation = fsum(a * b for a, b in pairwise(off)) / squares if squares > 0 else 0.0
    return Level(centre, spread, min(max(correlation, 0.0), CORRELATION_MAX))


def log_rate(grams: int, covers: int) -> float:
    """The logarithm of grams per cover; nothing at all counts as one gram."""
    return log(max(grams, 1) / covers)


def implausible(weighed: Sequence[Weighed], reviewed: Reviewed, like: Mapping[bool, Level]) -> list[Mark]:
    """The marks of one meal and stream of a canteen, whose weights come in the order of days, each with covers.

    Days that a person decided on are not judged again.
    ``like``: levels of canteens that serve alike, by working day or not, for what has no reference of its own.
    """
    history = _History(weighed, [log_rate(w.grams, w.covers) for w in weighed], reviewed)
    marks, runs = list[Mark](), [_Run(-1), _Run(1)]
    for n, w in enumerate(weighed):
        level = history.reference(n) or like.get(w.works)
        if level is None:
            continue
        off = history.departs(n, level)
        if w.day in reviewed.new_levels:
            marks += [history.drift(run) for run in runs if run.found]
            runs = [_Run(-1), _Run(1)]
        if w.day in reviewed.dismissed or w.day in reviewed.upheld:
            continue
        if abs(off) > OUTLIER:
            marks.append(history.mark([n], drift=False))
        for place, run in enumerate(runs):
            run.add(n, off, level)
            if run.found:
                history.excluded.update(run.days)
            if run.evidence == 0:
                if run.found:
                    marks.append(history.drift(run))
                runs[place] = _Run(run.sign)
    return marks + [history.drift(run) for run in runs if run.found]


class _History:
    """The weights with what is known of each so far."""

    def __init__(self, weighed: Sequence[Weighed], logs: Sequence[float], reviewed: Reviewed) -> None:
        self.weighed, self.logs = weighed, logs
        self.begins, self.dismissed = sorted(reviewed.new_levels), reviewed.dismissed
        self.excluded = {n for n, w in enumerate(weighed) if w.day in reviewed.upheld}
        self.usual: dict[int, float] = {}
        self.levels: dict[tuple[date, date, bool], Level | None] = {}

    def reference(self, n: int) -> Level | None:
        """The level that a day is compared with: of days of its kind before its week."""
        today = self.weighed[n]
        begin = max((day for day in self.begins if day <= today.day), default=date.min)
        week = today.day - timedelta(days=today.day.weekday())
        key = begin, week, today.works
        if key not in self.levels:
            self.levels[key] = self._level(*key)
        return self.levels[key]

    def _level(self, begin: date, week: date, works: bool) -> Level | None:
        since = max(begin, week - REFERENCE_DAYS)
        logs = [self.logs[k] for k, w in enumerate(self.weighed) if since <= w.day < week and self._usable(k, works)]
        if len(logs) < REFERENCE_MIN:
            until = min((day for day in self.begins if day > begin), default=date.max)
            first = (k for k, w in enumerate(self.weighed) if begin <= w.day < until and self._usable(k, works))
            logs = [self.logs[k] for k in islice(first, REFERENCE_FIRST)]
        return level_of(logs) if len(logs) >= REFERENCE_MIN else None

    def _usable(self, k: int, works: bool) -> bool:
        return self.weighed[k].works == works and k not in self.excluded

    def departs(self, n: int, level: Level) -> float:
        """By how many spreads a day departs; an outlier is no reference for later days."""
        self.usual[n] = level.centre
        off = (self.logs[n] - level.centre) / level.spread
        if abs(off) > OUTLIER and self.weighed[n].day not in self.dismissed:
            self.excluded.add(n)
        return off

    def drift(self, run: _Run) -> Mark:
        """The mark of a run that has ended."""
        drifted = run.drifted()
        self.excluded.difference_update(n for n in run.days if n not in drifted)
        return self.mark(drifted, drift=True)

    def mark(self, days: Sequence[int], *, drift: bool) -> Mark:
        """A mark on days by their indices."""
        rate, usual = (exp(fmean(known[n] for n in days)) for known in (self.logs, self.usual))
        return Mark(drift, tuple(self.weighed[n].day for n in days), rate, usual)
