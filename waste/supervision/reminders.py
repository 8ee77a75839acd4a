"""What waits for a person: self-evaluations, rectification, re-inspections and appeals."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from foundation import catalogue
from foundation.catalogue import Language
from registry.access import Person
from registry.canteens import canteens_of
from registry.identifiers import CanteenId
from registry.models import Canteen
from waste.evaluation.appeals import AppealState, appeals_of
from waste.evaluation.evidence import missing_self_evaluations
from waste.evaluation.quarters import quarter_before, quarter_name
from waste.supervision.cases import WAITING_FOR, cases_of
from waste.supervision.schemas import Reminder, ReminderKind


async def reminders_of(db: AsyncSession, person: Person, today: date, language: Language) -> list[Reminder]:
    """A person's reminders, the earliest due first."""
    canteens = await canteens_of(db, person)
    waiting = [
        *await _self_evaluations(db, person, canteens, today, language),
        *await _cases(db, person, canteens, today, language),
        *await _appeals(db, person, canteens, language),
    ]
    return sorted(waiting, key=lambda one: (one.due_on or date.max, one.kind, one.canteen_id))


async def _self_evaluations(
    db: AsyncSession, person: Person, canteens: dict[int, Canteen], today: date, language: Language
) -> list[Reminder]:
    if not person.may("evaluate_oneself"):
        return []
    quarter = quarter_before(today)
    return [
        _reminder(ReminderKind.SELF_EVALUATION, canteen, due, today, language, quarter=quarter_name(quarter, language))
        for canteen, due in await missing_self_evaluations(db, canteens, quarter, today)
    ]


async def _cases(
    db: AsyncSession, person: Person, canteens: dict[int, Canteen], today: date, language: Language
) -> list[Reminder]:
    permission = next((one for one in WAITING_FOR if person.may(one)), None)
    if permission is None:
        return []
    return [
        _reminder(
            ReminderKind.CASE, canteens[case.canteen_id], case.deadline, today, language, case_id=case.case_id,
            what=case.what, state=catalogue.text(f"supervision.state.{case.state}", language),
        )
        for case in await cases_of(db, list(canteens))
        if case.state in WAITING_FOR[permission]
    ]  # fmt: skip


async def _appeals(
    db: AsyncSession, person: Person, canteens: dict[int, Canteen], language: Language
) -> list[Reminder]:
    if not person.may("inspect"):
        return []
    return [
        _reminder(
            ReminderKind.APPEAL, canteens[appeal.canteen_id], None, date.min, language, appeal_id=appeal.appeal_id,
            quarter=quarter_name(appeal.quarter, language), reason=appeal.text,
        )
        for appeal in await appeals_of(db, list(canteens))
        if appeal.state == AppealState.OPEN
    ]  # fmt: skip


def _reminder(
    kind: ReminderKind, canteen: Canteen, due_on: date | None, today: date, language: Language, **params: Any
) -> Reminder:
    name = canteen.name_zh if language is Language.CHINESE else canteen.name_en
    said = catalogue.text(f"supervision.reminder.{kind}", language, canteen=name, **params)
    return Reminder(kind, said, due_on, due_on is not None and due_on < today, CanteenId(canteen.canteen_id))
