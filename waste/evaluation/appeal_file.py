"""The appeal file of a canteen's quarter: all that its score rests on, and who did what when, as one document.

Rules and their version, the result, points with their formulas worked out, the weeks, corrections, flags, peers, audit
entries, appeals, and the definitions behind the figures.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

import web
from foundation import catalogue
from foundation.aside import Aside
from foundation.calendar import ZONE, long_date
from foundation.catalogue import Language
from foundation.named_sql import load_queries
from foundation.pdf import render
from foundation.postgres import Pool
from foundation.problems import CONFLICT, NOT_FOUND, Problem
from registry.access import Person
from registry.audit import Noted, entries_about
from registry.canteens import canteen_of
from registry.meals import Meal
from registry.models import Database
from waste.evaluation.appeals import appeal_subject, appeals_of
from waste.evaluation.definitions import bound_said, definitions, value_said
from waste.evaluation.evidence import evidence_subject, self_evaluation_subject
from waste.evaluation.formulas import Basis, basis_of, sums_of, worked_points, worked_value, worked_years
from waste.evaluation.models import Appeal
from waste.evaluation.quarters import QuarterState, quarter_name, quarter_of, state_of, year_and_quarter
from waste.evaluation.results import KeptResult, Standing, kept_results, schemes_of, standings
from waste.evaluation.scheme import Indicator, Scheme
from waste.evaluation.scoring import Known, Point, PointSource
from waste.flags.flags import Flag, flags_of
from waste.flags.schemas import FlagShown
from waste.weighing.corrected import Corrected, corrections_of

QUERIES = load_queries(Path(__file__).parent / "sql" / "appeal_file.sql")
TEMPLATE = Path(web.__file__).parent / "appeal" / "page.typ"

CORRECTIONS_MAX = 300
"""Corrections that are printed: ten pages."""
TOLD = ("text", "note", "reason", "what", "percent", "percents", "to")
"""Members of an audit entry's detail that tell people what was done."""
DASH = "—"


@dataclass(frozen=True, slots=True)
class AppealFile:
    """What the file of a canteen's quarter is made from. ``named``: whether the reader may see who its peers are."""

    quarter: date
    state: QuarterState
    scheme: Scheme
    standing: Standing
    peers: Sequence[Standing]
    kept: KeptResult
    corrections: Sequence[Corrected]
    flags: Sequence[Flag]
    entries: Sequence[Noted]
    appeals: Sequence[Appeal]
    named: bool


class Table(Struct):
    """A table; ``widths``: shares of the line."""

    widths: list[float]
    head: list[str]
    rows: list[list[str]]


class Section(Struct):
    """A numbered section: facts as name and value, sentences, a table, and sentences below it."""

    heading: str
    facts: list[tuple[str, str]] = []
    said: list[str] = []
    table: Table | None = None
    below: list[str] = []


async def appeal_file(database: Database, ledger: Pool, person: Person, quarter: date, canteen_id: int) -> AppealFile:
    """The file of a canteen's quarter.

    Raises Problem INVALID, NOT_FOUND (not this person's canteen, or not evaluated), CONFLICT (not frozen: a draft is
    for supervisors alone).
    """
    first, last = quarter_of(quarter)
    async with database() as db:
        await canteen_of(db, person, canteen_id)
        appeals = [one for one in reversed(await appeals_of(db, [canteen_id])) if one.quarter == quarter]
    found, state = await standings(ledger, quarter), await state_of(ledger, quarter)
    assert state is not None
    standing = next((one for one in found if one.canteen_id == canteen_id), None)
    if standing is None:
        raise Problem(NOT_FOUND, "evaluation.canteen_not_evaluated", canteen_id=canteen_id)
    if not state.frozen and not person.may("inspect"):
        raise Problem(CONFLICT, "evaluation.not_frozen", **year_and_quarter(quarter))
    scheme = (await schemes_of(ledger, quarter))[standing.scheme]
    flags = await flags_of(ledger, [canteen_id], first, last)
    cases = [f"case/{row['case_id']}" for row in await ledger.fetch(QUERIES["cases"], canteen_id, first, last)]
    subjects = [
        *(f"flag/{flag.flag_id}" for flag in flags if flag.reviewed_by),
        f"quarter/{quarter}", self_evaluation_subject(quarter, canteen_id),
        *(evidence_subject(quarter, canteen_id, indicator.code) for indicator in scheme.indicator),
        *(appeal_subject(appeal.appeal_id) for appeal in appeals), *cases,
    ]  # fmt: skip
    return AppealFile(
        quarter=quarter, state=state, scheme=scheme, standing=standing,
        peers=[one for one in found if (one.scheme, one.serving) == (standing.scheme, standing.serving)],
        kept=(await kept_results(ledger, quarter, [canteen_id]))[canteen_id],
        corrections=await corrections_of(ledger, [canteen_id], first, last),
        flags=flags,
        entries=await entries_about(ledger, subjects), appeals=appeals, named=person.may("inspect"),
    )  # fmt: skip


