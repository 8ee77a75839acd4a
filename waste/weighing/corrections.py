"""Corrections by a person: at once within days of the meal, later when a second person has approved them."""

from datetime import date
from typing import Any

from msgspec import Struct, convert, to_builtins

from registry import audit
from registry.access import Person
from registry.approvals import Approvals, Execute, Wanted, Wants
from registry.audit import Change
from registry.canteens import canteens_numbered, canteens_of
from registry.identifiers import AgencyId, CanteenId
from registry.meals import Meal
from registry.models import Approval, Database
from waste.measures.streams import Stream
from waste.weighing.schemas import Correction, NewCorrections, Recorded
from waste.weighing.weigh_ins import Correctable, correct_weigh_ins, correctable


class LateCorrection(Struct):
    """A correction, and what it replaces, for the person who decides; weights in grams, None: taken back."""

    correction: Correction
    canteen_id: CanteenId
    business_date: date
    meal: Meal
    stream: Stream
    before_g: int | None


class CorrectionsWanted(Struct):
    """Corrections of one agency that a second person must approve."""

    agency_id: AgencyId | None
    corrections: list[LateCorrection]
    reason: str

    @property
    def wanted(self) -> Wanted:
        """The request for approval."""
        subject = f"canteen/{self.corrections[0].canteen_id}"
        body, items = to_builtins(self), len(self.corrections)
        return Wanted("correction", self.agency_id, subject, body, items=items, reason=self.reason)


async def correct_by_person(
    database: Database, approvals: Approvals, person: Person, data: NewCorrections
) -> Recorded | Approval:
    """Correct weigh-ins with the audit entry; the request for approval where that is needed.

    Raises Problem as ``correct_weigh_ins``.
    """
    subject = f"agency/{person.agency_id}"
    detail = {"reason": data.reason, "replaced": [str(c.replaces) for c in data.corrections]}

    async def correct(wants: Wants) -> Recorded:
        async with audit.change(database, person.login, "correct_weigh_ins", subject, detail) as change:
            connection, canteens = await change.connection(), await canteens_of(change.db, person)
            known = await correctable(connection, canteens, data.corrections)
            late = [_late(known[correction.replaces], correction) for correction in data.corrections]
            wants(CorrectionsWanted(person.agency_id, late, data.reason).wanted)
            done = await correct_weigh_ins(connection, canteens, person.login, data.corrections)
            change.note.detail["new"] = done.new
            change.is_repeat = done.new == 0
        return done

    return await approvals.alone_or_asked(person.login, correct)


def _late(before: Correctable, correction: Correction) -> LateCorrection:
    return LateCorrection(
        correction, before.canteen_id, before.business_date, before.meal, before.stream, before.weight_g
    )  # fmt: skip


async def _corrections_approved(change: Change, approval: Approval) -> dict[str, Any]:
    asked = convert(approval.body, CorrectionsWanted)
    canteens = await canteens_numbered(change.db, {one.canteen_id for one in asked.corrections})
    done = await correct_weigh_ins(
        await change.connection(), canteens, approval.maker, [one.correction for one in asked.corrections],
        approved=True,
    )  # fmt: skip
    return {"new": done.new}


KINDS: dict[str, Execute] = {"correction": _corrections_approved}
"""What is carried out here when it is approved."""
