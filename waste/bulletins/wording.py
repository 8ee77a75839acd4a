"""The sentences that facts suggest: praise before warnings. People edit them before a bulletin is published."""

from collections import Counter
from datetime import date

from foundation import catalogue
from foundation.catalogue import Language
from waste.bulletins.facts import Facts, Group, Line, Totals, grade_names_en
from waste.evaluation.quarters import quarter_name

TEXTS = ("foreword", "good", "warnings", "closing")
"""The texts of a bulletin besides its title, in order; messages ``bulletins.heading.<name>`` head them."""


def draft_texts(facts: Facts) -> dict[str, str]:
    """The texts of a new draft: official Chinese."""
    say = Language.CHINESE
    return {
        "title": title(facts, say),
        "foreword": overview(facts, say),
        "good": _good(facts, say),
        "warnings": _warnings(facts, say),
        "closing": _closing(facts, say),
    }


def title(facts: Facts, language: Language) -> str:
    """The title of a bulletin about a quarter."""
    return _said("title", language, quarter=quarter_name(date.fromisoformat(facts.quarter), language))


def overview(facts: Facts, language: Language) -> str:
    """How many canteens were evaluated with which grades, and the network's figures."""
    sentences = [_evaluated(facts, language)]
    if facts.totals is not None:
        sentences += _figures(facts.totals, facts.before, language)
    return ("" if language is Language.CHINESE else " ").join(sentences)


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
    order = [grade_name(name, language) for group in facts.groups for name, _ in group.grades]
    names = [*dict.fromkeys(order), _said("to_verify", language)]
    grades = [_said("grade_count", language, grade=name, count=counts[name]) for name in names if counts[name]]
    return _said("evaluated", language, count=len(lines), grades=_said("comma", language).join(grades))


def _counted_as(line: Line, language: Language) -> str:
    """The grade under which a canteen is counted; every canteen is counted once."""
    certain = line.grade_zh and (line.vetoed or not line.to_verify)
    return grade_name(line.grade_zh, language) if certain else _said("to_verify", language)


def _figures(now: Totals, before: Totals | None, language: Language) -> list[str]:
    sentences = [_said("covers_and_waste", language, covers=now.covers, waste=f"{now.waste_kg:.0f}")]
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


def _good(facts: Facts, language: Language) -> str:
    best = [line for group in facts.groups for line in group.lines if _is_good(line, group)]
    return _of_canteens("best", best, language) or _said("no_best", language)


def _is_good(line: Line, group: Group) -> bool:
    second_grade = group.grades[min(1, len(group.grades) - 1)][1]
    return line.rank == 1 and not line.to_verify and (line.score or 0) >= second_grade


def _warnings(facts: Facts, language: Language) -> str:
    failed = [
        line for group in facts.groups for line in group.lines if line.vetoed or line.grade_zh == group.grades[-1][0]
    ]
    certain = [line for line in failed if line.vetoed or not line.to_verify]
    doubtful = [line for line in failed if line not in certain]
    said = _of_canteens("failed", certain, language) + _of_canteens("failed_to_verify", doubtful, language)
    return said or _said("none_failed", language)


def _of_canteens(name: str, lines: list[Line], language: Language) -> str:
    if not lines:
        return ""
    names = [line.name_zh if language is Language.CHINESE else line.name_en for line in lines]
    return _said(name, language, canteens=_said("comma", language).join(names))


def _closing(facts: Facts, language: Language) -> str:
    day = day_said(date.fromisoformat(facts.as_of), language)
    cases = {"open": facts.cases["open"], "overdue": facts.cases["overdue"]}
    if not cases["open"]:
        return _said("no_open_cases", language, day=day)
    return _said("open_cases" if cases["overdue"] else "open_cases_in_time", language, day=day, **cases)


def day_said(day: date, language: Language) -> str:
    """A day for people: 2026年10月15日, 2026-10-15."""
    return f"{day.year}年{day.month}月{day.day}日" if language is Language.CHINESE else day.isoformat()
