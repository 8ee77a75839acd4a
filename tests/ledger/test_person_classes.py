"""What people of a class may eat and pay, on PostgreSQL itself, by both texts of charge()."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from foundation.postgres import Pool
from onecard.migrate import CHARGE_ON_NODES
from tests.cluster import Cluster, Server
from tests.counter import NINGBO, Counter, Holder


@pytest.fixture(autouse=True, params=["charge", "charge_on_nodes"])
def text(request: pytest.FixtureRequest, server: Server, owner_url: str) -> None:
    if isinstance(server, Cluster):
        if request.param == "charge":
            pytest.skip("on a cluster the other text charges")
    elif request.param == "charge_on_nodes":
        with psycopg.connect(owner_url) as db:
            db.execute(CHARGE_ON_NODES.read_bytes())


@pytest.fixture
async def guests(ledger: Pool) -> Pool:
    """Since the beginning of the year guests eat at home alone, and pay as visitors do."""
    await rules(ledger, "guest", "2026-01-01", True, False, "visitor")
    return ledger


async def rules(ledger: Pool, person_class: str, valid_from: str, home: bool, elsewhere: bool, price: str) -> None:
    await ledger.execute(
        "INSERT INTO class_rules VALUES ($1, $2, $3::text::date, $4, $5, $6)",
        NINGBO, person_class, valid_from, home, elsewhere, price,
    )  # fmt: skip


async def of_class(counter: Counter, person_class: str, **purses: Any) -> Holder:
    holder = await counter.holder(**purses)
    await counter.ledger.execute(
        "UPDATE official SET person_class = $3 WHERE book = $1 AND holder_id = $2",
        holder.book, holder.holder_id, person_class,
    )  # fmt: skip
    return holder


async def pay(counter: Counter, holder: Holder, **changes: Any) -> tuple[str, int | str | None]:
    answer = await counter.charger.charge(counter.order(await counter.till(), holder, **changes))
    return answer.outcome, answer.refusal or answer.amount_fen


async def test_a_guest_pays_the_visitors_price_at_home(counter: Counter, guests: Pool) -> None:
    assert await pay(counter, await of_class(counter, "guest")) == ("approved", 2_000)
    assert await pay(counter, await of_class(counter, "guest", cash_fen=1_500)) == ("refused", "insufficient_funds")
    assert await pay(counter, await of_class(counter, "official")) == ("approved", 1_200)
    assert await pay(counter, await of_class(counter, "retiree")) == ("approved", 1_200)


async def test_a_guest_eats_nowhere_else(counter: Counter, guests: Pool) -> None:
    assert await pay(counter, await of_class(counter, "guest", agency_index=1)) == ("refused", "not_entitled")
    assert await pay(counter, await of_class(counter, "official", agency_index=1)) == ("approved", 2_000)


async def test_a_class_may_eat_elsewhere_alone(counter: Counter, ledger: Pool) -> None:
    await rules(ledger, "contractor", "2026-01-01", False, True, "home")
    assert await pay(counter, await of_class(counter, "contractor")) == ("refused", "not_entitled")
    assert await pay(counter, await of_class(counter, "contractor", agency_index=1)) == ("approved", 2_000)


async def test_the_day_of_purchase_selects_the_rules(counter: Counter, guests: Pool) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    await rules(guests, "guest", str(tomorrow.date()), False, False, "home")
    assert await pay(counter, await of_class(counter, "guest")) == ("approved", 2_000)
    await guests.execute("UPDATE class_rules SET valid_from = '2026-01-02' WHERE price = 'home'")
    assert await pay(counter, await of_class(counter, "guest")) == ("refused", "not_entitled")


async def test_a_code_that_allows_the_home_price_alone_pays_no_more(counter: Counter, guests: Pool) -> None:
    guest, official = await of_class(counter, "guest"), await of_class(counter, "official")
    assert await pay(counter, guest, visitor_fen=None) == ("refused", "code_limit_exceeded")
    assert await pay(counter, official, visitor_fen=None) == ("approved", 1_200)
    assert await counter.purses(guest) == {"cash": 10_000, "subsidy": 0}


async def test_the_card_is_judged_before_the_class(counter: Counter, guests: Pool) -> None:
    guest = await of_class(counter, "guest", agency_index=1)
    await guests.execute("UPDATE credential SET state = 'blocked' WHERE credential_id = $1", guest.credential_id)
    assert await pay(counter, guest) == ("refused", "card_blocked")


async def test_a_batch_has_people_of_several_classes(counter: Counter, guests: Pool) -> None:
    till = await counter.till()
    people = [await of_class(counter, kind) for kind in ("guest", "official", "retiree", "guest")]
    orders = [counter.order(till, one) for one in people]
    answers = await asyncio.gather(*(counter.charger.charge(order) for order in orders))
    assert [one.amount_fen for one in answers] == [2_000, 1_200, 1_200, 2_000]
