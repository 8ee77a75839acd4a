"""Evaluation schemes, read from TOML: indicators with their points, targets and limits, and the grades."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, field, toml

from foundation import catalogue
from foundation.catalogue import Language
from foundation.messages import form
from foundation.problems import INVALID, NOT_FOUND, Problem
from registry.identifiers import Book
from waste.measures.schemas import Operating, Serving

FOLDER = Path(__file__).parent / "schemes"

MEASURES = frozenset(
    {
        "forecast_wape",
        "completeness",
        "credibility",
        "grams_per_cover",
        "unserved_share",
        "plate_share",
        "less_than_last_year",
        "bookings_kept",
        "cases_in_time",
    }
)
"""What ``waste.evaluation.scoring`` can measure; the messages ``evaluation.measure.<name>`` have the formulas."""


IndicatorCode = Annotated[str, form("indicator_code", "[A-Z][0-9]{1,2}", examples=["A1"])]


class Grade(Struct, forbid_unknown_fields=True, rename={"begins": "from"}):
    """A grade and the lowest score that has it."""

    name_zh: str
    name_en: str
    begins: float


class Cap(Struct, forbid_unknown_fields=True):
    """If less than a share of the meals was weighed, a group of indicators gets at most a share of its points."""

    completeness_below: float
    group: str
    share: float


class Indicator(Struct, forbid_unknown_fields=True):
    """One indicator: measured, with full points at ``target`` and none at ``limit``; or scored from evidence.

    ``evidence``, ``evidence_zh``: what its score rests on.
    """

    code: IndicatorCode
    name_zh: str
    name_en: str
    points: Annotated[float, Meta(gt=0)]
    measure: str | None = None
    target: float | None = None
    limit: float | None = None
    evidence: str | None = None
    evidence_zh: str | None = None
    serving: list[Serving] = field(default_factory=list)
    operating: list[Operating] = field(default_factory=list)

    def applies(self, serving: str, operating: str) -> bool:
        """Whether the indicator applies to such a canteen; an empty list means all."""
        return (not self.serving or serving in self.serving) and (not self.operating or operating in self.operating)

    def rule(self, language: Language) -> str:
        """What the score rests on, for people: the formula of the measure, or the evidence."""
        if self.measure is not None:
            return catalogue.text(f"evaluation.measure.{self.measure}", language)
        return (self.evidence_zh if language is Language.CHINESE else self.evidence) or ""


class Scheme(Struct, forbid_unknown_fields=True):
    """A version of a scheme; ``regions``: its books, empty for the default of all other regions."""

    id: str
    name_zh: str
    name_en: str
    valid_from: date
    regions: list[int]
    grade: list[Grade]
    cap: Cap
    indicator: list[Indicator]

    def grade_of(self, score: float) -> Grade:
        """The grade of a score."""
        return next(grade for grade in self.grade if score >= grade.begins)


class NotAScheme(ValueError):
    """A file is not a valid scheme; the text says why."""


def read_scheme(content: str) -> Scheme:
    """A scheme from TOML; raises NotAScheme."""
    try:
        scheme = toml.decode(content, type=Scheme)
    except (ValidationError, ValueError) as error:
        raise NotAScheme(str(error)) from None
    codes = [indicator.code for indicator in scheme.indicator]
    if len(set(codes)) != len(codes):
        raise NotAScheme("two indicators have the same code")
    if scheme.cap.group not in {code[0] for code in codes}:
        raise NotAScheme(f"the cap is for group {scheme.cap.group}, which has no indicator")
    begins = [grade.begins for grade in scheme.grade]
    if not begins or begins != sorted(begins, reverse=True) or begins[-1] != 0:
        raise NotAScheme("grades must be listed from the best to the last, which begins at 0")
    for indicator in scheme.indicator:
        _check(indicator)
    return scheme


def _check(indicator: Indicator) -> None:
    if (indicator.measure is None) == (indicator.evidence is None):
        raise NotAScheme(f"{indicator.code} must be either measured or scored from evidence")
    if (indicator.evidence is None) != (indicator.evidence_zh is None):
        raise NotAScheme(f"{indicator.code} needs its evidence in both languages")
    if indicator.measure is None:
        return
    if indicator.measure not in MEASURES:
        raise NotAScheme(f"{indicator.code}: unknown measure {indicator.measure}")
    if indicator.target is None or indicator.limit is None or indicator.target == indicator.limit:
        raise NotAScheme(f"{indicator.code} needs a target and a different limit")


@dataclass(frozen=True, slots=True)
class Schemes:
    """All known schemes."""

    known: list[Scheme]

    def of(self, book: int, on: date) -> Scheme:
        """The newest scheme valid in a region on a day: its own, else the default. Raises LookupError."""
        valid = [scheme for scheme in self.known if scheme.valid_from <= on]
        mine = [scheme for scheme in valid if book in scheme.regions] or [s for s in valid if not s.regions]
        if not mine:
            raise LookupError(f"no scheme is valid in region {book} on {on}")
        return max(mine, key=lambda scheme: scheme.valid_from)


def load_schemes(folder: Path = FOLDER) -> Schemes:
    """The schemes of a folder; raises NotAScheme with the file's name."""
    known = []
    for path in sorted(folder.glob("*.toml")):
        try:
            known.append(read_scheme(path.read_text(encoding="utf-8")))
        except NotAScheme as error:
            raise NotAScheme(f"{path.name}: {error}") from None
    return Schemes(known)


@lru_cache(maxsize=1)
def schemes() -> Schemes:
    """The schemes that come with the product."""
    return load_schemes()


def scheme_for(book: Book | int, quarter: date) -> Scheme:
    """The scheme for a region's quarter. Raises Problem(INVALID)."""
    try:
        return schemes().of(book, quarter)
    except LookupError:
        raise Problem(INVALID, "evaluation.no_scheme", region=book, day=quarter) from None


def indicator_of(scheme_id: str, code: str) -> Indicator:
    """An indicator of a scheme. Raises Problem(NOT_FOUND)."""
    for scheme in schemes().known:
        for indicator in scheme.indicator:
            if (scheme.id, indicator.code) == (scheme_id, code):
                return indicator
    raise Problem(NOT_FOUND, "evaluation.no_indicator", scheme=scheme_id, indicator=code)
