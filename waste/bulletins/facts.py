"""What a bulletin reports as fact: computed once, when it is drafted, and kept with it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import NamedTuple

from msgspec import Struct, field

from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.identifiers import CanteenId
from waste.evaluation.definitions import bound_said
from waste.evaluation.quarters import quarter_before, quarter_of
from waste.evaluation.results import NO_FIGURES, Standing, schemes_of, standings
from waste.evaluation.scheme import Scheme, schemes
from waste.flags.flags import FlagState, flag_counts
from waste.measures.over_time import measures_over
from waste.measures.schemas import GroupBy, Period, PeriodMeasures, Serving
from waste.supervision.cases import case_figures, overdue_cases
from waste.supervision.sampling import coverage
from waste.weighing.corrected import corrected_weeks

Flags = Mapping[str, Mapping[FlagState, int]]
"""A canteen's flags by rule and state."""
MEASURED = frozenset({"streams_marked", "reweigh_differs"})
"""Rules of flags that count, or were weighed again: nobody needs to uphold them."""
SERVING_OF_EARLIER_RELEASES = {
    "自助 buffet": Serving.BUFFET,
    "套餐 set meal": Serving.SET_MEAL,
    "点餐 à la carte": Serving.A_LA_CARTE,
}
"""What bulletins of earlier releases hold in place of the code."""


class Line(Struct):
    """A canteen in a ranking, its rank with a 95 % interval; ``before``: its score of the quarter before.

    ``flags``: figures of the quarter that need a look (those of earlier releases: or are wrong); ``upheld``: that are
    wrong. ``doubted``: its weights do not hold (``_doubted``). ``corrected_weeks``: weeks with corrected weights.
    """

    rank: int | None
    name_zh: str
    name_en: str
    score: float | None
    low: float | None
    high: float | None
    grade_zh: str
    to_verify: bool
    vetoed: bool
    before: float | None
    flags: int = 0
    corrected_weeks: int = 0
    rank_low: int | None = None
    rank_high: int | None = None
    canteen_id: int | None = None
    upheld: int = 0
    doubted: bool = False

    @property
    def result(self) -> tuple[object, ...]:
        """What an accepted appeal may change."""
        return self.score, self.low, self.high, self.grade_zh, self.to_verify, self.vetoed


class Scored(Struct):
    """An indicator of a scheme as it was when a bulletin was drafted, in words of both languages."""

    code: str
    name_zh: str
    name_en: str
    points: float
    rule_zh: str
    rule_en: str
    target_zh: str
    target_en: str
    limit_zh: str
    limit_en: str


class Group(Struct):
    """Peers: canteens of the same scheme that serve the same way; ``grades``: names and lowest scores, best first."""

    scheme_zh: str
    serving: str
    grades: list[tuple[str, float]]
    lines: list[Line]
    scheme_en: str = ""
    indicators: list[Scored] = field(default_factory=list)

    @property
    def serving_code(self) -> Serving:
        """How the canteens serve."""
        return SERVING_OF_EARLIER_RELEASES.get(self.serving) or Serving(self.serving)


class Overdue(Struct):
    """A case that was not closed when it was due."""

    name_zh: str
    name_en: str
    what: str
    due_on: str
    level: int


class Totals(Struct):
    """The network's quarter; None where nothing can be computed. Waste is that of ``weighed_covers``."""

    covers: int
    waste_kg: float
    grams_per_cover: float | None
    low: float | None
    high: float | None
    completeness: float | None
    co2e_kg: float
    weighed_covers: int | None = None


class Sound(Struct):
    """Grams per cover in the quarter and in the one before, without the canteens whose weights do not hold."""

    grams_per_cover: float | None
    before: float | None


class Facts(Struct):
    """Everything that a bulletin reports as fact; ``as_of``: the day on which cases were counted.

    ``sound``: none if the weights of all canteens hold.
    """

    quarter: str
    groups: list[Group]
    totals: Totals | None
    before: Totals | None
    cases: dict[str, int]
    overdue: list[Overdue]
    sampling: dict[str, int]
    as_of: str = ""
    sound: Sound | None = None

    @property
    def lines(self) -> list[Line]:
        """The canteens of all groups."""
        return [line for group in self.groups for line in group.lines]

    @property
    def doubted(self) -> list[Line]:
        """Canteens whose weights do not hold."""
        return [line for line in self.lines if line.doubted]


def grade_names_en() -> dict[str, str]:
    """English names of grades by their Chinese ones, over all schemes."""
    return {grade.name_zh: grade.name_en for scheme in schemes().known for grade in scheme.grade}


async def facts_of(ledger: Pool, quarter: date) -> Facts:
    """The facts of a quarter as they are now. Raises Problem INVALID, NOT_FOUND (not evaluated)."""
    first, last = quarter_of(quarter)
    before = quarter_before(first)
    today = datetime.now(ZONE).date()
    found = await standings(ledger, quarter)
    numbers = [one.canteen_id for one in found]
    flags = await flag_counts(ledger, numbers, first, last)
    doubts = _Doubts(flags, await corrected_weeks(ledger, numbers, first, last))
    doubted = {one.canteen_id for one in found if _doubted(one, flags.get(one.canteen_id, {}))}
    return Facts(
        quarter=str(quarter),
        groups=_groups(found, await schemes_of(ledger, quarter), await _scores(ledger, before), doubts),
        sound=await _sound(ledger, first, last, doubted) if doubted else None,
        totals=await _totals(ledger, first, last),
        before=await _totals(ledger, *quarter_of(before)),
        cases=await case_figures(ledger, first, last, today),
        overdue=[
            Overdue(case.name_zh, case.name_en, case.what, str(case.due_on), case.level)
            for case in await overdue_cases(ledger, today)
        ],
        sampling=asdict(await coverage(ledger, first.year)),
        as_of=str(today),
    )


