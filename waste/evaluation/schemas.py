"""Wire types of evaluation."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct, field

from foundation.attachments import NewFiles
from foundation.messages import LongText, Message, Number
from waste.weighing.schemas import FileShown

Code = Annotated[str, Meta(pattern="^[A-Z][0-9]{1,2}$", examples=["A1"])]
Percent = Annotated[int, Meta(ge=0, le=100, description="Share of the indicator's points.")]


class SchemeShown(Struct):
    """A version of a jurisdiction's evaluation scheme; ``regions`` empty: the default."""

    id: str
    name_zh: str
    name_en: str
    valid_from: date
    regions: list[int]
    points: float


class PointShown(Struct):
    """What an indicator came to; ``points`` null: nothing can be said, or its evidence is ``missing``."""

    code: str
    name_zh: str
    name_en: str
    possible: float
    points: float | None
    value: float | None
    missing: bool
    capped: bool
    source: str | None = None
    records: str = ""
    """Where the records are that it was computed from."""


class EvaluationShown(Struct):
    """A canteen's quarter: score of 100 with its 95 % interval; ``to_verify``: 待核; rank among peers.

    ``vetoed``: weights were falsified. ``revision`` counts accepted appeals.
    """

    canteen_id: int
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


class QuarterShown(Struct):
    """How far a quarter is, and its evaluations: by group of peers, the best first."""

    quarter: date
    evaluated: bool
    frozen: bool
    evaluations: list[EvaluationShown]


class EvidenceShown(Struct):
    """An inspector's score, with what it rests on."""

    share: float
    note: str
    scored_by: str
    scored_at: datetime


class WeekShown(Struct):
    """A week that an indicator was computed from; ``records``: the weighings themselves."""

    week: date
    sums: dict[str, int]
    records: str


class TraceShown(Struct):
    """What an indicator of a canteen's quarter rests on: its formula and weeks, or its evidence, or its cases."""

    canteen_id: int
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
    code: Code
    percent: Percent
    note: Annotated[str, Meta(min_length=1, max_length=500)]
    files: NewFiles = field(default_factory=list)


class NewSelfEvaluation(Message):
    """An agency's own scores of a canteen's evidence, by indicator."""

    canteen_id: Number
    quarter: date
    percents: dict[Code, Percent]
    note: LongText
    files: NewFiles = field(default_factory=list)


class NewAppeal(Message):
    """An appeal against a canteen's final result."""

    canteen_id: Number
    quarter: date
    text: LongText
    files: NewFiles = field(default_factory=list)


class AppealShown(Struct):
    """An appeal, and what became of it; ``revision``: the result that answers it."""

    appeal_id: int
    canteen_id: int
    quarter: date
    state: str
    text: str
    raised_by: str
    raised_at: datetime
    decision: str | None
    decided_by: str | None
    revision: int | None
    files: list[FileShown]


class AppealDecision(Message):
    """The supervisor's decision, and why."""

    accept: bool
    text: LongText
