"""What a bulletin reports as fact: computed once, when it is drafted, and kept with it."""

from dataclasses import asdict
from datetime import date, datetime
from typing import NamedTuple

from msgspec import Struct, field

from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.postgres import Pool
from foundation.problems import Problem
from waste.evaluation.definitions import bound_said
from waste.evaluation.quarters import quarter_before, quarter_of
from waste.evaluation.results import Standing, schemes_of, standings
from waste.evaluation.scheme import Scheme, schemes
from waste.flags.flags import flag_counts
from waste.measures.over_time import measures_over
from waste.measures.schemas import GroupBy, Period, PeriodMeasures, Serving
from waste.supervision.cases import case_figures, overdue_cases
from waste.supervision.sampling import coverage
from waste.weighing.corrected import corrected_weeks

SERVING_OF_EARLIER_RELEASES = {
    "自助 buffet": Serving.BUFFET,
    "套餐 set meal": Serving.SET_MEAL,
    "点餐 à la carte": Serving.A_LA_CARTE,
}
"""What bulletins of earlier releases hold in place of the code."""


class Line(Struct):
    """A canteen in a ranking, its rank with a 95 % interval; ``before``: its score of the quarter before.

    ``flags``: figures of the quarter that need a look or are wrong. ``corrected_weeks``: weeks with corrected weights.
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
    """The network's quarter; None where nothing can be computed."""

    covers: int
    waste_kg: float
    grams_per_cover: float | None
    low: float | None
    high: float | None
    completeness: float | None
    co2e_kg: float


class Facts(Struct):
    """Everything that a bulletin reports as fact; ``as_of``: the day on which cases were counted."""

    quarter: str
    groups: list[Group]
    totals: Totals | None
    before: Totals | None
    cases: dict[str, int]
    overdue: list[Overdue]
    sampling: dict[str, int]
    as_of: str = ""


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
    flags = {number: sum(rules.values()) for number, rules in (await flag_counts(ledger, numbers, first, last)).items()}
    doubts = _Doubts(flags, await corrected_weeks(ledger, numbers, first, last))
    return Facts(
        quarter=str(quarter),
        groups=_groups(found, await schemes_of(ledger, quarter), await _scores(ledger, before), doubts),
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
    kept: dict[int | str | None, object] = {
        line.canteen_id or line.name_zh: line.result for group in facts.groups for line in group.lines
    }
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
    """Flags, and weeks with corrections, by canteen."""

    flags: dict[int, int]
    corrected_weeks: dict[int, int]


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
    grade = one.grade_zh or (last_grade if one.vetoed else "")
    return Line(
        rank=one.rank, name_zh=one.name_zh, name_en=one.name_en, score=one.score, low=one.low, high=one.high,
        grade_zh=grade, to_verify=one.to_verify, vetoed=one.vetoed, before=before,
        flags=doubts.flags.get(one.canteen_id, 0), corrected_weeks=doubts.corrected_weeks.get(one.canteen_id, 0),
        rank_low=one.rank_low, rank_high=one.rank_high, canteen_id=one.canteen_id,
    )  # fmt: skip


async def _totals(ledger: Pool, first: date, last: date) -> Totals | None:
    measured = await measures_over(ledger, first, last, by=GroupBy.NETWORK, per=Period.QUARTER)
    return _of_network(measured[0]) if measured else None


def _of_network(m: PeriodMeasures) -> Totals:
    waste_kg, co2e_kg = round(m.waste_g / 1000, 1), round(m.co2e_g / 1000, 1)
    return Totals(m.covers, waste_kg, m.grams_per_cover, m.low, m.high, m.completeness, co2e_kg)