async def revised_lines(ledger: Pool, facts: Facts) -> list[Line]:
    """Canteens whose results are not those of some facts any more, as they are now."""
    quarter = date.fromisoformat(facts.quarter)
    now = _groups(await standings(ledger, quarter), await schemes_of(ledger, quarter), {}, _Doubts({}, {}))
    # Facts of earlier releases have no numbers of canteens.
    kept: dict[int | str | None, object] = {line.canteen_id or line.name_zh: line.result for line in facts.lines}
    lines = [line for group in now for line in group.lines]
    return [
        line for line in lines
        if kept.get(line.canteen_id, kept.get(line.name_zh, line.result)) != line.result
    ]  # fmt: skip


async def _scores(ledger: Pool, quarter: date) -> dict[int, float | None]:
    try:
        return {one.canteen_id: one.score for one in await standings(ledger, quarter)}
    except Problem:  # the quarter before was never evaluated
        return {}


class _Doubts(NamedTuple):
    """Flags by rule and state, and weeks with corrections, by canteen."""

    flags: Mapping[int, Flags]
    corrected_weeks: dict[int, int]


def _doubted(one: Standing, flags: Flags) -> bool:
    """Whether a canteen's weights do not hold: falsified, a flag upheld, too many marked, or weighed again otherwise.

    Other open flags are questions; they are counted, and change nothing.
    """
    upheld = any(FlagState.UPHELD in states and rule not in NO_FIGURES for rule, states in flags.items())
    return one.vetoed or upheld or not MEASURED.isdisjoint(flags)


async def _sound(ledger: Pool, first: date, last: date, doubted: set[CanteenId]) -> Sound:
    before = quarter_of(quarter_before(first))
    return Sound(await _grams_without(ledger, first, last, doubted), await _grams_without(ledger, *before, doubted))


async def _grams_without(ledger: Pool, first: date, last: date, doubted: set[CanteenId]) -> float | None:
    months = await measures_over(ledger, first, last, by=GroupBy.CANTEEN, per=Period.MONTH)
    sound = [month for month in months if month.number not in doubted]
    covers = sum(month.weighed_covers for month in sound)
    return round(sum(month.waste_g for month in sound) / covers, 1) if covers else None


def _groups(
    found: list[Standing], known: dict[str, Scheme], before: dict[int, float | None], doubts: _Doubts
) -> list[Group]:
    groups: dict[tuple[str, str], Group] = {}
    for one in found:
        scheme, key = known[one.scheme], (one.scheme, one.serving)
        if key not in groups:
            grades = [(grade.name_zh, grade.begins) for grade in scheme.grade]
            groups[key] = Group(scheme.name_zh, one.serving, grades, [], scheme.name_en, _scored(scheme))
        groups[key].lines.append(_line(one, scheme.grade[-1].name_zh, before.get(one.canteen_id), doubts))
    return list(groups.values())


def _scored(scheme: Scheme) -> list[Scored]:
    chinese, english = Language.CHINESE, Language.ENGLISH
    return [
        Scored(
            i.code, i.name_zh, i.name_en, i.points, i.rule(chinese), i.rule(english),
            *(bound_said(i, bound, language) for bound in ("target", "limit") for language in (chinese, english)),
        )
        for i in scheme.indicator
    ]  # fmt: skip


def _line(one: Standing, last_grade: str, before: float | None, doubts: _Doubts) -> Line:
    grade, flags = one.grade_zh or (last_grade if one.vetoed else ""), doubts.flags.get(one.canteen_id, {})
    return Line(
        rank=one.rank, name_zh=one.name_zh, name_en=one.name_en, score=one.score, low=one.low, high=one.high,
        grade_zh=grade, to_verify=one.to_verify, vetoed=one.vetoed, before=before,
        flags=_in_state(flags, FlagState.OPEN), upheld=_in_state(flags, FlagState.UPHELD),
        doubted=_doubted(one, flags), corrected_weeks=doubts.corrected_weeks.get(one.canteen_id, 0),
        rank_low=one.rank_low, rank_high=one.rank_high, canteen_id=one.canteen_id,
    )  # fmt: skip


def _in_state(flags: Flags, state: FlagState) -> int:
    return sum(states.get(state, 0) for states in flags.values())


async def _totals(ledger: Pool, first: date, last: date) -> Totals | None:
    measured = await measures_over(ledger, first, last, by=GroupBy.NETWORK, per=Period.QUARTER)
    return _of_network(measured[0]) if measured else None


def _of_network(m: PeriodMeasures) -> Totals:
    waste_kg, co2e_kg = round(m.waste_g / 1000, 1), round(m.co2e_g / 1000, 1)
    return Totals(m.covers, waste_kg, m.grams_per_cover, m.low, m.high, m.completeness, co2e_kg, m.weighed_covers)
