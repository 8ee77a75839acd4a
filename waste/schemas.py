"""Wire types of the kitchen."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from foundation.attachments import NewFiles
from foundation.messages import Message, Number

LongText = Annotated[str, Meta(min_length=1, max_length=2000)]
Code = Annotated[str, Meta(pattern="^[A-Z][0-9]{1,2}$", examples=["A1"])]
Percent = Annotated[int, Meta(ge=0, le=100, description="Share of the indicator's points.")]

WEIGHT_MAX_G = 2_000_000
Food = Annotated[str, Meta(pattern="^[a-z][a-z_]{0,29}$", description="A kind of food.", examples=["rice"])]
"""Two tonnes: more than any canteen cooks for a meal."""


class NewWeighIn(Message):
    """One weighing. ``weigh_in_id`` is the sender's; a repeat under it records nothing more."""

    weigh_in_id: UUID
    canteen_id: Number
    business_date: date
    meal: Annotated[str, Meta(pattern="^(breakfast|lunch|dinner)$", examples=["lunch"])]
    stream: Annotated[str, Meta(pattern="^(preparation|unserved|plate|inedible|prepared)$", examples=["plate"])]
    weight_g: Annotated[int, Meta(ge=1, le=WEIGHT_MAX_G, description="Grams.", examples=[12500])]
    dish: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    food: Food | None = None


class ScaleWeighIn(Message):
    """One weighing of a signed-on scale, at its own canteen; ``weigh_in_id`` is the scale's."""

    weigh_in_id: UUID
    business_date: date
    meal: Annotated[str, Meta(pattern="^(breakfast|lunch|dinner)$")]
    stream: Annotated[str, Meta(pattern="^(preparation|unserved|plate|inedible|prepared)$")]
    weight_g: Annotated[int, Meta(ge=1, le=WEIGHT_MAX_G)]
    dish: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    food: Food | None = None


class NewFoodFactor(Message):
    """The CO2e of a kind of food from a day on, and where the figure is from."""

    food: Food
    valid_from: date
    name_zh: Annotated[str, Meta(min_length=1, max_length=30, examples=["米饭"])]
    name_en: Annotated[str, Meta(min_length=1, max_length=60, examples=["rice, cooked"])]
    co2e_g_per_kg: Annotated[int, Meta(ge=0, le=1_000_000, examples=[1780])]
    source: Annotated[str, Meta(min_length=1, max_length=300)]


class ScaleWeighIns(Message):
    """What a scale weighed, also while it had no network; all are recorded, or none."""

    weigh_ins: Annotated[list[ScaleWeighIn], Meta(min_length=1, max_length=200)]


class NewWeighIns(Message):
    """Weighings; all are recorded, or none."""

    weigh_ins: Annotated[list[NewWeighIn], Meta(min_length=1, max_length=200)]


class NewCorrection(Message):
    """Another weight for a weighing; 0 takes it back."""

    weigh_in_id: Annotated[UUID, Meta(description="Of the correction itself.")]
    replaces: UUID
    weight_g: Annotated[int, Meta(ge=0, le=WEIGHT_MAX_G)]


