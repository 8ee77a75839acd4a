"""A bulletin in one language, ready for the page and for the document.

The texts that people write are Chinese. In English there are the facts, with an overview made from them. The page and
the document say the same in the same words; the document has the form of GB/T 9704-2012.
"""

import re
from datetime import date

from msgspec import Struct, json

from foundation import catalogue
from foundation.calendar import ZONE, long_date
from foundation.catalogue import Language
from waste.bulletins.bulletins import Annex, Issue, kept_facts
from waste.bulletins.facts import Facts, Group, Line, Overdue, Scored, Totals
from waste.bulletins.models import Bulletin
from waste.bulletins.wording import (
    change_said,
    draft_texts,
    grade_name,
    grade_of,
    headed,
    method,
    next_steps,
    note_of,
    overview,
    per_cover,
    problems,
    title,
)
from waste.supervision.cases import LEVELS
from waste.supervision.sampling import SHARE

LABELS = (
    "product", "number", "canteen", "finding", "due", "level", "facts_as_json",
    "all_bulletins", "annex", "colon", "copy_to", "file_of_issuers", "rank", "grade", "note",
    "interval", "indicator", "points", "full_points_at", "no_points_at", "formula",
)  # fmt: skip
"""Messages ``bulletins.label.<name>``."""
MINUS = "\N{MINUS SIGN}"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
IDEOGRAPHIC_SPACE = "\u3000"


class ShownLine(Struct):
    """A canteen's bar in the ranking; ``said``: score, change and grade, which also stand apart for a table."""

    rank: int | None
    rank_said: str
    name: str
    score: float | None
    low: float | None
    high: float | None
    vetoed: bool
    said: str
    interval: str
    grade: str
    note: str


class ShownGroup(Struct):
    """The ranking of a peer group; ``begins``: the lowest scores of its grades."""

    title: str
    grades: str
    begins: list[float]
    lines: list[ShownLine]


class ShownScheme(Struct):
    """The indicators of a scheme: code and name, points, where all and where none are had, what the score rests on."""

    title: str
    indicators: list[list[str]]


class ShownAnnex(Struct):
    """An annex and its title; ``label``: 附件, numbered if there are several."""

    kind: Annex
    label: str
    title: str


class Presentation(Struct):
    """Everything that a reader of a bulletin sees, in one language.

    ``mark``: above each page of one that does not hold: a draft, or replaced, or with results that were revised since.
    ``notices``: the same in a sentence, with the other bulletin's number. ``original``: that the bulletin's own text is
    in Chinese, for readers of another language.
    """

    language: Language
    title: str
    number: int
    published: str
    mark: str
    notices: list[tuple[str, int | None]]
    labels: dict[str, str]
    legend: str
    print_legend: str
    original: str
    figures: list[tuple[str, str]]
    issuers: list[str]
    document_number: str
    addressees: str
    basis: list[str]
    sections: list[tuple[str, list[str]]]
    annexes: list[ShownAnnex]
    signed_on: str
    copy_to: str
    printed_on: str
    groups: list[ShownGroup]
    overdue: list[list[str]]
    method: list[str]
    schemes: list[ShownScheme]


def present(issue: Issue, language: Language) -> Presentation:
    """A bulletin in a language."""
    bulletin = issue.bulletin
    facts = kept_facts(bulletin)
    official = language is Language.CHINESE
    signed_on = long_date(bulletin.signed_on, language) if bulletin.signed_on else ""
    return Presentation(
        language=language,
        title=title_of(bulletin, language),
        number=bulletin.bulletin_id,
        published=_published(bulletin, language),
        mark=_mark(issue, language),
        notices=_notices(issue, language),
        labels={name: label(name, language) for name in LABELS},
        legend=_legend("legend", facts, language),
        print_legend=_legend("print_legend", facts, language),
        original="" if official else label("texts_in_chinese", language),
        figures=_figures(facts, language),
        issuers=bulletin.issuers if official else [],
        document_number=document_number(bulletin) if official and bulletin.issuers else "",
        addressees=_with_colon(bulletin.addressees) if official else "",
        basis=[*_replaces(issue, language), *(_lines(bulletin.texts.get("basis", "")) if official else [])],
        sections=_sections(bulletin, facts, language),
        annexes=_annexes(bulletin, facts, language),
        signed_on=signed_on,
        copy_to=bulletin.copy_to if official else "",
        printed_on=label("printed_on", language, day=signed_on) if signed_on else "",
        groups=[_group(group, language) for group in facts.groups],
        overdue=[_overdue(case, language) for case in facts.overdue],
        method=_lines(bulletin.texts.get("method", "")) if official else method(facts, language),
        schemes=_schemes(facts, language),
    )


def frozen_figures(facts: Facts, language: Language) -> list[tuple[str, str]]:
    """The figures at the head of a bulletin: name and value."""
    return _figures(facts, language)