async def document(file: AppealFile, language: Language, documents: Aside, caller: str) -> bytes:
    """The file as PDF/A-2b. Raises Problem NO_FONT or UNAVAILABLE (too many ask)."""
    return await documents.remembered(render, TEMPLATE, data_of(file, language), caller=caller)


def data_of(file: AppealFile, language: Language) -> dict[str, Any]:
    """What the template sets."""
    say = _Words(language)
    sections = [
        _result(file, say), _rules(file, say), _points(file, say), *_weeks(file, say), _corrections(file, say),
        _flags(file, say), _peers(file, say), _history(file, say), _appeals(file, say), _definitions(file, say),
    ]  # fmt: skip
    return {
        "lang": language.tag.partition("-")[0],
        "title": say("title", quarter=quarter_name(file.quarter, language)),
        "canteen": say.name(file.standing),
        "page": say("page"),
        "none": say("none"),
        "sections": to_builtins(sections),
    }


class _Words:
    """Says things in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, name: str, **params: object) -> str:
        return catalogue.text(f"evaluation.file.{name}", self.language, **params)

    def heads(self, *names: str) -> list[str]:
        return [self(f"head.{name}") for name in names]

    def word(self, message_id: str, code: str) -> str:
        """The word for a code; the code itself if there is none."""
        known = f"{message_id}.{code}"
        return catalogue.text(known, self.language) if catalogue.has(known) else code

    def name(self, of: Standing | Point | Indicator | Scheme) -> str:
        return of.name_zh if self.language is Language.CHINESE else of.name_en

    def at(self, moment: datetime | None) -> str:
        return DASH if moment is None else f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}"

    def kilograms(self, grams: int | None) -> str:
        return self("taken_back") if grams is None else f"{grams / 1000:.3f}"

    def value(self, measure: str | None, value: float | None) -> str:
        return value_said(measure, value, self.language)

    def rank(self, one: Standing) -> str:
        if one.rank is None or one.rank_low is None or one.rank_high is None:
            return DASH
        return self("rank", rank=one.rank, low=one.rank_low, high=one.rank_high, peers=one.peers)

    def score(self, one: Standing) -> str:
        if one.score is None:
            return DASH
        if one.low is None or one.high is None:
            return f"{one.score:.1f}"
        return self("score", score=f"{one.score:.1f}", low=f"{one.low:.1f}", high=f"{one.high:.1f}")

    def grade(self, one: Standing) -> str:
        grade = (one.grade_zh if self.language is Language.CHINESE else one.grade_en) or DASH
        marks = [self(mark) for mark, holds in (("vetoed", one.vetoed), ("to_verify", one.to_verify)) if holds]
        return self("marked", value=grade, mark=self("comma").join(marks)) if marks else grade


def _result(file: AppealFile, say: _Words) -> Section:
    one, (first, last) = file.standing, quarter_of(file.quarter)
    frozen = say("frozen", at=say.at(file.state.frozen_at), by=file.state.frozen_by) if file.state.frozen else DASH
    facts = {
        "period": say("from_to", first=long_date(first, say.language), last=long_date(last, say.language)),
        "scheme": say("scheme", scheme=say.name(file.scheme), id=file.scheme.id, day=file.scheme.valid_from),
        "serving": say.word("measures.serving", one.serving),
        "operating": say.word("evaluation.file.operating", one.operating),
        "score": say.score(one),
        "grade": say.grade(one),
        "rank": say.rank(one),
        "revision": str(one.revision),
        "frozen": frozen,
    }
    pending = any(appeal.state == "accepted" and appeal.revision is None for appeal in file.appeals)
    return Section(
        say("section.result"), said=[say("appeal_pending")] if pending else [],
        facts=[(say(f"fact.{name}"), value) for name, value in facts.items()],
    )  # fmt: skip


def _rules(file: AppealFile, say: _Words) -> Section:
    scheme = file.scheme
    asked = [one for one in scheme.indicator if one.applies(file.standing.serving, file.standing.operating)]
    rows = [
        [
            f"{one.code} {say.name(one)}", f"{one.points:g}", bound_said(one, "target", say.language),
            bound_said(one, "limit", say.language), one.rule(say.language),
        ]
        for one in asked
    ]  # fmt: skip
    grades = [
        say("grade_from", grade=grade.name_zh if say.language is Language.CHINESE else grade.name_en,
            score=f"{grade.begins:g}")
        for grade in scheme.grade
    ]  # fmt: skip
    cap = say(
        "cap", percent=f"{100 * scheme.cap.completeness_below:g}", group=scheme.cap.group,
        share=f"{100 * scheme.cap.share:g}", marked=f"{100 * scheme.cap.marked_above:g}",
        own=f"{100 * scheme.cap.self_share:g}", inedible=f"{100 * scheme.cap.inedible_above:g}",
    )  # fmt: skip
    table = Table([5, 1.5, 3, 3, 8], say.heads("indicator", "possible", "target", "limit", "rule"), rows)
    return Section(
        say("section.rules"), said=[say("linear"), cap, say("grades", grades=say("comma").join(grades))], table=table
    )


def _points(file: AppealFile, say: _Words) -> Section:
    indicators = {one.code: one for one in file.scheme.indicator}
    bases = _bases(file)
    rows = [
        _point(point, indicators[point.code], bases.get(point.code, bases[""]), file.scheme, say)
        for point in file.kept.points
        if point.code in indicators
    ]
    counted = [point for point in file.kept.points if point.points is not None]
    got, possible = sum(point.points or 0 for point in counted), sum(point.possible for point in counted)
    below = [said for code, basis in bases.items() for said in _factors(code, basis, file, say)]
    if any(point.capped and point.source == PointSource.MEASURED for point in counted):
        below.append(_cap_reasons(file, say))
    if possible:
        below.append(say("sum", got=f"{got:.2f}", possible=f"{possible:g}", score=f"{100 * got / possible:.1f}"))
    heads = say.heads("indicator", "value", "from", "points_from", "points", "possible")
    return Section(
        say("section.points"),
        said=[say("points_said")],
        table=Table([4.2, 2.8, 5, 5, 1.5, 1.5], heads, rows),
        below=below,
    )


def _bases(file: AppealFile) -> dict[str, Basis]:
    """What the indicators were computed from: "" for all, but for those that an accepted appeal opened."""
    kept = file.kept
    found = {"": basis_of(file.scheme, sums_of([week for _, week in kept.weeks]), kept.known or Known())}
    for one in kept.reopened:
        sums = sums_of([asdict(week) for week in one.weeks.values()])
        found |= dict.fromkeys(sorted(one.codes), basis_of(file.scheme, sums, one.known))
    return found


def _point(point: Point, indicator: Indicator, basis: Basis, scheme: Scheme, say: _Words) -> list[str]:
    if point.points is None:
        source = _left_out(indicator, say)
    elif indicator.measure is None:
        source = say(f"source.{point.source}") if point.source else say("missing")
    elif point.value is None:
        source = say("not_weighed")
    else:
        source = worked_value(indicator, basis, point.value) or say("see_rule")
    most = scheme.cap.self_share if point.source == PointSource.SELF else scheme.cap.share
    points = worked_points(indicator, point, basis, most) or (DASH if point.points is None else say("by_rule"))
    if point.capped and point.points is not None:
        points = say("marked", value=points, mark=say("capped"))
    got, possible = (DASH, DASH) if point.points is None else (f"{point.points:.2f}", f"{point.possible:g}")
    return [f"{point.code} {say.name(point)}", say.value(indicator.measure, point.value), source, points, got, possible]


def _left_out(indicator: Indicator, say: _Words) -> str:
    if not indicator.least:
        return say("not_computed")
    return say(f"fewer.{indicator.measure}", least=indicator.least)


def _factors(code: str, basis: Basis, file: AppealFile, say: _Words) -> list[str]:
    """What grams were multiplied by, and last year's; of one indicator if an appeal opened it."""
    found = []
    if code:
        found.append(say("reopened", indicator=code))
    excess, sums = basis.excess(basis.sums), basis.sums
    if excess > 1:
        said = {"inedible": f"{sums['inedible_g']:g}", "waste": f"{sums['waste_g']:g}"}
        percent = f"{100 * basis.inedible_above:g}"
        found.append(say("excess", **said, percent=percent, factor=f"{excess:.6g}"))
    if basis.correction > 1:
        found.append(say("correction", factor=f"{basis.correction:.6g}"))
    before, now = worked_years(basis)
    if before and (not code or file.scheme.indicator_of(code).measure == "less_than_last_year"):
        found.append(say("years", before=before, now=now))
    return found


