"""Reading evaluation schemes: which indicators, how many points, from where to where, which grades."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, field, toml

FOLDER = Path(__file__).parent / "schemes"

MEASURES = {
    "forecast_wape": "Σ|forecast - actual covers| / Σ actual covers",
    "completeness": "meals of which preparation, unserved and plate waste were weighed / meals served",
    "credibility": "1 - implausible weighings / weighings",
    "grams_per_cover": "Σ waste g / Σ covers, over fully weighed meals",
    "unserved_share": "Σ unserved g / Σ prepared g, over fully weighed meals",
    "plate_share": "Σ plate g / (Σ prepared g - Σ unserved g), over fully weighed meals",
    "less_than_last_year": "(grams per cover a year ago - now) / a year ago",
    "bookings_kept": "Σ who came, of those booked / Σ booked covers",
    "cases_in_time": "cases closed by their first deadline / cases due in the quarter",
}
"""What can be measured, with its formula; ``waste.evaluation.scoring`` computes it."""

Serving = Annotated[str, Meta(pattern="^(buffet|set_meal|a_la_carte)$")]
Operating = Annotated[str, Meta(pattern="^(self_run|contracted)$")]


class Grade(Struct, forbid_unknown_fields=True, rename={"begins": "from"}):
    """A grade and the score that it begins at."""

    name_zh: str
    name_en: str
    begins: float


class Cap(Struct, forbid_unknown_fields=True):
    """Below a share of weighed meals a group of indicators keeps at most a share of its points."""

    completeness_below: float
    group: str
    share: float


class Indicator(Struct, forbid_unknown_fields=True):
    """One indicator: measured, full points at ``target`` and none at ``limit``; or scored from evidence."""

    code: Annotated[str, Meta(pattern="^[A-Z][0-9]+$")]
    name_zh: str
    name_en: str
    points: Annotated[float, Meta(gt=0)]
    measure: str | None = None
    target: float | None = None
    limit: float | None = None
    evidence: str | None = None
    serving: list[Serving] = field(default_factory=list)
    operating: list[Operating] = field(default_factory=list)

    def applies(self, serving: str, operating: str) -> bool:
        """Whether it is meant for such a canteen; without a list it is for all."""
        return (not self.serving or serving in self.serving) and (not self.operating or operating in self.operating)


class Scheme(Struct, forbid_unknown_fields=True):
    """A version of a jurisdiction's scheme; ``regions``: its books, none for all that no other scheme names."""

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
    """A file is no scheme; the text says why."""


def read_scheme(content: str) -> Scheme:
    """A scheme from TOML; raises NotAScheme."""
    try:
        scheme = toml.decode(content, type=Scheme)
    except (ValidationError, ValueError) as error:
        raise NotAScheme(str(error)) from None
    codes = [indicator.code for indicator in scheme.indicator]
    if len(set(codes)) != len(codes):
        raise NotAScheme("a code stands twice")
    if scheme.cap.group not in {code[0] for code in codes}:
        raise NotAScheme(f"the cap names group {scheme.cap.group}, which has no indicator")
    begins = [grade.begins for grade in scheme.grade]
    if not begins or begins != sorted(begins, reverse=True) or begins[-1] != 0:
        raise NotAScheme("grades are listed from the best to the one that begins at 0")
    for indicator in scheme.indicator:
        _check(indicator)
    return scheme


def _check(indicator: Indicator) -> None:
    if (indicator.measure is None) == (indicator.evidence is None):
        raise NotAScheme(f"{indicator.code} is either measured or scored from evidence")
    if indicator.measure is None:
        return
    if indicator.measure not in MEASURES:
        raise NotAScheme(f"{indicator.code}: no measure {indicator.measure}")
    if indicator.target is None or indicator.limit is None or indicator.target == indicator.limit:
        raise NotAScheme(f"{indicator.code} needs a target and another limit")


@dataclass(frozen=True, slots=True)
class Schemes:
    """All schemes of the house."""

    known: list[Scheme]

    def of(self, book: int, on: date) -> Scheme:
        """The newest scheme of a region that is valid on a day; its own before the default. Raises LookupError."""
        valid = [scheme for scheme in self.known if scheme.valid_from <= on]
        mine = [scheme for scheme in valid if book in scheme.regions] or [s for s in valid if not s.regions]
        if not mine:
            raise LookupError(f"no scheme of region {book} is valid on {on}")
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