def numbers_of(facts: Facts) -> list[str]:
    """Every number that the facts give rise to, in texts, ranking and annexes; without separators of thousands."""
    official = Language.CHINESE
    shown = (
        draft_texts(facts), _figures(facts, official), [_group(group, official) for group in facts.groups],
        [_overdue(case, official) for case in facts.overdue], _schemes(facts, official),
    )  # fmt: skip
    said = json.encode(shown).decode().replace(",", "")
    return sorted(set(_NUMBER.findall(said)))


def _mark(issue: Issue, language: Language) -> str:
    if issue.bulletin.published_at is None:
        return label("draft", language)
    if issue.replaced_by is not None:
        return replaced_said(issue.replaced_by, language)
    return label("revised", language) if issue.revised else ""


def _notices(issue: Issue, language: Language) -> list[tuple[str, int | None]]:
    notices: list[tuple[str, int | None]] = []
    if by := issue.replaced_by:
        notices.append((label("replaced_by", language, **_cited(by, language)), by.bulletin_id))
    if issue.revised:
        names = catalogue.text("bulletins.comma", language).join(_name(line, language) for line in issue.revised)
        notices.append((label("revised_since", language, canteens=names), None))
    return notices


def _replaces(issue: Issue, language: Language) -> list[str]:
    if issue.replaces is None:
        return []
    return [label("replaces", language, **_cited(issue.replaces, language))]


def _cited(bulletin: Bulletin, language: Language) -> dict[str, str]:
    return {
        "day": published_on(bulletin, language), "title": title_of(bulletin, language),
        "number": number_of(bulletin, language),
    }  # fmt: skip


def replaced_said(by: Bulletin, language: Language) -> str:
    """That a bulletin was replaced, in a few words."""
    return label("replaced", language, number=number_of(by, language))


def number_of(bulletin: Bulletin, language: Language) -> str:
    """The document's number if it is registered, else the number by which it is found here."""
    if language is Language.CHINESE and bulletin.issuers and bulletin.serial:
        return document_number(bulletin)
    return f"{label('number', language)}{bulletin.bulletin_id}"


def document_number(bulletin: Bulletin) -> str:
    """The document's number (发文字号), with room for the serial until it is registered."""
    year = bulletin.year or bulletin.drafted_at.astimezone(ZONE).year
    return f"{bulletin.issuer_code}〔{year}〕{bulletin.serial or IDEOGRAPHIC_SPACE}号"


def _with_colon(addressees: str) -> str:
    return f"{addressees.rstrip('：:')}：" if addressees else ""


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _annexes(bulletin: Bulletin, facts: Facts, language: Language) -> list[ShownAnnex]:
    """The annexes that were chosen and have something to show, numbered."""
    chosen = [kind for kind in Annex if bulletin.annexes is None or kind in bulletin.annexes]
    has_method = language is not Language.CHINESE or bulletin.texts.get("method", "").strip()
    empty = {Annex.OVERDUE: not facts.overdue, Annex.RANKING: not facts.groups, Annex.METHOD: not has_method}
    kinds = [kind for kind in chosen if not empty[kind]]
    gap = "" if language is Language.CHINESE else " "
    annex = label("annex", language)
    return [
        ShownAnnex(
            kind,
            annex if len(kinds) == 1 else f"{annex}{gap}{place}",
            catalogue.text(f"bulletins.annex.{kind}", language),
        )
        for place, kind in enumerate(kinds, start=1)
    ]


def _schemes(facts: Facts, language: Language) -> list[ShownScheme]:
    shown: dict[str, ShownScheme] = {}
    for group in facts.groups:
        if group.indicators:
            title = label("indicators", language, scheme=_scheme(group, language))
            shown[group.scheme_zh] = ShownScheme(title, [_scored(one, language) for one in group.indicators])
    return list(shown.values())


def _scored(one: Scored, language: Language) -> list[str]:
    chinese = language is Language.CHINESE
    return [
        f"{one.code} {one.name_zh if chinese else one.name_en}", f"{one.points:g}",
        one.target_zh if chinese else one.target_en, one.limit_zh if chinese else one.limit_en,
        one.rule_zh if chinese else one.rule_en,
    ]  # fmt: skip


def _scheme(group: Group, language: Language) -> str:
    return group.scheme_zh if language is Language.CHINESE else group.scheme_en or group.scheme_zh


def label(name: str, language: Language, **params: str | int) -> str:
    """A word or sentence of the page and the document."""
    return catalogue.text(f"bulletins.label.{name}", language, **params)


def title_of(bulletin: Bulletin, language: Language) -> str:
    """The bulletin's own title in Chinese; in English the usual one of its quarter."""
    if language is Language.CHINESE:
        return str(bulletin.texts["title"])
    return title(kept_facts(bulletin), language)


def published_on(bulletin: Bulletin, language: Language) -> str:
    """The day of publication, for people."""
    assert bulletin.published_at is not None
    return long_date(bulletin.published_at.astimezone(ZONE).date(), language)


def _published(bulletin: Bulletin, language: Language) -> str:
    if bulletin.published_at is None:
        return label("draft", language)
    return label("published_on", language, day=published_on(bulletin, language))


def _name(of: Line | Overdue, language: Language) -> str:
    return of.name_zh if language is Language.CHINESE else of.name_en


