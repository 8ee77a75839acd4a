"""A person moves to another agency: his money and his history follow, once the agency that he leaves has agreed.

Each agency holds the cash of its own people in its own bank account, so an account never changes its agency: the new
one is registered with the new agency, and the old one is closed into it. In one transaction the cash is paid out of
the old agency's float and topped up into the new purse from the new agency's float, unspent meal money returns to the
agency that granted it, cards and phones of the old account are blocked, and the new account names the old one. The old
agency owes the new one the cash from then on, and transfers it to its bank account (docs/decisions/0046).
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, convert, to_builtins

from dining.endings import end_for
from foundation.postgres import Connection
from foundation.problems import CONFLICT, Problem
from registry.approvals import Approvals, Execute, Rule, Wanted
from registry.audit import Change
from registry.identifiers import AgencyId, Book, HolderId
from registry.models import Approval, Official
from registry.roster_writing import QUERIES
from registry.states import OfficialState
from settlement.deposits import Deposit, post_deposits
from settlement.ledger import balances, new_posting_id
from settlement.refunds import close_account
from settlement.transfers import Channel, TransferKind
from terminals import blocking

MOVES_MAX = 200
"""Moves in one request, which is carried out in one transaction of a few seconds at most."""


class Move(Struct, frozen=True):
    """An account that is closed into another one. ``to_name``: the digest of the name that this one has, sealed."""

    book: Book
    agency_id: AgencyId
    holder_id: HolderId
    to_book: Book
    to_agency_id: AgencyId
    to_holder_id: HolderId
    to_name: str = ""

    @classmethod
    def of(cls, old: Official, new: Official) -> "Move":
        """The move of one account into the other."""
        return cls(
            old.book, old.agency_id, HolderId(old.holder_id), new.book, new.agency_id, HolderId(new.holder_id),
            _digest_of_name(new),
        )  # fmt: skip


class MovesWanted(Struct):
    """Moves from one agency to another."""

    moves: list[Move]

    def wanted(self, cash_fen: int) -> Wanted:
        """The request for the approval of the agency that is left; ``cash_fen``: what the purses hold, in fen."""
        agency_id = self.moves[0].agency_id
        return Wanted("move", agency_id, f"agency/{agency_id}", to_builtins(self), cash_fen, len(self.moves))


async def ask_for_moves(approvals: Approvals, ledger: Connection, maker: str, moves: list[Move]) -> list[int]:
    """Ask each agency that is left; the numbers of the requests. Raises Problem as ``Approvals.ask``."""
    asked = []
    for agency_id in sorted({move.agency_id for move in moves}):
        mine = sorted((move for move in moves if move.agency_id == agency_id), key=lambda move: move.holder_id)
        for first in range(0, len(mine), MOVES_MAX):
            some = mine[first : first + MOVES_MAX]
            held = [await balances(ledger, move.book, move.holder_id) for move in some]
            wanted = MovesWanted(some).wanted(sum(purses.get("cash", 0) for purses in held))
            asked.append((await approvals.ask(maker, wanted, Rule("move.agency_agrees"))).approval_id)
    return asked


async def _moves_approved(change: Change, approval: Approval) -> dict[str, Any]:
    moved = [one for move in convert(approval.body, MovesWanted).moves if (one := await _move(change, move))]
    cash_fen = sum(one["cash_fen"] for one in moved)
    if approval.amount_fen is not None and cash_fen > approval.amount_fen:
        raise Problem(CONFLICT, "move.more_than_approved")
    return {"moves": moved, "cash_fen": cash_fen}


async def _move(change: Change, move: Move) -> dict[str, Any] | None:
    """Close an account into another one; None where nothing moves: that one has an earlier account already, or takes no
    money, or has another name than when it was asked for, or this one was paid out meanwhile."""
    new = await change.db.get_one(Official, (move.to_book, move.to_holder_id), with_for_update=True)
    old = await change.db.get_one(Official, (move.book, move.holder_id))
    if move.to_name not in ("", _digest_of_name(new)):
        return None
    if new.earlier_holder is not None or new.state != OfficialState.ACTIVE or old.state == OfficialState.LEFT:
        return None
    connection = await change.connection()
    payout, top_up = new_posting_id(), new_posting_id()
    closed = await close_account(connection, move.book, move.holder_id, payout)
    if closed.cash_fen:
        deposit = Deposit(top_up, move.to_holder_id, closed.cash_fen)
        await post_deposits(connection, move.to_book, TransferKind.TOP_UP, [deposit], channel=Channel.MOVE)
    blocked = await blocking.block_all(
        change.db, move.book, move.holder_id, "moved to another agency", change.note.actor
    )
    ended = await end_for(connection, move.book, [move.holder_id], datetime.now(UTC))
    await connection.execute(QUERIES["link_earlier"], move.to_book, move.to_holder_id, move.book, move.holder_id)
    return {
        "holder_id": move.holder_id, "to_holder_id": move.to_holder_id, "to_agency_id": move.to_agency_id,
        "cash_fen": closed.cash_fen, "subsidy_fen": closed.subsidy_fen, "payout": str(payout), "top_up": str(top_up),
        "blocked": blocked, **ended,
    }  # fmt: skip


def _digest_of_name(official: Official) -> str:
    return hashlib.sha256(official.name_sealed).hexdigest()


KINDS: dict[str, Execute] = {"move": _moves_approved}
"""What is carried out here when it is approved."""