class NewCorrections(Message):
    """Corrections; all are recorded, or none."""

    corrections: Annotated[list[NewCorrection], Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Recorded(Struct):
    """How many of the weighings were new, and which of them look implausible: they count, but look again."""

    received: int
    new: int
    implausible: list[UUID]


class ScaleRecorded(Struct):
    """As above, for a scale; ``outcome`` is recorded."""

    outcome: str
    received: int
    new: int
    implausible: list[UUID]


class WeighInShown(Struct):
    """A weighing with its history: what it replaces, and what replaced it."""

    weigh_in_id: UUID
    business_date: date
    meal: str
    stream: str
    weight_g: int
    dish: str | None
    food: str | None
    source: str
    implausible: bool
    replaces: UUID | None
    replaced_by: UUID | None
    recorded_by: str
    recorded_at: datetime


class MealWaste(Struct):
    """Waste of one canteen's meal: weights in grams, rate as a fraction of prepared food."""

    canteen_id: int
    name_zh: str
    name_en: str
    meal: str
    covers: int
    waste_g: int
    inedible_g: int
    prepared_g: int
    grams_per_cover: float | None
    plate_grams_per_cover: float | None
    waste_rate: float | None


class MealForecast(Struct):
    """Covers to expect at a canteen's meal; ``cook_for`` suffices on 95 % of days; ``actual``: what came."""

    canteen_id: int
    name_zh: str
    name_en: str
    meal: str
    covers: int
    cook_for: int
    made_at: datetime
    actual: int | None


class DayWaste(Struct):
    """Waste of a business day per canteen and meal."""

    business_date: date
    meals: list[MealWaste]


class NewKitchen(Message):
    """How a canteen is run and serves, and what a kilogram of food costs it."""

    canteen_id: Number
    operating: Annotated[str, Meta(pattern="^(self_run|contracted)$")]
    serving: Annotated[str, Meta(pattern="^(buffet|set_meal|a_la_carte)$")]
    cost_per_kg_fen: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class Measured(Struct):
    """What a group's meals of a period came to: weights in grams, money in fen; null where nothing can be said.

    ``low`` and ``high``: the 95 % interval of grams per cover, of up to 300 quarters and years. ``number`` is 0 for
    groups that are neither a canteen nor an agency.
    """

    number: int
    name: str
    period: date
    covers: int
    meals: int
    weighed_meals: int
    waste_g: int
    inedible_g: int
    prepared_g: int
    implausible: int
    grams_per_cover: float | None
    low: float | None
    high: float | None
    preparation_per_cover: float | None
    unserved_per_cover: float | None
    plate_per_cover: float | None
    waste_rate: float | None
    completeness: float | None
    avoidable_share: float | None
    cost_fen: int
    co2e_g: int


class Savings(Struct):
    """What a group wasted less than at its baseline's grams per cover; negative when it was more."""

    number: int
    name: str
    baseline_grams_per_cover: float
    saved_g: int
    saved_fen: int
    saved_co2e_g: int


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


class FileShown(Struct):
    """A photo or document; ``url``: where it is."""

    file_id: int
    name: str
    media_type: str
    added_by: str
    url: str


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


class Numbered(Struct):
    """The number of what was made."""

    number: int


class NewCase(Message):
    """A finding that a canteen must put right; falsified weights veto its quarter."""

    canteen_id: Number
    quarter: date
    what: LongText
    responsible: Annotated[str, Meta(min_length=1, max_length=100)]
    due_on: date
    kind: Annotated[str, Meta(pattern="^(finding|falsified_weights)$")] = "finding"
    files: NewFiles = field(default_factory=list)


class CaseAction(Message):
    """A step: a plan, a proof, the outcome of a re-inspection; ``deadline``: a new one when it failed."""

    text: LongText
    deadline: date | None = None
    files: NewFiles = field(default_factory=list)


class StepShown(Struct):
    """What was done about a case."""

    number: int
    action: str
    text: str
    done_by: str
    done_at: datetime


class CaseShown(Struct):
    """A rectification case; ``level``: 0 the canteen, 1 its agency's head, 2 the administration, 3 by law."""

    case_id: int
    canteen_id: int
    quarter: date
    kind: str
    what: str
    responsible: str
    state: str
    level: int
    opened_on: date
    due_on: date
    deadline: date
    closed_on: date | None
    overdue: bool
    steps: list[StepShown]
    files: list[FileShown]


class Reminder(Struct):
    """Something that waits for the person: what, until when, where."""

    kind: str
    text_zh: str
    text_en: str
    due_on: date | None
    overdue: bool
    canteen_id: int


class NewPhoto(Message):
    """Photos of a weighing."""

    files: NewFiles


class NewBooking(Message):
    """Covers booked beyond the usual guests, and afterwards how many came."""

    canteen_id: Number
    business_date: date
    meal: Annotated[str, Meta(pattern="^(breakfast|lunch|dinner)$")]
    booked: Annotated[int, Meta(ge=0, le=20_000)]
    came: Annotated[int, Meta(ge=0, le=20_000)] | None = None


class CandidateShown(Struct):
    """What was known of a canteen when a plan was drawn."""

    canteen_id: int
    stratum: str
    last_year: int | None
    since: int


class DrawnShown(Struct):
    """A canteen to inspect; ``quarter`` of the year; ``due``: three years would be over otherwise."""

    canteen_id: int
    stratum: str
    quarter: int
    due: bool


class PlanShown(Struct):
    """A year's plan of inspections; the candidates and the seed give the same again."""

    year: int
    seed: str
    candidates: list[CandidateShown]
    drawn: list[DrawnShown]
    made_by: str
    made_at: datetime


class NewBulletin(Message):
    """A bulletin about a quarter."""

    quarter: date


class BulletinTexts(Message):
    """Texts to replace; those left out stay."""

    title: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    foreword: LongText | None = None
    good: LongText | None = None
    warnings: LongText | None = None
    closing: LongText | None = None


class BulletinShown(Struct):
    """A bulletin; ``written_by``: who may not publish it."""

    bulletin_id: int
    quarter: date
    state: str
    texts: dict[str, str]
    written_by: list[str]
    published_by: str | None
    published_at: datetime | None


class ChartShown(Struct):
    """A chart's data: names and units of the columns, and the rows; the same as CSV with ``format=csv``."""

    chart: str
    title_zh: str
    title_en: str
    columns: list[str]
    rows: list[list[str | int | float | None]]
