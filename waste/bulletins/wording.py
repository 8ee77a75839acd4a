"""The sentences that facts suggest: praise before warnings. People edit them before a bulletin is published.

What canteens did well (主要做法) is for people to write: the draft leaves it empty, and an empty section is left out.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from foundation import catalogue
from foundation.calendar import long_date
from foundation.catalogue import Language
from waste.bulletins.facts import Facts, Group, Line, Totals, grade_names_en
from waste.evaluation.definitions import definitions
from waste.evaluation.quarters import quarter_name

SECTIONS = ("foreword", "good", "warnings", "closing")
"""The texts with headings, in order: 总体情况, 主要做法, 存在问题, 下一步工作要求."""
TEXTS = ("title", "basis", *SECTIONS, "method")
"""All texts of a bulletin; ``basis`` stands before the first heading, ``method`` is an annex."""
NUMERALS = "一二三四五六七八九十"


def draft_texts(facts: Facts) -> dict[str, str]:
    """The texts of a new draft: official Chinese."""
    say = Language.CHINESE
    return {
        "title": title(facts, say),
        "basis": basis(facts, say),
        "foreword": overview(facts, say),
        "good": "",
        "warnings": "\n".join(_numbered(_problems(facts, say))),
        "closing": "\n".join(_numbered(_next_steps(facts, say))),
        "method": "\n".join(method(facts, say)),
    }


def headed(texts: dict[str, str], language: Language) -> list[tuple[str, list[str]]]:
    """The sections that have a text, with their headings numbered 一、二、三、 and their paragraphs."""
    said = [(name, texts.get(name, "").split("\n")) for name in SECTIONS if texts.get(name, "").strip()]
    return [
        (f"{NUMERALS[place]}、{_said(f'heading.{name}', language)}", [line for line in lines if line.strip()])
        for place, (name, lines) in enumerate(said)
    ]


def _numbered(points: Sequence[str]) -> list[str]:
    """Points as paragraphs （一）, （二）; a single one needs no number."""
    return list(points) if len(points) < 2 else [f"（{NUMERALS[n]}）{point}" for n, point in enumerate(points)]


def title(facts: Facts, language: Language) -> str:
    """The title of a bulletin about a quarter."""
    return _said("title", language, quarter=quarter_name(date.fromisoformat(facts.quarter), language))


def overview(facts: Facts, language: Language) -> str:
    """How many canteens were evaluated with which grades, and the network's figures."""
    sentences = [_evaluated(facts, language)]
    if facts.totals is not None:
        sentences += _figures(facts, facts.totals, language)
    sentences += [*_inspected(facts, language), *_best(facts, language)]
    return ("" if language is Language.CHINESE else " ").join(sentences)


def basis(facts: Facts, language: Language) -> str:
    """On what the evaluation rests."""
    return _said("basis", language, quarter=quarter_name(date.fromisoformat(facts.quarter), language))


def method(facts: Facts, language: Language) -> list[str]:
    """How the figures and scores were made: definitions, scoring, grades."""
    terms = definitions(date.fromisoformat(facts.quarter), language)
    colon = _said("label.colon", language)
    return [
        _said("method.terms", language), *(f"{term.name}{colon}{term.text}" for term in terms),
        _said("method.score", language), _said("method.grade", language),
    ]  # fmt: skip


def grade_of(line: Line, language: Language) -> str:
    """A canteen's grade for people: to be verified, or vetoed, if it is."""
    grade = grade_name(line.grade_zh, language)
    if line.vetoed:
        return _said("grade_vetoed", language, grade=grade)
    if line.to_verify:
        return _said("grade_to_verify", language, grade=grade) if grade else _said("to_verify", language)
    return grade


def grade_name(name_zh: str, language: Language) -> str:
    """The name of a grade in a language; the Chinese one if no scheme has it any more."""
    return name_zh if language is Language.CHINESE else grade_names_en().get(name_zh, name_zh)


def change_said(now: float, before: float, language: Language) -> str:
    """A change against the quarter before, in percent."""
    percent = round(100 * (now / before - 1), 1)
    kind = "down" if percent < 0 else "up" if percent > 0 else "same"
    return _said(f"change_{kind}", language, percent=f"{abs(percent):g}")


def _said(name: str, language: Language, **params: str | int) -> str:
    return catalogue.text(f"bulletins.{name}", language, **params)