def _cap_reasons(file: AppealFile, say: _Words) -> str:
    """The figures that bound the points of measured indicators."""
    sums = Counter(sums_of([week for _, week in file.kept.weeks]))
    upheld = file.kept.known.upheld if file.kept.known else ()
    return say(
        "cap_reasons", upheld=len(upheld),
        **{name: f"{sums[name]:g}" for name in (
            "weighed_meals", "meals", "prepared_meals", "planned_meals", "forecast_meals", "marked_streams", "streams"
        )},
    )  # fmt: skip


def _weeks(file: AppealFile, say: _Words) -> list[Section]:
    """The weeks by what was weighed, and by the kinds of meals and streams that formulas need."""
    corrected = Counter(one.business_date - timedelta(days=one.business_date.weekday()) for one in file.corrections)
    rows, by_meal = [], []
    for begins, sums in file.kept.weeks:
        week = Counter(sums)
        grams = f"{week['waste_g'] / week['weighed_covers']:.1f}" if week["weighed_covers"] else DASH
        rows.append(
            [
                _days(file, begins, say), f"{week['covers']:,}", f"{week['weighed_meals']}/{week['meals']}",
                f"{week['weighed_covers']:,}", _kilograms(week["waste_g"]), grams, _kilograms(week["inedible_g"]),
                f"{week['marked_streams']}/{week['streams']}", str(corrected[begins]) if corrected[begins] else DASH,
            ]
        )  # fmt: skip
        eaten = [f"{_kilograms(week[f'{meal}_g'])} / {week[f'{meal}_covers']:,}" for meal in Meal]
        streams = [_kilograms(week[f"{stream}_g"]) for stream in ("unserved", "plate", "prepared")]
        by_meal.append([_days(file, begins, say), *eaten, *streams])
    heads = say.heads(
        "week", "covers", "weighed", "weighed_covers", "waste", "grams", "inedible", "marked", "corrections"
    )
    meals = [say("per_meal", meal=say.word("measures.meal", meal)) for meal in Meal]
    return [
        Section(say("section.weeks"), table=Table([3.3, 1.8, 2, 2, 2, 2, 2, 2.1, 2.4], heads, rows)),
        Section(
            say("section.weeks_by_meal"), said=[say("weeks_by_meal_said")],
            table=Table(
                [3.4, 3, 3, 3, 2.2, 2.2, 2.4],
                [*say.heads("week"), *meals, *say.heads("unserved", "plate", "prepared")], by_meal,
            ),
        ),
    ]  # fmt: skip


