"""A bulletin in one language, ready for the page and for the document.

The texts that people write are Chinese. In English there are the facts, with an overview made from them.
"""

from datetime import date

from msgspec import Struct

from foundation import catalogue
from foundation.calendar import ZONE
from foundation.catalogue import Language
from waste.bulletins.bulletins import kept_facts
from waste.bulletins.facts import Facts, Group, Line, Overdue, Totals
from waste.bulletins.models import Bulletin
from waste.bulletins.wording import TEXTS, change_said, day_said, grade_name, grade_of, overview, title
from waste.supervision.cases import LEVELS
from waste.supervision.sampling import SHARE

LABELS = (
    "product", "number", "ranking", "legend", "overdue", "canteen", "finding", "due", "level", "facts_as_json",
    "all_bulletins", "other_language", "page",
)  # fmt: skip
"""Messages ``bulletins.label.<name>``; ``page`` keeps its placeholders."""


MINUS = "\N{MINUS SIGN}"


class ShownLine(Struct):
    """A canteen's bar in the ranking; ``said``: score, change and grade."""

    rank: int | None
    name: str
    score: float | None
    low: float | None
    high: float | None
    vetoed: bool
    said: str


class ShownGroup(Struct):
    """The ranking of a peer group; ``begins``: the lowest scores of its grades."""

    title: str
    grades: str
    begins: list[float]
    lines: list[ShownLine]


class Presentation(Struct):
    """Everything that a reader of a bulletin sees, in one language."""

    language: Language
    title: str
    number: int
    published: str
    labels: dict[str, str]
    figures: list[tuple[str, str]]
    sections: list[tuple[str, list[str]]]
    groups: list[ShownGroup]
    overdue: list[list[str]]


def present(bulletin: Bulletin, language: Language) -> Presentation:
    """A bulletin in a language."""
    facts = kept_facts(bulletin)
    return Presentation(
        language=language,
        title=title_of(bulletin, language),
        number=bulletin.bulletin_id,
        published=_published(bulletin, language),
        labels={name: label(name, language) for name in LABELS},
        figures=_figures(facts, language),
        sections=_sections(bulletin, facts, language),
        groups=[_group(group, language) for group in facts.groups],
        overdue=[_overdue(case, language) for case in facts.overdue],
    )


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
    return day_said(bulletin.published_at.astimezone(ZONE).date(), language)


def _published(bulletin: Bulletin, language: Language) -> str:
    if bulletin.published_at is None:
        return label("draft", language)
    return label("published_on", language, day=published_on(bulletin, language))


def _name(of: Line | Overdue, language: Language) -> str:
    return of.name_zh if language is Language.CHINESE else of.name_en


def _sections(bulletin: Bulletin, facts: Facts, language: Language) -> list[tuple[str, list[str]]]:
    """Headings with paragraphs: the texts in Chinese, the overview of the facts in English."""
    if language is not Language.CHINESE:
        return [(label("overview", language), [overview(facts, language), label("texts_in_chinese", language)])]
    return [
        (catalogue.text(f"bulletins.heading.{name}", language), bulletin.texts[name].splitlines()) for name in TEXTS
    ]


def _figures(facts: Facts, language: Language) -> list[tuple[str, str]]:
    """Name and value of the figures at the top."""
    figures = [] if facts.totals is None else _waste_figures(facts.totals, facts.before, language)
    cases = {name: facts.cases[name] for name in ("opened", "closed", "overdue")}
    figures.append((label("cases", language), label("cases_value", language, **cases)))
    inspected, canteens = facts.sampling["inspected"], facts.sampling["canteens"]
    if canteens:
        percent, least = f"{100 * inspected / canteens:.1f}", f"{100 * SHARE:g}"
        counts = {"inspected": inspected, "canteens": canteens}
        value = label("inspected_value", language, percent=percent, least=least, **counts)
        figures.append((label("inspected", language), value))
    return figures


def _waste_figures(now: Totals, before: Totals | None, language: Language) -> list[tuple[str, str]]:
    figures = [
        (label("covers", language), f"{now.covers:,}"),
        (label("waste", language), label("kilograms", language, kilograms=f"{now.waste_kg:,.0f}")),
    ]
    if now.grams_per_cover is not None:
        value = label("grams", language, grams=f"{now.grams_per_cover:g}")
        if before is not None and before.grams_per_cover:
            change = change_said(now.grams_per_cover, before.grams_per_cover, language)
            value = label("with_change", language, value=value, change=change)
        figures.append((label("per_cover", language), value))
    if now.completeness is not None:
        figures.append((label("completeness", language), f"{100 * now.completeness:.1f}%"))
    figures.append((label("co2e", language), label("kilograms", language, kilograms=f"{now.co2e_kg:,.0f}")))
    return figures


def _group(group: Group, language: Language) -> ShownGroup:
    scheme = group.scheme_zh if language is Language.CHINESE else group.scheme_en or group.scheme_zh
    serving = catalogue.text(f"measures.serving.{group.serving_code}", language)
    grades = [(grade_name(name, language), begins) for name, begins in group.grades if begins]
    said = [label("grade_line", language, grade=name, score=f"{begins:g}") for name, begins in grades]
    return ShownGroup(
        title=label("group", language, scheme=scheme, serving=serving),
        grades=catalogue.text("bulletins.comma", language).join(said),
        begins=[begins for _, begins in grades],
        lines=[
            ShownLine(
                line.rank, _name(line, language), line.score, line.low, line.high, line.vetoed, _score(line, language)
            )
            for line in group.lines
        ],
    )


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
