"""Wire types of supervision, and how cases become what people see."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from msgspec import Meta, Struct, field

from foundation import catalogue
from foundation.attachments import NewFiles
from foundation.catalogue import Language
from foundation.messages import LongText, Message, Number, ShortText, line
from registry.identifiers import AgencyId, Book, CanteenId
from registry.models import Canteen
from waste.evaluation.quarters import EARLIEST, LATEST
from waste.supervision.cases import ENDED, FindingKind
from waste.supervision.models import CaseStep, InspectionVisit, RectificationCase
from waste.supervision.sampling import Coverage, Plan
from waste.weighing.schemas import FileShown


class NewCase(Message):
    """A finding that a canteen must rectify; falsified weights veto its quarter."""

    canteen_id: Number
    quarter: date
    what: LongText
    responsible: Annotated[str, line(100)]
    due_on: date
    kind: FindingKind = FindingKind.FINDING
    files: NewFiles = field(default_factory=list)


class NewCaseStep(Message):
    """A plan, a proof, or the outcome of a re-inspection; ``deadline``: a new one after it failed."""

    text: LongText
    deadline: date | None = None
    files: NewFiles = field(default_factory=list)


class NewInspection(Message):
    """A visit of the inspector who files it; ``plan_year``: the year of the plan that drew the canteen.

    ``request_id``: a number of the sender's own. A repeat with it files nothing more, and answers as the first did.
    """

    canteen_id: Number
    visited_on: date
    looked_at: LongText
    plan_year: Annotated[int, Meta(ge=EARLIEST, le=LATEST)] | None = None
    request_id: UUID | None = None
    files: NewFiles = field(default_factory=list)


class InspectionShown(Struct):
    """A visit of an inspector with its photos; ``plan_year``: the plan that drew it, if one did."""

    visit_id: int
    book: Book
    canteen_id: CanteenId
    agency_id: AgencyId
    visited_on: date
    plan_year: int | None
    inspector: str
    looked_at: str
    filed_by: str
    filed_at: datetime
    files: list[FileShown]

    @classmethod
    def of(cls, visit: InspectionVisit, canteen: Canteen, files: Sequence[FileShown]) -> Self:
        """A visit to a canteen with its files."""
        names = set(cls.__struct_fields__) - {"agency_id", "files"}
        kept = {name: getattr(visit, name) for name in names}
        return cls(**kept, agency_id=AgencyId(canteen.agency_id), files=list(files))


class PlanShown(Plan):
    """A plan, the least share of canteens of each size that is drawn, and how far its year is."""

    share: float
    coverage: Coverage


class NewCalibration(Message):
    """A calibration of one of a canteen's scales, by its name or serial number."""

    canteen_id: Number
    scale: ShortText
    calibrated_on: date
    valid_until: date
    certificate: ShortText


class CalibrationShown(Struct):
    """A calibration of a scale."""

    calibration_id: int
    scale: str
    calibrated_on: date
    valid_until: date
    certificate: str
    recorded_by: str
    recorded_at: datetime


class StepShown(Struct):
    """A step of a case; ``text`` is what a person wrote, or a sentence of the system in the reader's language."""

    number: int
    action: str
    text: str
    done_by: str
    done_at: datetime

    @classmethod
    def of(cls, step: CaseStep, language: Language) -> Self:
        """A step for a reader."""
        said = step.text if step.code is None else catalogue.text(step.code, language, **(step.params or {}))
        return cls(step.number, step.action, said, step.done_by, step.done_at)


class CaseShown(Struct):
    """A rectification case; ``level``: 0 the canteen, 1 its agency's head, 2 the administration, 3 by law."""

    case_id: int
    canteen_id: CanteenId
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

    @classmethod
    def of(cls, case: RectificationCase, steps: Sequence[StepShown], files: Sequence[FileShown], today: date) -> Self:
        """A case with its steps and files."""
        names = set(cls.__struct_fields__) - {"overdue", "steps", "files"}
        overdue = case.state not in ENDED and case.due_on < today
        kept = {name: getattr(case, name) for name in names}
        return cls(**kept, overdue=overdue, steps=list(steps), files=list(files))


class ReminderKind(StrEnum):
    """Messages ``supervision.reminder.<value>``."""

    SELF_EVALUATION = "self_evaluation"
    CASE = "case"
    APPEAL = "appeal"


class Reminder(Struct):
    """Something that a person has to do, in a sentence of the reader's language."""

    kind: ReminderKind
    text: str
    due_on: date | None
    overdue: bool
    canteen_id: CanteenId