def _days(file: AppealFile, begins: date, say: _Words) -> str:
    first, last = quarter_of(file.quarter)
    return say("days", first=max(begins, first), last=min(begins + timedelta(days=6), last))


def _kilograms(grams: float) -> str:
    return f"{grams / 1000:,.3f}"


def _corrections(file: AppealFile, say: _Words) -> Section:
    rows = [
        [
            str(one.business_date), say.word("measures.meal", one.meal), say.word("measures.stream", one.stream),
            say.kilograms(one.weight_g_before), say.kilograms(one.weight_g),
            one.recorded_by, say.at(one.recorded_at),
        ]
        for one in file.corrections[:CORRECTIONS_MAX]
    ]  # fmt: skip
    more = len(file.corrections) - CORRECTIONS_MAX
    heads = say.heads("day", "meal", "stream", "kg_before", "kg_after", "by", "at")
    return Section(
        say("section.corrections"), table=Table([2.6, 1.6, 2.4, 2, 2, 3, 3.4], heads, rows),
        below=[say("more", count=more)] if more > 0 else [],
    )  # fmt: skip


def _flags(file: AppealFile, say: _Words) -> Section:
    rows = [
        [
            str(one.flag_id), say("days", first=one.first_day, last=one.last_day),
            say.word("measures.stream", one.stream) if one.stream else DASH,
            say.word("measures.meal", one.meal) if one.meal else DASH,
            FlagShown.of(one, say.language).text, say(f"flag.{one.state}"),
            say("decided", text=one.note, by=one.reviewed_by, at=say.at(one.reviewed_at)) if one.note else DASH,
        ]
        for one in sorted(file.flags, key=lambda flag: (flag.rule, flag.stream, flag.meal, flag.first_day))
    ]  # fmt: skip
    heads = say.heads("number", "days", "stream", "meal", "flag", "state", "note")
    return Section(
        say("section.flags"), said=[say("flags_said")], table=Table([1.6, 2.6, 2.2, 1.4, 5, 1.8, 4], heads, rows)
    )