def _evaluated(facts: Facts, language: Language) -> str:
    lines = [line for group in facts.groups for line in group.lines]
    if not lines:
        return _said("none_evaluated", language)
    counts = Counter(_counted_as(line, language) for line in lines)
    grades = [grade_name(name, language) for group in facts.groups for name, _ in group.grades]
    # Whatever is counted is also named, so that the counts add up.
    names = dict.fromkeys([*grades, *counts, _said("to_verify", language), _said("no_score", language)])
    last = [_said("to_verify", language), _said("no_score", language)]
    order = [*(name for name in names if name not in last), *last]
    said = [_said("grade_count", language, grade=name, count=counts[name]) for name in order if counts[name]]
    return _said("evaluated", language, count=len(lines), grades=_said("comma", language).join(said))


def _counted_as(line: Line, language: Language) -> str:
    """The grade under which a canteen is counted; every canteen is counted once."""
    if line.grade_zh and (line.vetoed or not line.to_verify):
        return grade_name(line.grade_zh, language)
    return _said("no_score" if line.score is None else "to_verify", language)


def _figures(facts: Facts, now: Totals, language: Language) -> list[str]:
    before = facts.before
    figures: dict[str, str | int] = {"covers": now.covers, "waste": f"{now.waste_kg:.0f}"}
    # Weights may still be corrected; bulletins of earlier releases have no day.
    if facts.as_of:
        figures["day"] = _as_of(facts, language)
    sentences = [_said("covers_and_waste_as_of" if facts.as_of else "covers_and_waste", language, **figures)]
    if now.grams_per_cover is not None:
        grams = f"{now.grams_per_cover:g}"
        if before is not None and before.grams_per_cover:
            change = change_said(now.grams_per_cover, before.grams_per_cover, language)
            sentences.append(_said("per_cover_changed", language, grams=grams, change=change))
        else:
            sentences.append(_said("per_cover", language, grams=grams))
    if now.completeness is not None:
        sentences.append(_said("completeness", language, percent=f"{100 * now.completeness:.1f}"))
    return sentences


def _inspected(facts: Facts, language: Language) -> list[str]:
    inspected, canteens = facts.sampling["inspected"], facts.sampling["canteens"]
    if not canteens or not facts.as_of:
        return []
    percent = f"{100 * inspected / canteens:.1f}"
    counts = {"inspected": inspected, "canteens": canteens}
    return [_said("inspected", language, day=_as_of(facts, language), percent=percent, **counts)]


def _best(facts: Facts, language: Language) -> list[str]:
    best = [line for group in facts.groups for line in group.lines if _is_good(line, group)]
    return _of_canteens("best", best, language)


def _is_good(line: Line, group: Group) -> bool:
    second_grade = group.grades[min(1, len(group.grades) - 1)][1]
    return line.rank == 1 and not line.to_verify and (line.score or 0) >= second_grade


def _problems(facts: Facts, language: Language) -> list[str]:
    certain, doubtful = _failed(facts)
    failed = [*_of_canteens("failed", certain, language), *_of_canteens("failed_to_verify", doubtful, language)]
    return [*(failed or [_said("none_failed", language)]), _cases(facts, language)]


def _failed(facts: Facts) -> tuple[list[Line], list[Line]]:
    """Canteens of the last grade: those that have it for certain, and those whose grade is to be verified."""
    failed = [
        line for group in facts.groups for line in group.lines if line.vetoed or line.grade_zh == group.grades[-1][0]
    ]
    certain = [line for line in failed if line.vetoed or not line.to_verify]
    return certain, [line for line in failed if line not in certain]


def _of_canteens(name: str, lines: list[Line], language: Language) -> list[str]:
    if not lines:
        return []
    names = [line.name_zh if language is Language.CHINESE else line.name_en for line in lines]
    return [_said(name, language, canteens=_said("comma", language).join(names))]


def _cases(facts: Facts, language: Language) -> str:
    day = _as_of(facts, language)
    counts = {name: facts.cases[name] for name in ("open", "overdue")}
    if not counts["open"]:
        return _said("no_cases", language, day=day)
    return _said("cases_overdue" if counts["overdue"] else "cases_open", language, day=day, **counts)


def _next_steps(facts: Facts, language: Language) -> list[str]:
    certain, _ = _failed(facts)
    steps = ["next_cases"] if certain or facts.cases["open"] else []
    return [_said(name, language) for name in (*steps, "next_weighing", "next_examples")]


def _as_of(facts: Facts, language: Language) -> str:
    return long_date(date.fromisoformat(facts.as_of), language)