def _sections(bulletin: Bulletin, facts: Facts, language: Language) -> list[tuple[str, list[str]]]:
    """Headings with paragraphs: the texts in Chinese, what the facts suggest in English."""
    if language is Language.CHINESE:
        return headed(bulletin.texts, language)
    said = {"foreword": [overview(facts, language)]}
    if facts.as_of:  # Facts of earlier releases have no day on which cases were counted.
        said |= {"warnings": problems(facts, language), "closing": next_steps(facts, language)}
    return [(catalogue.text(f"bulletins.heading.{name}", language), lines) for name, lines in said.items()]


def _legend(name: str, facts: Facts, language: Language) -> str:
    """How to read the ranking; what it does not have is not explained."""
    names = [name]
    if any(line.rank_low != line.rank_high for line in facts.lines):
        names.append("legend_ranks")
    if name == "legend" and any(line.before is not None for line in facts.lines):
        names.append("legend_changes")
    return ("" if language is Language.CHINESE else " ").join(label(each, language) for each in names)


def _figures(facts: Facts, language: Language) -> list[tuple[str, str]]:
    """Name and value of the figures at the top."""
    figures = [] if facts.totals is None else _waste_figures(facts, facts.totals, language)
    cases = {name: facts.cases[name] for name in ("opened", "closed", "overdue")}
    figures.append((label("cases", language), label("cases_value", language, **cases)))
    inspected, canteens = facts.sampling["inspected"], facts.sampling["canteens"]
    if canteens:
        percent, least = f"{100 * inspected / canteens:.1f}", f"{100 * SHARE:g}"
        counts = {"inspected": inspected, "canteens": canteens}
        value = label("inspected_value", language, percent=percent, least=least, **counts)
        figures.append((label("inspected", language), value))
    return figures


def _waste_figures(facts: Facts, now: Totals, language: Language) -> list[tuple[str, str]]:
    figures = [
        (label("covers", language), f"{now.covers:,}"),
        (label("waste", language), label("kilograms", language, kilograms=f"{now.waste_kg:,.0f}")),
    ]
    grams, before = per_cover(facts, now)
    if grams is not None:
        value = label("grams", language, grams=f"{grams:g}")
        if before:
            value = label("with_change", language, value=value, change=change_said(grams, before, language))
        name = label("per_cover", language)
        if facts.sound is not None and facts.sound.grams_per_cover is not None:
            name = label("per_cover_without", language, count=len(facts.doubted))
        figures.append((name, value))
    if now.completeness is not None:
        figures.append((label("completeness", language), f"{100 * now.completeness:.1f}%"))
    figures.append((label("co2e", language), label("kilograms", language, kilograms=f"{now.co2e_kg:,.0f}")))
    return figures


def _group(group: Group, language: Language) -> ShownGroup:
    scheme = _scheme(group, language)
    serving = catalogue.text(f"measures.serving.{group.serving_code}", language)
    grades = [(grade_name(name, language), begins) for name, begins in group.grades if begins]
    said = [label("grade_line", language, grade=name, score=f"{begins:g}") for name, begins in grades]
    return ShownGroup(
        title=label("group", language, scheme=scheme, serving=serving),
        grades=catalogue.text("bulletins.comma", language).join(said),
        begins=[begins for _, begins in grades],
        lines=[_line(line, language) for line in group.lines],
    )


def _line(line: Line, language: Language) -> ShownLine:
    return ShownLine(
        line.rank, _rank(line, language), _name(line, language), line.score, line.low, line.high, line.vetoed,
        _score(line, language), _interval(line, language), grade_of(line, language), note_of(line, language),
    )  # fmt: skip


def _rank(line: Line, language: Language) -> str:
    """The rank with its interval, unless that is the rank alone; of earlier releases, without."""
    if line.rank is None or line.rank_low is None or line.rank_high is None or line.rank_low == line.rank_high:
        return str(line.rank or "—")
    return label("spread", language, score=str(line.rank), low=str(line.rank_low), high=str(line.rank_high))


def _interval(line: Line, language: Language) -> str:
    """Score with its interval, and its change."""
    if line.score is None or line.low is None or line.high is None:
        return "—"
    interval = {"score": f"{line.score:.1f}", "low": f"{line.low:.1f}", "high": f"{line.high:.1f}"}
    return label("spread", language, **interval)


def _score(line: Line, language: Language) -> str:
    """Score, its change, and grade."""
    if line.score is None:
        return grade_of(line, language)
    score = f"{line.score:.1f}"
    if line.before is not None:
        change = _change(round(line.score - line.before, 1), language)
        score = label("with_change", language, value=score, change=change)
    return label("score_and_grade", language, score=score, grade=grade_of(line, language))


def _change(points: float, language: Language) -> str:
    if not points:
        return label("unchanged", language)
    return f"{'+' if points > 0 else MINUS}{abs(points):.1f}"


def _overdue(case: Overdue, language: Language) -> list[str]:
    level = catalogue.text(f"supervision.level.{LEVELS[case.level]}", language)
    return [_name(case, language), case.what, str(date.fromisoformat(case.due_on)), level]
