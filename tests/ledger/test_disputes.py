"""Disputes: raised in time by who is concerned, answered, decided; an accepted one moves money in the open day."""

import base64
import json
import struct
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from clearing import disputes
from clearing.closing import open_dates
from clearing.disputes import decide_dispute, raise_dispute
from foundation.attachments import Attachment
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.access import Person
from registry.identifiers import AgencyId
from registry.models import Database
from registry.roles import Role
from settlement.deposits import Deposit, deposit
from settlement.refunds import refund
from settlement.transfers import TransferKind
from terminals.client import Terminal
from tests.builders import Network
from tests.closed_days import KEYS, close
from tests.counter import NINGBO, Counter
from tests.running_system import System
from verification.invariants import verify_ledger

PDF = b"%PDF-1.7 a receipt"
CENTRE = Person(1, "centre", Role.CENTRE_OPERATOR, None)


def finance_officer(user_id: int, login: str, agency_id: AgencyId) -> Person:
    return Person(user_id, login, Role.AGENCY_FINANCE, agency_id)


STRANGER = finance_officer(4, "stranger", AgencyId(424242))
"""Of an agency that has nothing to do with the payment."""


class Case:
    """A visitor's lunch on a published statement, and the finance officers of both sides."""

    def __init__(self, ledger: Pool, url: str, database: Database, folder: Path) -> None:
        self.ledger, self.url, self.database, self.folder = ledger, url, database, folder
        self.counter = Counter(ledger)

    async def publish(self) -> None:
        till, self.visitor = await self.counter.till(), await self.counter.holder(agency_index=1)
        answer = await self.counter.charger.charge(self.counter.order(till, self.visitor))
        assert answer.posting_id is not None
        self.posting: UUID = answer.posting_id
        self.day = max((await open_dates(self.ledger)).values())
        await close(self.ledger, self.day, self.folder)
        issuer = await self.ledger.fetchval("SELECT issuer_id FROM transfer WHERE posting_id = $1", self.posting)
        self.guest = finance_officer(2, "guest", issuer)
        self.host = finance_officer(3, "host", till.agency_id)

    async def dispute(self, person: Person | None = None, fen: int = 500, **more: Any) -> int:
        files = more.get("files", [])
        posting = more.get("posting", self.posting)
        return await raise_dispute(self.database, self.ledger, person or self.guest, posting, fen, "没吃", files)

    async def answer(self, number: int, person: Person | None = None) -> None:
        await disputes.answer_dispute(self.database, person or self.host, number, "吃了", [])

    async def decide(self, number: int, *, accept: bool = True) -> None:
        await decide_dispute(self.database, CENTRE, number, accept=accept, text="查实")


@pytest.fixture
async def case(ledger: Pool, database_url: str, tmp_path: Path) -> Any:
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    made = Case(ledger, database_url, async_sessionmaker(engine, expire_on_commit=False), tmp_path)
    await made.publish()
    yield made
    await engine.dispose()


async def refused(awaitable: Any) -> str:
    with pytest.raises(Problem) as problem:
        await awaitable
    return problem.value.kind.slug


async def test_an_accepted_dispute_goes_back_in_the_open_day_and_stands_on_the_next_statement(case: Case) -> None:
    number = await case.dispute(fen=1_500)
    await case.answer(number)
    await case.decide(number)
    await case.decide(number)
    assert (await case.counter.purses(case.visitor))["cash"] == 10_000 - 2_000 + 1_500
    cycle = await close(case.ledger, case.day + timedelta(days=1), case.folder)
    assert [p.position_fen for p in cycle.positions] == [-1_500, 1_500, 0, 0]
    line = await case.ledger.fetchrow("SELECT line, reversed_fen FROM obligation ORDER BY cycle_date DESC LIMIT 1")
    assert line is not None
    assert tuple(line) == ("correction", 1_500)
    assert [check for check in await verify_ledger(case.url, case.folder, KEYS) if not check.holds] == []


async def test_a_rejected_one_moves_nothing_and_can_be_raised_again(case: Case) -> None:
    number = await case.dispute()
    await case.answer(number)
    await case.decide(number, accept=False)
    assert await case.counter.count("refund") == 0
    assert await refused(case.decide(number)) == "dispute-closed"
    assert await case.dispute() != number


async def test_only_who_is_concerned_and_only_once_at_a_time(case: Case) -> None:
    assert await refused(case.dispute(STRANGER)) == "not-disputable"
    assert await refused(case.dispute(fen=2_001)) == "not-disputable"
    assert await refused(case.dispute(posting=uuid4())) == "not-disputable"
    number = await case.dispute(case.host)
    assert await refused(case.dispute()) == "not-disputable", "the other side disputes the same payment"
    assert await refused(case.answer(number, case.host)) == "not-allowed"
    assert await refused(case.answer(number, STRANGER)) == "no-dispute"
    assert await refused(disputes.withdraw_dispute(case.database, case.guest, number)) == "not-allowed"
    await disputes.withdraw_dispute(case.database, case.host, number)
    assert await refused(case.answer(number, case.guest)) == "dispute-closed"


