"""Deferred multilateral net settlement: pure rules.

Position of an agency = receipts of its canteens from other agencies' officials - spending of its officials at other
agencies' canteens. The positions of a cycle sum to zero. Netting efficiency = 1 - sum |net| / sum gross.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from registry.identifiers import AgencyId


@dataclass(frozen=True, slots=True)
class Owed:
    """What an issuer owes an acquirer, in fen; negative when refunds exceed payments."""

    issuer_id: AgencyId
    acquirer_id: AgencyId
    amount_fen: int


@dataclass(frozen=True, slots=True)
class NetPosition:
    """An agency's position in a cycle, in fen: positive is paid by the centre, negative is paid to it."""

    receivable_fen: int
    payable_fen: int

    @property
    def position_fen(self) -> int:
        """Receivable minus payable."""
        return self.receivable_fen - self.payable_fen


def net(agencies: Iterable[AgencyId], obligations: Iterable[Owed]) -> dict[AgencyId, NetPosition]:
    """Net positions of every agency, including those that owe and are owed nothing.

    Raises KeyError for an obligation of an agency that is not listed: a missing member must stop the end of day.
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
    """The share of the gross amount that need not move: 100 (1 - sum |net| / 2 / sum gross), one decimal.

    The sum of absolute positions counts each fen at the debtor and at the creditor, hence the half.
    """
    known = list(positions)
    gross = sum(p.receivable_fen for p in known)
    moved = sum(abs(p.position_fen) for p in known) // 2
    return round(100 * (gross - moved) / gross, 1) if gross > 0 else 0.0
