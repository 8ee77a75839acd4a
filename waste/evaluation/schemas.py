"""Wire types of evaluation, and how results become what people see."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from msgspec import Meta, Struct, field, structs

from foundation.attachments import NewFiles
from foundation.messages import LongText, Message, Number, text
from registry.identifiers import CanteenId
from registry.meals import Meal
from waste.evaluation.models import Appeal
from waste.evaluation.results import Standing
from waste.evaluation.scheme import Indicator, IndicatorCode, MealBand, Scheme
from waste.evaluation.scoring import Point
from waste.measures.streams import Stream
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
    """The points of an indicator; ``records``: the address of what they were computed from.

    ``value``: grams per cover if that is the ``measure``, else a share of 1. ``target``, ``limit`` (by kind of meal in
    ``meals``): where it has all of its points, or none. ``least``: with fewer bookings or cases it is left out.
    """

    records: str = ""
    measure: str | None = None
    target: float | None = None
    limit: float | None = None
    meals: dict[Meal, MealBand] = field(default_factory=dict)
    least: int = 0

    @classmethod
    def of(cls, point: Point, records: str, indicator: Indicator) -> Self:
        """A point with its records and its rule."""
        rule = {name: getattr(indicator, name) for name in ("measure", "target", "limit", "meals", "least")}
        return cls(**structs.asdict(point), records=records, **rule)


class EvaluationShown(Struct):
    """A canteen's quarter: score of 100 with its 95 % interval, grade, and rank among peers.

    ``to_verify``: the grade is uncertain (待核实). ``vetoed``: weights were falsified. ``revision``: accepted appeals.
    ``rank_low``, ``rank_high``: the 95 % interval of the rank; fewer than five peers have none.
    ``failed``: the grade is the scheme's last.
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
    failed: bool
    revision: int
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    peers: int
    points: list[PointShown]

    @classmethod
    def of(cls, standing: Standing, points: Sequence[PointShown], scheme: Scheme) -> Self:
        """A standing with its points."""
        names = set(cls.__struct_fields__) - {"points", "failed"}
        failed = standing.grade_zh == scheme.grade[-1].name_zh
        return cls(**{name: getattr(standing, name) for name in names}, failed=failed, points=list(points))


class QuarterShown(Struct):
    """How far the evaluation of a quarter has come, and its results: by peer group, the best first.

    ``closed_after``: the last day on which canteens change its data; their own people see results later than that.
    """

    quarter: date
    evaluated: bool
    frozen: bool
    closed_after: date
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
    sums: dict[str, float]
    records: str


class TraceShown(Struct):
    """What the points of an indicator rest on: its formula and weeks, or its evidence, or its cases.

    ``meals``: target and limit for each kind of meal, and its share in the mix.
    """

    canteen_id: CanteenId
    quarter: date
    point: PointShown
    formula: str
    target: float | None
    limit: float | None
    meals: dict[Meal, MealBand]
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
    """An agency's own scores of a canteen, and files that show them, by indicator; without a file one is not shown."""

    canteen_id: Number
    quarter: date
    percents: dict[IndicatorCode, Percent]
    note: LongText
    files: dict[IndicatorCode, NewFiles] = field(default_factory=dict)


class NewAppeal(Message):
    """An appeal against indicators of a canteen's frozen result, or its veto; it opens these and nothing else."""

    canteen_id: Number
    quarter: date
    text: LongText
    indicators: Annotated[list[IndicatorCode], Meta(max_length=40)] = field(default_factory=list)
    veto: bool = False
    files: NewFiles = field(default_factory=list)


class Freezing(Message):
    """Why a quarter is frozen before its data are closed, or while a hearing is open."""

    reason: LongText


class SeedShown(Struct):
    """The hash of a quarter's seed by which streams to weigh again are drawn; ``seed`` once the quarter is over."""

    quarter: date
    commitment: str
    committed_by: str
    committed_at: datetime
    seed: str | None


class NewDraw(Message):
    """A canteen's day of which streams are drawn to be weighed again."""

    canteen_id: Number
    business_date: date


class NewReweighing(Message):
    """What an inspector weighed again of a stream that was drawn."""

    canteen_id: Number
    business_date: date
    meal: Meal
    stream: Stream
    weight_g: Annotated[int, Meta(ge=0, le=5_000_000)]
    note: Annotated[str, text(500)]
    files: NewFiles = field(default_factory=list)


class DrawnShown(Struct):
    """A stream that was drawn: grams recorded by the canteen, and found by the inspector (null: not weighed yet)."""

    canteen_id: int
    business_date: date
    meal: str
    stream: str
    recorded_g: int
    drawn_by: str
    drawn_at: datetime
    weight_g: int | None
    note: str | None
    weighed_by: str | None


class AppealShown(Struct):
    """An appeal and its decision; ``revision``: the result that answers it."""

    appeal_id: int
    canteen_id: CanteenId
    quarter: date
    state: str
    codes: list[str]
    veto: bool
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
