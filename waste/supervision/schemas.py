"""Wire types of supervision."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct, field

from foundation.attachments import NewFiles
from foundation.messages import LongText, Message, Number
from waste.weighing.schemas import FileShown


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
