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
        "warnings": "\n".join(_numbered(problems(facts, say))),
        "closing": "\n".join(_numbered(next_steps(facts, say))),
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
    lines = facts.lines
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
    figures: dict[str, str | int] = {"covers": f"{now.covers:,}", "waste": f"{now.waste_kg:,.0f}"}
    name = "covers_and_waste"
    # Weights may still be corrected; bulletins of earlier releases have no day, or do not say what was weighed.
    if facts.as_of:
        name, figures["day"] = "covers_and_waste_as_of", _as_of(facts, language)
    if facts.as_of and now.weighed_covers is not None:
        name, figures["weighed"] = "covers_weighed_and_waste", f"{now.weighed_covers:,}"
    return [_said(name, language, **figures), *_per_cover(facts, now, language), *_completeness(now, language)]


def per_cover(facts: Facts, now: Totals) -> tuple[float | None, float | None]:
    """Grams per cover, and those of the quarter before if they compare: of canteens whose weights hold, if any does."""
    if facts.sound is None:
        return now.grams_per_cover, facts.before.grams_per_cover if facts.before else None
    if facts.sound.grams_per_cover is None:
        return now.grams_per_cover, None
    return facts.sound.grams_per_cover, facts.sound.before


def _per_cover(facts: Facts, now: Totals, language: Language) -> list[str]:
    grams, before = per_cover(facts, now)
    if grams is None or now.grams_per_cover is None:
        return []
    change = change_said(grams, before, language) if before else ""
    said = _said("per_cover_changed" if change else "per_cover", language, grams=f"{grams:g}", change=change)
    if facts.sound is None:
        return [said]
    if facts.sound.grams_per_cover is None:
        return [said, _said("per_cover_of_doubted", language)]
    grams_of_all = f"{now.grams_per_cover:g}"
    return [said, _said("per_cover_without", language, count=len(facts.doubted), grams=grams_of_all)]


def _completeness(now: Totals, language: Language) -> list[str]:
    if now.completeness is None:
        return []
    return [_said("completeness", language, percent=f"{100 * now.completeness:.1f}")]


def _inspected(facts: Facts, language: Language) -> list[str]:
    inspected, canteens = facts.sampling["inspected"], facts.sampling["canteens"]
    if not canteens or not facts.as_of:
        return []
    percent = f"{100 * inspected / canteens:.1f}"
    counts = {"inspected": inspected, "canteens": canteens}
    return [_said("inspected", language, day=_as_of(facts, language), percent=percent, **counts)]


def _best(facts: Facts, language: Language) -> list[str]:
    return _of_canteens("best", _good(facts), language)


def _good(facts: Facts) -> list[Line]:
    return [line for group in facts.groups for line in group.lines if _is_good(line, group)]


def _is_good(line: Line, group: Group) -> bool:
    second_grade = group.grades[min(1, len(group.grades) - 1)][1]
    return line.rank == 1 and not line.to_verify and not line.doubted and (line.score or 0) >= second_grade


def note_of(line: Line, language: Language) -> str:
    """What is to be known of a canteen's data."""
    said = {"upheld": line.upheld, "flagged": line.flags, "corrected": line.corrected_weeks}
    notes = [_said(name, language, count=count) for name, count in said.items() if count]
    return _said("semicolon", language).join(notes)


def problems(facts: Facts, language: Language) -> list[str]:
    """Canteens that failed, weights that do not hold, and open cases."""
    certain, doubtful = _failed(facts)
    failed = [*_of_canteens("failed", certain, language), *_of_canteens("failed_to_verify", doubtful, language)]
    return [*(failed or [_said("none_failed", language)]), *_doubts(facts, language), _cases(facts, language)]


def _doubts(facts: Facts, language: Language) -> list[str]:
    names = [_with_note(line, language) for line in facts.doubted]
    return [_said("doubted", language, canteens=_said("comma", language).join(names))] if names else []


def _with_note(line: Line, language: Language) -> str:
    canteen, note = name_of(line, language), note_of(line, language)
    return _said("doubted_canteen", language, canteen=canteen, note=note) if note else canteen


def name_of(line: Line, language: Language) -> str:
    """A canteen's name."""
    return line.name_zh if language is Language.CHINESE else line.name_en


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
    names = _said("comma", language).join(name_of(line, language) for line in lines)
    return [_said(name, language, canteens=names)]


def _cases(facts: Facts, language: Language) -> str:
    day = _as_of(facts, language)
    counts = {name: facts.cases[name] for name in ("open", "overdue")}
    if not counts["open"]:
        return _said("no_cases", language, day=day)
    return _said("cases_overdue" if counts["overdue"] else "cases_open", language, day=day, **counts)


def next_steps(facts: Facts, language: Language) -> list[str]:
    """What is required, as far as it follows from figures."""
    certain, _ = _failed(facts)
    asked = {
        "next_cases": certain or facts.cases["open"], "next_data": facts.doubted, "next_weighing": True,
        "next_examples": _good(facts),
    }  # fmt: skip
    return [_said(name, language) for name, is_asked in asked.items() if is_asked]


def _as_of(facts: Facts, language: Language) -> str:
    return long_date(date.fromisoformat(facts.as_of), language)
