"""Wire types of evaluation, and how results become what people see."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from msgspec import Meta, Struct, field, structs

from foundation.attachments import NewFiles
from foundation.messages import LongText, Message, Number, text
from registry.identifiers import CanteenId
from waste.evaluation.models import Appeal
from waste.evaluation.results import Standing
from waste.evaluation.scheme import IndicatorCode
from waste.evaluation.scoring import Point
from waste.weighing.schemas import FileShown

Percent = Annotated[int, Meta(ge=0, le=100, description="Share of the indicator's points.")]


class SchemeShown(Struct):
    """A version of an evaluation scheme; ``regions``: its books, empty for the default."""

    id: str
    name_zh: str
    name_en: str
    valid_from: date
    regions: list[int]
    points: float


class PointShown(Point, frozen=True):
    """The points of an indicator; ``records``: the address of what they were computed from."""

    records: str = ""

    @classmethod
    def of(cls, point: Point, records: str) -> Self:
        """A point with its records."""
        return cls(**structs.asdict(point), records=records)


class EvaluationShown(Struct):
    """A canteen's quarter: score of 100 with its 95 % interval, grade, and rank among peers.

    ``to_verify``: the grade is uncertain (待核实). ``vetoed``: weights were falsified. ``revision``: accepted appeals.
    """

    canteen_id: CanteenId
    name_zh: str
    name_en: str
    serving: str
    operating: str
    scheme: str
    score: float | None
    low: float | None
    high: float | None
    grade_zh: str | None
    grade_en: str | None
    to_verify: bool
    vetoed: bool
    revision: int
    rank: int | None
    peers: int
    points: list[PointShown]

    @classmethod
    def of(cls, standing: Standing, points: Sequence[PointShown]) -> Self:
        """A standing with its points."""
        names = set(cls.__struct_fields__) - {"points"}
        return cls(**{name: getattr(standing, name) for name in names}, points=list(points))


class QuarterShown(Struct):
    """How far the evaluation of a quarter has come, and its results: by peer group, the best first."""

    quarter: date
    evaluated: bool
    frozen: bool
    evaluations: list[EvaluationShown]


class EvidenceShown(Struct):
    """An inspector's score, as a share of 1, and the reason given."""

    share: float
    note: str
    scored_by: str
    scored_at: datetime


class WeekShown(Struct):
    """A week that an indicator was computed from; ``records``: the address of its weighings."""

    week: date
    sums: dict[str, int]
    records: str


class TraceShown(Struct):
    """What the points of an indicator rest on: its formula and weeks, or its evidence, or its cases."""

    canteen_id: CanteenId
    quarter: date
    point: PointShown
    formula: str
    target: float | None
    limit: float | None
    weeks: list[WeekShown]
    evidence: list[EvidenceShown]
    files: list[FileShown]
    cases: str | None


class NewEvidence(Message):
    """An inspector's score of an indicator."""

    canteen_id: Number
    quarter: date
    code: IndicatorCode
    percent: Percent
    note: Annotated[str, text(500)]
    files: NewFiles = field(default_factory=list)


class NewSelfEvaluation(Message):
    """An agency's own scores of a canteen, by indicator."""

    canteen_id: Number
    quarter: date
    percents: dict[IndicatorCode, Percent]
    note: LongText
    files: NewFiles = field(default_factory=list)


class NewAppeal(Message):
    """An appeal against a canteen's frozen result."""

    canteen_id: Number
    quarter: date
    text: LongText
    files: NewFiles = field(default_factory=list)


class AppealShown(Struct):
    """An appeal and its decision; ``revision``: the result that answers it."""

    appeal_id: int
    canteen_id: CanteenId
    quarter: date
    state: str
    text: str
    raised_by: str
    raised_at: datetime
    decision: str | None
    decided_by: str | None
    revision: int | None
    files: list[FileShown]

    @classmethod
    def of(cls, appeal: Appeal, files: Sequence[FileShown]) -> Self:
        """An appeal with its files."""
        names = set(cls.__struct_fields__) - {"files"}
        return cls(**{name: getattr(appeal, name) for name in names}, files=list(files))


class AppealDecision(Message):
    """The supervisor's decision, with its reasons."""

    accept: bool
    text: LongText
