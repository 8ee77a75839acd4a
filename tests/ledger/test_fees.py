"""The clearing fee: each meal has the fee of its own cycle, also when it is given back in a later one."""

from datetime import timedelta
from pathlib import Path

import pytest

from clearing.audit import audit, read_bundle
from clearing.closing import EndOfDay, close_day, open_dates
from clearing.proof import bundle
from clearing.schemas import CycleInfo
from foundation.postgres import Pool
from tests.closed_days import KEY, KEYS
from tests.counter import NINGBO, Counter
from verification.invariants import verify_ledger


@pytest.mark.parametrize("then_fen", [0, 50, 80])
@pytest.mark.parametrize("first_fen", [0, 50])
async def test_a_fee_is_given_back_at_the_rate_of_its_meal(
    ledger: Pool, database_url: str, tmp_path: Path, first_fen: int, then_fen: int
) -> None:
    """A lunch is voided just after the cut-off; on the next day another one is eaten, and one eaten and voided."""
    counter = Counter(ledger)
    till, visitor = await counter.till(), await counter.holder(agency_index=1)
    guest = await ledger.fetchval("SELECT agency_id FROM official WHERE holder_id = $1", visitor.holder_id)

    async def pay() -> int:
        order = counter.order(till, visitor)
        assert (await counter.charger.charge(order)).outcome == "approved"
        return order.key.sequence

    async def void(sequence: int) -> None:
        order = counter.order(till, visitor)
        assert (await counter.charger.void(NINGBO, order.key, order.digest, 1, sequence)).outcome == "voided"

    first = await pay()
    day = max((await open_dates(ledger)).values())
    before = await close_day(EndOfDay(ledger, tmp_path, KEY, first_fen), day)
    await void(first)
    await pay()
    await void(await pay())
    after = await close_day(EndOfDay(ledger, tmp_path, KEY, then_fen), day + timedelta(days=1))

    def position(cycle: CycleInfo) -> int:
        return next(p.position_fen for p in cycle.positions if p.agency_id == guest)

    assert position(before) == -2_000 - first_fen
    assert position(after) == 2_000 + first_fen - 2_000 - then_fen
    assert [check for check in await verify_ledger(database_url, tmp_path, KEYS) if not check.holds] == []
    earlier, later = [read_bundle(await bundle(ledger, on, guest, tmp_path)) for on in (day, day + timedelta(days=1))]
    assert [finding for finding in audit(later, KEYS.every_centre_public_key, earlier) if not finding.holds] == []
