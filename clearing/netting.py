"""Deferred multilateral net settlement: pure rules.

Position of an agency = what its canteens took from others' officials - what its officials spent at others'
canteens. The positions of a cycle sum to zero. Netting efficiency = 1 - sum |net| / sum gross.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owed:
    """What an issuer owes an acquirer, in fen; may be negative when more was given back than paid."""

    issuer_id: int
    acquirer_id: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class NetPosition:
    """An agency's side of a cycle in fen: positive is paid from the centre's account, negative pays into it."""

    receivable_fen: int
    payable_fen: int

    @property
    def position_fen(self) -> int:
        """Receivable minus payable."""
        return self.receivable_fen - self.payable_fen


def net(agencies: Iterable[int], obligations: Iterable[Owed]) -> dict[int, NetPosition]:
    """Net positions of every agency, also of those that owe and are owed nothing.

    Raises KeyError for an obligation of an agency that is not listed: a missing member must stop the night.
    """
    receivable = dict.fromkeys(agencies, 0)
    payable = dict(receivable)
    for owed in obligations:
        if owed.issuer_id == owed.acquirer_id:
            continue
        receivable[owed.acquirer_id] += owed.amount_fen
        payable[owed.issuer_id] += owed.amount_fen
    positions = {agency: NetPosition(receivable[agency], payable[agency]) for agency in receivable}
    assert sum(p.position_fen for p in positions.values()) == 0, "net positions sum to zero"
    return positions


def netting_efficiency_percent(positions: Iterable[NetPosition]) -> float:
    """How much of the gross money need not move: 100 (1 - sum |net| / 2 / sum gross), one decimal.

    The sum of absolute positions counts each fen at the debtor and at the creditor, hence the half.
    """
    known = list(positions)
    gross = sum(p.receivable_fen for p in known)
    moved = sum(abs(p.position_fen) for p in known) // 2
    return round(100 * (gross - moved) / gross, 1) if gross > 0 else 0.0