async def test_what_was_not_closed_yet_is_voided_not_disputed(case: Case) -> None:
    till, visitor = await case.counter.till(NINGBO), await case.counter.holder(agency_index=1)
    fresh = await case.counter.charger.charge(case.counter.order(till, visitor))
    assert await refused(case.dispute(posting=fresh.posting_id)) == "not-disputable"


async def test_the_time_to_dispute_and_to_answer_is_three_working_days(case: Case) -> None:
    """Published on the eve of the National Day holiday of 2026: working days are 8, 9 and 10 October."""
    first, last = disputes._last_day, disputes.DAYS
    assert (last, str(first(await _published(case, "2026-09-30 15:00+00")))) == (3, "2026-10-10")
    assert await refused(case.dispute()) == "too-late"
    await _published(case, "2100-01-01 00:00+00")
    number = await case.dispute()
    assert await refused(case.decide(number)) == "too-early"
    await case.ledger.execute("UPDATE dispute SET answer_until = current_date - 2")
    assert await refused(case.answer(number)) == "too-late"
    await case.decide(number)


async def _published(case: Case, at: str) -> Any:
    return await case.ledger.fetchval(f"UPDATE cycle SET published_at = '{at}' RETURNING published_at")


async def test_a_crash_between_the_money_and_the_decision_of_an_earlier_release_is_repaired(case: Case) -> None:
    """Earlier releases posted the refund by itself, under a number that follows from the dispute's."""
    number = await case.dispute()
    await case.answer(number)
    await refund(case.ledger, NINGBO, disputes.refund_number(number), case.posting, 500)
    assert await refused(case.decide(number, accept=False)) == "dispute-closed"
    await case.decide(number)
    assert await case.counter.count("refund") == 1
    assert [check for check in await verify_ledger(case.url, case.folder, KEYS) if not check.holds] == []