def _peers(file: AppealFile, say: _Words) -> Section:
    """The comparison group. Of the others, a canteen sees scores and not names: those are for the bulletin."""
    mine = file.standing.canteen_id
    rows = [
        [
            say.rank(one),
            say.name(one) if file.named or one.canteen_id == mine else say("another"), say.score(one), say.grade(one),
        ]
        for one in file.peers
    ]  # fmt: skip
    group = say(
        "group", scheme=say.name(file.scheme), serving=say.word("measures.serving", file.standing.serving),
        count=len(file.peers),
    )  # fmt: skip
    heads = say.heads("rank", "canteen", "score", "grade")
    return Section(say("section.peers"), said=[group], table=Table([3.5, 6, 4, 4], heads, rows))


def _history(file: AppealFile, say: _Words) -> Section:
    rows = [
        [
            say.at(one.at),
            one.actor,
            say.word("evaluation.file.action", one.action),
            _subject(one, file, say),
            _told(one, say),
        ]
        for one in file.entries
    ]
    heads = say.heads("at", "by", "action", "subject", "content")
    return Section(say("section.history"), table=Table([3, 2.6, 2.8, 4.2, 5], heads, rows))


def _subject(entry: Noted, file: AppealFile, say: _Words) -> str:
    """What an entry is about, in words: the quarter, an indicator, or the number of an appeal, case or flag."""
    kind, *parts = entry.subject.split("/")
    number = parts[-1]
    if kind == "quarter":
        return quarter_name(file.quarter, say.language)
    indicator = next((one for one in file.scheme.indicator if one.code == number), None)
    named = number if indicator is None else f"{number} {say.name(indicator)}"
    # A self-evaluation is of a canteen's whole quarter.
    return say.word("evaluation.file.subject", kind) + ("" if kind == "self-evaluation" else f" {named}")


def _told(entry: Noted, say: _Words) -> str:
    said = []
    for name in TOLD:
        value = entry.detail.get(name)
        if name == "to" and value is not None:
            value = say.word("evaluation.file.to", value)
        if isinstance(value, dict):
            said.append(", ".join(f"{code} {percent}%" for code, percent in sorted(value.items())))
        elif value is not None:
            said.append(f"{value}%" if name == "percent" else str(value))
    return "; ".join(said) or DASH


def _appeals(file: AppealFile, say: _Words) -> Section:
    rows = [
        [
            str(one.appeal_id), say("by_at", by=one.raised_by, at=say.at(one.raised_at)), _against(one, say),
            say(f"appeal.{one.state}"),
            DASH if one.decision is None else say("decided", text=one.decision, by=one.decided_by,
                                                  at=say.at(one.decided_at)),
        ]
        for one in file.appeals
    ]  # fmt: skip
    heads = say.heads("number", "raised", "text", "state", "decision")
    return Section(say("section.appeals"), table=Table([2, 3.4, 5, 2, 5], heads, rows))


def _against(appeal: Appeal, say: _Words) -> str:
    named = [*appeal.codes, *([say("the_veto")] if appeal.veto else [])]
    return say("against", named=say("comma").join(named), text=appeal.text) if named else appeal.text


def _definitions(file: AppealFile, say: _Words) -> Section:
    terms = definitions(file.quarter, say.language)
    return Section(say("section.definitions"), said=[say("flw")], facts=[(term.name, term.text) for term in terms])
