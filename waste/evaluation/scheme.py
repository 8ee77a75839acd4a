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
from registry.meals import Meal
from waste.measures.schemas import Operating, Serving

FOLDER = Path(__file__).parent / "schemes"

MEASURES = frozenset(
    {
        "preparation_off",
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


COUNTED = frozenset({"bookings_kept", "cases_in_time"})
"""Measures that rest on a number of booked people or cases, which a scheme may ask for at least."""
STORAGE_LOSS = "storage_loss"
LEDGERS = frozenset({STORAGE_LOSS})
"""What measures an indicator that is scored from evidence: what spoiled, by what was bought."""

IndicatorCode = Annotated[str, form("indicator_code", "[A-Z][0-9]{1,2}", examples=["A1"])]


class Grade(Struct, forbid_unknown_fields=True, rename={"begins": "from"}):
    """A grade and the lowest score that has it."""

    name_zh: str
    name_en: str
    begins: float


Share = Annotated[float, Meta(ge=0, le=1)]


class Cap(Struct, forbid_unknown_fields=True):
    """What bounds the points of figures that rest on little.

    If less than ``completeness_below`` of the meals was weighed, or more than ``marked_above`` of the weighed streams
    is marked as implausible, an indicator of the ``group`` gets at most ``share`` of its points. A self-evaluation
    that no inspector looked at gets at most ``self_share``. Inedible parts beyond ``inedible_above`` of all that was
    thrown away count as waste.
    """

    completeness_below: Share
    group: str
    share: Share
    marked_above: Share
    self_share: Share
    inedible_above: Annotated[float, Meta(ge=0, lt=1)]


class Band(Struct, forbid_unknown_fields=True):
    """Full points at the ``target``, none at the ``limit``."""

    target: float
    limit: float


class MealBand(Band, forbid_unknown_fields=True):
    """The band of a kind of meal, and its share in the mix of meals that canteens are compared at."""

    mix: Annotated[float, Meta(gt=0)]


class Indicator(Struct, forbid_unknown_fields=True):
    """One indicator: measured, with full points at ``target`` and none at ``limit``; or scored from evidence.

    ``meals``: grams per cover have a band for each kind of meal. ``least``: with fewer cases or booked people the
    indicator is left out, and its points are spread over the others. ``evidence``, ``evidence_zh``: what its score
    rests on. ``ledger``: what measures it in place of the agency's own score, where the ledger is complete.
    """

    code: IndicatorCode
    name_zh: str
    name_en: str
    points: Annotated[float, Meta(gt=0)]
    measure: str | None = None
    target: float | None = None
    limit: float | None = None
    meals: dict[Meal, MealBand] = field(default_factory=dict)
    least: Annotated[int, Meta(ge=0)] = 0
    evidence: str | None = None
    evidence_zh: str | None = None
    ledger: str | None = None
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

    @property
    def bands(self) -> dict[Meal, MealBand]:
        """Targets, limits and the mix of the kinds of meals; empty if grams per cover are not scored."""
        return next((indicator.meals for indicator in self.indicator if indicator.meals), {})

    def indicator_of(self, code: str) -> Indicator:
        """An indicator. Raises Problem(NOT_FOUND)."""
        for indicator in self.indicator:
            if indicator.code == code:
                return indicator
        raise Problem(NOT_FOUND, "evaluation.no_indicator", scheme=self.id, indicator=code)

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
    if sum(bool(indicator.meals) for indicator in scheme.indicator) > 1:
        raise NotAScheme("only one indicator has targets and limits by meal")
    return scheme


def _check(indicator: Indicator) -> None:
    if (indicator.measure is None) == (indicator.evidence is None):
        raise NotAScheme(f"{indicator.code} must be either measured or scored from evidence")
    if (indicator.evidence is None) != (indicator.evidence_zh is None):
        raise NotAScheme(f"{indicator.code} needs its evidence in both languages")
    if indicator.ledger is not None and (indicator.evidence is None or indicator.ledger not in LEDGERS):
        raise NotAScheme(f"{indicator.code}: unknown ledger {indicator.ledger}, or no evidence beside it")
    if indicator.measure is None and indicator.ledger is None:
        return
    if indicator.measure is not None and indicator.measure not in MEASURES:
        raise NotAScheme(f"{indicator.code}: unknown measure {indicator.measure}")
    if (indicator.measure == "grams_per_cover") != bool(indicator.meals):
        raise NotAScheme(f"{indicator.code}: grams per cover, and nothing else, have targets and limits by meal")
    bands: list[Band | Indicator] = [*indicator.meals.values()] or [indicator]
    if any(band.target is None or band.limit is None or band.target == band.limit for band in bands):
        raise NotAScheme(f"{indicator.code} needs a target and a different limit")
    if indicator.least and indicator.measure not in COUNTED:
        raise NotAScheme(f"{indicator.code}: only {', '.join(sorted(COUNTED))} have a least number")


@dataclass(frozen=True, slots=True)
class Schemes:
    """All known schemes."""

    known: list[Scheme]

    def find(self, book: int, on: date) -> Scheme | None:
        """The newest scheme valid in a region on a day: its own, else the default; None if there is none."""
        valid = [scheme for scheme in self.known if scheme.valid_from <= on]
        mine = [scheme for scheme in valid if book in scheme.regions] or [s for s in valid if not s.regions]
        return max(mine, key=lambda scheme: scheme.valid_from, default=None)


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
    scheme = schemes().find(book, quarter)
    if scheme is None:
        raise Problem(INVALID, "evaluation.no_scheme", region=book, day=quarter)
    return scheme