async def test_the_money_and_the_decision_are_one_transaction(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await case.dispute()
    await case.answer(number)

    async def no_entry(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr("registry.audit.append", no_entry)
        with pytest.raises(ConnectionError):
            await case.decide(number)
    assert await case.counter.count("refund") == 0
    await case.decide(number)
    assert await case.counter.count("refund") == 1


@pytest.mark.parametrize("accept", [True, False])
@pytest.mark.parametrize("stranger", ["top_up", "refund_of_another", "refund_of_a_fen"])
async def test_nobody_elses_posting_makes_a_dispute_undecidable(case: Case, stranger: str, accept: bool) -> None:
    """The other side knows the dispute's number, and posts under whatever can be computed from it."""
    till, visitor = await case.counter.till(), await case.counter.holder(agency_index=1)
    other = await case.counter.charger.charge(case.counter.order(till, visitor))
    assert other.posting_id is not None
    number = await case.dispute()
    await case.answer(number)
    taken = disputes.refund_number(number)
    if stranger == "top_up":
        await deposit(case.ledger, NINGBO, TransferKind.TOP_UP, [Deposit(taken, visitor.holder_id, 1)])
    else:
        payment, fen = (other.posting_id, 500) if stranger == "refund_of_another" else (case.posting, 1)
        await refund(case.ledger, NINGBO, taken, payment, fen)
    held = (await case.counter.purses(case.visitor))["cash"]
    await case.decide(number, accept=accept)
    assert (await case.counter.purses(case.visitor))["cash"] == held + 500 * accept
    assert await case.ledger.fetchval("SELECT state FROM dispute") == ("accepted" if accept else "rejected")
    assert [check for check in await verify_ledger(case.url, case.folder, KEYS) if not check.holds] == []


async def test_more_than_what_is_left_decides_nothing(case: Case) -> None:
    number = await case.dispute(fen=2_000)
    await case.answer(number)
    await refund(case.ledger, NINGBO, uuid4(), case.posting, 100)
    assert await refused(case.decide(number)) == "more-than-paid"
    assert await case.ledger.fetchval("SELECT state FROM dispute") == "answered"


async def test_files_are_what_they_say(case: Case) -> None:
    number = await case.dispute(files=[Attachment("小票.pdf", PDF)])
    async with case.database() as db:
        file = await disputes.read_file(db, case.host, number, 1)
        assert (file.media_type, file.content) == ("application/pdf", PDF)
    async with case.database() as db:
        assert await refused(disputes.read_file(db, STRANGER, number, 1)) == "no-dispute"
    await disputes.withdraw_dispute(case.database, case.guest, number)
    assert await refused(case.dispute(files=[Attachment("a.pdf", b"<script>")])) == "invalid"


def _check_by_the_page(shown: dict[str, Any], terminal: Terminal, posting_id: str) -> None:
    """What a third party does with the evidence: from docs/terminal-protocol.md alone."""

    def data(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    base, body = shown["signature_base"].encode(), shown["closing"].encode()
    key = terminal.identity.private_key.public_key()
    assert data(shown["public_key"]) == key.public_bytes_raw()
    key.verify(data(shown["signature"]), base)
    assert base64.b64encode(sha256(body).digest()) in base
    leaf = sha256(
        struct.pack(">QBB", shown["sequence"], 1, 1)
        + data(shown["body_digest"])
        + UUID(shown["receipt"]).bytes
        + struct.pack(">Q", shown["amount_fen"])
    ).digest()
    leaves = [data(one) for one in shown["leaves"]]
    assert (len(leaves), shown["position"], leaves[1]) == (3, 1, leaf)
    link = sha256(
        b"onecard shift v1" + struct.pack(">QIQ", shown["terminal_id"], shown["epoch"], shown["shift"])
    ).digest()
    for one in leaves:
        link = sha256(link + one).digest()
    said = json.loads(body)
    assert data(said["journal_head"]) == link
    assert (said["cashier"], said["drawer"]) == (shown["cashier"], shown["drawer"]) == ("c-07", "2")
    assert (shown["is_signed"], shown["has_payment"], shown["receipt"]) == (True, True, posting_id)


@pytest.mark.one_worker
def test_a_dispute_over_http(own: System) -> None:
    """From the payment to the decision, as three people at the console do it."""
    own.start()
    network = Network(own)
    visitor = network.official("hangzhou")
    terminal = network.terminal(own.folder, "city")
    terminal.open_shift("c-07", "2")
    host_card = network.card(network.official("city"))
    assert terminal.charge_card(host_card, "lunch").outcome == "approved"
    assert terminal.charge_card(network.card(visitor), "lunch").outcome == "approved"
    assert terminal.charge_card(host_card, "dinner").outcome == "approved"
    day = max(book["business_date"] for book in network.centre.call("GET", "/clearing/open-days"))
    assert network.close_day(day)["state"] == "published"
    guest, host = network.person("finance-hangzhou"), network.person("finance-city")
    file = {"name": "小票.pdf", "content": base64.b64encode(PDF).decode()}
    [line] = guest.call("GET", f"/clearing/cycles/{day}/payments/{visitor.agency_id}")
    message = {"posting_id": line["posting_id"], "amount_fen": 100, "text": "多收一元", "files": [file]}
    assert network.centre.ask("POST", "/clearing/disputes", message).status == 403
    number = guest.call("POST", "/clearing/disputes", message)["dispute_id"]
    assert guest.ask("POST", "/clearing/disputes", message).status == 409
    assert guest.ask("GET", f"/clearing/disputes/{number}/evidence").status == 404, "the shift is not closed"
    assert terminal.close_shift().agree
    _check_by_the_page(guest.call("GET", f"/clearing/disputes/{number}/evidence"), terminal, line["posting_id"])
    assert network.person("finance-yuyao").ask("GET", f"/clearing/disputes/{number}/evidence").status == 404
    assert guest.ask("POST", "/clearing/disputes", message | {"files": [file | {"content": "????????"}]}).status == 400
    assert host.ask("POST", f"/clearing/disputes/{number}/answer", {"text": "同意"}).status == 204
    assert host.ask("POST", f"/clearing/disputes/{number}/decision", {"accept": True, "text": "x"}).status == 403
    kept = host.ask("GET", f"/clearing/disputes/{number}/files/1")
    assert (kept.data, kept.headers["content-type"]) == (PDF, "application/pdf")
    decision = {"accept": True, "text": "属实"}
    assert network.centre.ask("POST", f"/clearing/disputes/{number}/decision", decision).status == 204
    [listed] = guest.call("GET", "/clearing/disputes?state=accepted")["items"]
    shown = guest.call("GET", f"/clearing/disputes/{listed['dispute_id']}")
    assert all(shown[name] == value for name, value in listed.items() if name in shown)
    assert (shown["answer"], shown["decision"], shown["files"][0]["name"]) == ("同意", "属实", "小票.pdf")
    refusal = guest.ask("GET", "/clearing/disputes?state=lost").json()
    assert (refusal["code"], refusal["params"]["field"]) == ("value.not_a_choice", "state")
    assert network.person("finance-yuyao").call("GET", "/clearing/disputes")["items"] == []
    assert network.person("finance-yuyao").ask("GET", f"/clearing/disputes/{number}").status == 404
    assert "FAIL" not in own.command("verify").stdout
