"""Terminals by hand: their names, their canteens, and whether they may work.

A terminal may stand at another canteen of the same agency: who gets its money stays the same, so one person is enough.
For another agency's canteen a device is enrolled anew, by two people.
"""

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import CONFLICT, NOT_FOUND, Problem
from registry.access import Person
from registry.audit import Change
from registry.cashiers import end_at_terminal
from registry.models import Canteen
from settlement.shifts import unsettled_shift
from terminals.models import Enrolment, Terminal, TerminalSession, TerminalState


async def rename(change: Change, person: Person, terminal_id: int, name: str) -> None:
    """Call a terminal something else. Raises Problem NOT_FOUND or NOT_ALLOWED."""
    terminal, _ = await _found(change, person, terminal_id)
    change.is_repeat = terminal.name == name
    terminal.name = name


async def move(change: Change, person: Person, terminal_id: int, canteen_id: int) -> None:
    """Put a terminal into another canteen of its agency; it signs on again. What it took before stays where it was.

    Raises Problem NOT_FOUND, NOT_ALLOWED, or CONFLICT: another agency's canteen, or a shift of its that is open, or
    whose totals differ.
    """
    terminal, canteen = await _found(change, person, terminal_id)
    there = await change.db.scalar(select(Canteen).where(Canteen.canteen_id == canteen_id))
    if there is None:
        raise Problem(NOT_FOUND, "terminals.canteen_unknown", canteen_id=canteen_id)
    if (there.book, there.agency_id) != (canteen.book, canteen.agency_id):
        raise Problem(CONFLICT, "terminals.other_agency", canteen_id=canteen_id)
    change.is_repeat = there.canteen_id == canteen.canteen_id
    if change.is_repeat:
        return
    shift = await unsettled_shift(await change.connection(), terminal.book, terminal_id, terminal.epoch)
    if shift is not None:
        raise Problem(CONFLICT, "terminals.shift_unsettled", terminal_id=terminal_id, shift=shift)
    terminal.former_canteens = sorted({*terminal.former_canteens, canteen.canteen_id} - {there.canteen_id})
    terminal.canteen_id = there.canteen_id
    await end_sessions(change.db, terminal.book, terminal_id)


async def suspend(change: Change, person: Person, terminal_id: int) -> None:
    """Let a terminal do nothing until a person resumes it: its session ends at every worker within seconds.

    Raises Problem NOT_FOUND, NOT_ALLOWED, or CONFLICT for one that is revoked.
    """
    terminal, _ = await _found(change, person, terminal_id)
    _must_not_be_revoked(terminal)
    change.is_repeat = terminal.state == TerminalState.SUSPENDED
    terminal.state = TerminalState.SUSPENDED
    await end_sessions(change.db, terminal.book, terminal_id)


async def resume(change: Change, person: Person, terminal_id: int) -> None:
    """Let a suspended terminal sign on again. Raises Problem as ``suspend``."""
    terminal, _ = await _found(change, person, terminal_id)
    _must_not_be_revoked(terminal)
    change.is_repeat = terminal.state == TerminalState.ACTIVE
    terminal.state = TerminalState.ACTIVE


async def revoke(change: Change, person: Person, terminal_id: int) -> None:
    """Take a terminal out of use: its sessions end and none begins, and slips that were given out for it are void.

    A slip that is made afterwards may put a new device in its place. Raises Problem NOT_FOUND or NOT_ALLOWED.
    """
    now = datetime.now(UTC)
    # Slips before the terminal, as an enrolment locks them.
    await change.db.execute(
        update(Enrolment).where(Enrolment.terminal_id == terminal_id, Enrolment.expires_at > now).values(expires_at=now)
    )
    terminal, _ = await _found(change, person, terminal_id)
    change.is_repeat = terminal.state == TerminalState.REVOKED
    if not change.is_repeat:
        terminal.state, terminal.revoked_at = TerminalState.REVOKED, now
        await end_sessions(change.db, terminal.book, terminal_id)


async def _found(change: Change, person: Person, terminal_id: int) -> tuple[Terminal, Canteen]:
    """A terminal, locked as its shifts' messages lock it, and its canteen."""
    found = select(Terminal).where(Terminal.terminal_id == terminal_id)
    terminal = await change.db.scalar(found.with_for_update(key_share=True))
    if terminal is None:
        raise Problem(NOT_FOUND, "terminals.terminal_unknown", terminal_id=terminal_id)
    canteen = await change.db.get_one(Canteen, (terminal.book, terminal.canteen_id))
    person.must_act_for(canteen.agency_id)
    return terminal, canteen


def _must_not_be_revoked(terminal: Terminal) -> None:
    if terminal.state == TerminalState.REVOKED:
        raise Problem(CONFLICT, "terminals.revoked", terminal_id=terminal.terminal_id)


async def end_sessions(db: AsyncSession, book: int, terminal_id: int) -> None:
    """End a terminal's sessions, and sign off the cashier who is there."""
    await end_at_terminal(db, book, terminal_id)
    await db.execute(
        update(TerminalSession)
        .where(
            TerminalSession.book == book,
            TerminalSession.terminal_id == terminal_id,
            TerminalSession.ended_at.is_(None),
        )
        .values(ended_at=datetime.now(UTC))
    )
