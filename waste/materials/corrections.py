"""Corrections of entries by a person: alone until a fortnight after the month, then with a second person."""

from datetime import date
from typing import Any

from msgspec import Struct, convert, to_builtins

from registry import audit
from registry.access import Person
from registry.approvals import Approvals, Execute, Wanted, Wants
from registry.audit import Change
from registry.canteens import canteens_numbered, canteens_of
from registry.identifiers import AgencyId, CanteenId
from registry.models import Approval, Database
from waste.materials.entries import Entry, correct_entries, correctable
from waste.materials.schemas import EntriesRecorded, EntryCorrection, EntryKind, NewEntryCorrections


class LateEntryCorrection(Struct):
    """A correction, and what it replaces, for the person who decides; grams and fen, 0 grams: cancelled."""

    correction: EntryCorrection
    canteen_id: CanteenId
    kind: EntryKind
    on_day: date
    item: str
    before_g: int
    before_fen: int | None


class EntryCorrectionsWanted(Struct):
    """Corrections of one agency's entries that a second person must approve."""

    agency_id: AgencyId | None
    entries: list[LateEntryCorrection]
    reason: str

    @property
    def wanted(self) -> Wanted:
        """The request for approval."""
        subject = f"canteen/{self.entries[0].canteen_id}"
        body, items = to_builtins(self), len(self.entries)
        return Wanted("material_correction", self.agency_id, subject, body, items=items, reason=self.reason)


async def correct_by_person(
    database: Database, approvals: Approvals, person: Person, data: NewEntryCorrections
) -> EntriesRecorded | Approval:
    """Correct entries with the audit entry; the request for approval where that is needed.

    Raises Problem as ``correct_entries``.
    """
    subject = f"agency/{person.agency_id}"
    detail = {"reason": data.reason, "replaced": [str(c.replaces) for c in data.corrections]}

    async def correct(wants: Wants) -> EntriesRecorded:
        async with audit.change(database, person.login, "correct_material", subject, detail) as change:
            connection, canteens = await change.connection(), await canteens_of(change.db, person)
            known = await correctable(connection, canteens, data.corrections)
            late = [_late(known[correction.replaces], correction) for correction in data.corrections]
            wants(EntryCorrectionsWanted(person.agency_id, late, data.reason).wanted)
            done = await correct_entries(connection, canteens, person.login, data.corrections)
            change.note.detail["new"] = done.new
            change.is_repeat = done.new == 0
        return done

    return await approvals.alone_or_asked(person.login, correct)


def _late(before: Entry, correction: EntryCorrection) -> LateEntryCorrection:
    return LateEntryCorrection(
        correction, before.canteen_id, before.kind, before.on_day, before.item, before.weight_g, before.cost_fen
    )


async def _corrections_approved(change: Change, approval: Approval) -> dict[str, Any]:
    asked = convert(approval.body, EntryCorrectionsWanted)
    canteens = await canteens_numbered(change.db, {one.canteen_id for one in asked.entries})
    corrections = [one.correction for one in asked.entries]
    done = await correct_entries(await change.connection(), canteens, approval.maker, corrections, approved=True)
    return {"new": done.new}


KINDS: dict[str, Execute] = {"material_correction": _corrections_approved}
"""What is carried out here when it is approved."""
