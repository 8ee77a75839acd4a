"""Sale lines: what was sold in a payment, kept beside its posting.

A till that knows its dishes says them: the lines of a payment add up to its amount. What is taken away is not eaten
here: a cover is who pays the least price for the rest (sql/covers.sql).
"""

from collections.abc import Sequence
from uuid import UUID

from msgspec import json

from foundation.postgres import Pool, as_struct
from foundation.problems import INVALID, Problem
from settlement.ledger import QUERIES
from settlement.schemas import SaleLine

GRAMS_OF_UNIT = 1_000
"""What is weighed has a price for a kilogram: the prices for 50, 100 and 500 g are whole fen there, too."""


def check_lines(lines: Sequence[SaleLine], amount_fen: int | None) -> None:
    """Raise Problem(INVALID) unless the lines explain the amount.

    Each has portions or grams, and costs at most what these cost at its unit price, in whole fen upwards: less is a
    discount. Their sum is the amount that the cashier entered.
    """
    if amount_fen is None:
        raise Problem(INVALID, "settlement.lines_without_amount")
    for position, line in enumerate(lines, 1):
        if (line.portions is None) == (line.grams is None):
            raise Problem(INVALID, "settlement.portions_or_grams", line=position)
        if line.amount_fen > _full_price(line):
            raise Problem(INVALID, "settlement.line_above_price", line=position)
    total_fen = sum(line.amount_fen for line in lines)
    if total_fen != amount_fen:
        raise Problem(INVALID, "settlement.lines_sum", total=total_fen, amount=amount_fen)


def _full_price(line: SaleLine) -> int:
    """What a line costs without a discount, in fen."""
    if line.portions is not None:
        return line.portions * line.unit_price_fen
    assert line.grams is not None
    return -(-line.grams * line.unit_price_fen // GRAMS_OF_UNIT)


def taken_away_fen(lines: Sequence[SaleLine]) -> int:
    """What of a sale is not eaten at the canteen, in fen."""
    return sum(line.amount_fen for line in lines if line.take_away)


def as_json(sales: Sequence[tuple[UUID, Sequence[SaleLine]]]) -> str:
    """Sales by the number of their posting, for the function ``charge_with_lines``."""
    return json.encode(
        [{"posting_id": number, "taken_fen": taken_away_fen(lines), "lines": lines} for number, lines in sales]
    ).decode()


async def lines_of(pool: Pool, posting_id: UUID) -> list[SaleLine]:
    """The lines of a payment in their order; empty if its till named none."""
    return [as_struct(row, SaleLine) for row in await pool.fetch(QUERIES["sale_lines"], posting_id)]
