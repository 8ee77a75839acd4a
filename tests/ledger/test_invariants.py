"""The checks checked: one row broken at a time, and the right line of the report names the right amount."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from clearing.closing import open_dates
from clearing.confirmations import legs_of
from foundation.catalogue import Language
from foundation.postgres import open_pool
from registry.audit import Note, append
from settlement.deposits import Deposit, deposit
from settlement.ledger import new_posting_id
from settlement.refunds import close_account, refund
from settlement.schemas import SaleLine
from settlement.shifts import chain_head, close_shift, day_totals, requests_between
from settlement.transfers import Channel, TransferKind
from tests.bank import camt, entry, post_confirmations
from tests.closed_days import KEYS, close
from tests.cluster import Server
from tests.counter import HANGZHOU, NINGBO, Counter
from tests.shift_closings import closing
from verification.history import Posting, check_history, compare, read_history
from verification.invariants import Check, verify_ledger


@dataclass(frozen=True)
class PlayedLedger:
    """A small ledger with everything in it: closed day, cycle, reversal, split, forwarded charge, open day."""

    database: str
    folder: Path
    history: list[dict[str, Any]]


@pytest.fixture(scope="module")
def played(server: Server, template: str, scratch: Path) -> PlayedLedger:
    name = f"played_{uuid4().hex[:8]}"
    server.create_database(name, template=template)
    folder = scratch / name
    return PlayedLedger(name, folder, asyncio.run(_play(server.url_of(server.runner, name), folder)))


async def _play(url: str, folder: Path) -> list[dict[str, Any]]:
    pool = await open_pool(url, size=4)
    counter = Counter(pool)
    home, away = await counter.till(NINGBO), await counter.till(NINGBO, index=2)
    own = await counter.holder(NINGBO, subsidy_fen=500)
    visitor, guest = await counter.holder(NINGBO, agency_index=1), await counter.holder(HANGZHOU)
    history = []
    shift = counter.order(home, own).key.sequence

    async def pay(till: Any, holder: Any, **changes: Any) -> Any:
        order = counter.order(till, holder, **changes)
        answer = await counter.charger.charge(order)
        history.append(
            {
                "terminal_id": till.terminal_id, "epoch": 1, "sequence": order.key.sequence, "operation": "charge",
                "outcome": "ok", "posting_id": str(answer.posting_id), "amount_fen": answer.amount_fen,
            }
        )  # fmt: skip
        return order, answer

    for till, holder in ((home, own), (home, visitor), (away, own)):
        await pay(till, holder)
    lines = [SaleLine("馒头", unit_price_fen=400, amount_fen=2_000, portions=5, take_away=True)]
    await pay(home, guest, lines=lines)
    _, disputed = await pay(home, own)
    given_up, _ = await pay(home, visitor)
    void = counter.order(home, visitor)
    await counter.charger.void(NINGBO, void.key, void.digest, 1, given_up.key.sequence)
    history.append(
        {"terminal_id": home.terminal_id, "epoch": 1, "sequence": void.key.sequence, "operation": "void",
         "outcome": "voided"}
    )  # fmt: skip
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, Note("a", "b", "c", {"n": 1}))
    await close(pool, max((await open_dates(pool)).values()), folder)
    closed = await pool.fetchval("SELECT max(business_date) FROM cycle")
    legs = await legs_of(pool, closed)
    money = [entry(str(leg.agency_id), leg.amount_fen, leg.reference, credit=leg.pay_in) for leg in legs]
    await post_confirmations(pool, camt(*money))
    given_back = new_posting_id()
    await refund(pool, NINGBO, given_back, disputed.posting_id, 300)
    await pool.execute(
        "INSERT INTO dispute (dispute_id, cycle_date, book, posting_id, raised_by_agency, other_agency, amount_fen,"
        " state, text, raised_by, raised_at, answer_until, refund_id)"
        " VALUES (1, $1, $2, $3, 1, 2, 300, 'accepted', 'x', 'x', now(), now(), $4)",
        closed, NINGBO, disputed.posting_id, given_back,
    )  # fmt: skip
    number = new_posting_id()
    await pool.execute(
        "INSERT INTO gateway_order VALUES ($1, $2, $3, $3, 700, 'paid', 'ref', now(), now(), now())",
        NINGBO, visitor.holder_id, number,
    )  # fmt: skip
    top_up = Deposit(number, visitor.holder_id, 700)
    await deposit(pool, NINGBO, TransferKind.TOP_UP, [top_up], channel=Channel.GATEWAY)
    leaver, invited = await counter.holder(NINGBO), await counter.holder(HANGZHOU)
    _, paid = await pay(home, leaver)
    await refund(pool, NINGBO, new_posting_id(), paid.posting_id, 200)
    await close_account(pool, NINGBO, leaver.holder_id, new_posting_id())
    number = await pool.fetchval("SELECT nextval('onecard_number')")
    await pool.execute(
        "INSERT INTO visit VALUES ($1, $2, $3, $4, current_date - 9, current_date + 9)",
        HANGZHOU, number, invited.holder_id, home.agency_id,
    )  # fmt: skip
    host_account = await pool.fetchval("SELECT working_meal_account FROM agency WHERE agency_id = $1", home.agency_id)
    await pay(home, invited, host_account=host_account)
    for _ in range(2):
        order, _ = await pay(home, own)
    last = order.key.sequence
    requests = await requests_between(pool, NINGBO, home.terminal_id, 1, shift, last, 1_000)
    head = chain_head(home.terminal_id, 1, shift, (one.leaf() for one in requests))
    said = closing(shift, last, day_totals(requests), head)
    assert (await close_shift(pool, NINGBO, home.terminal_id, 1, said)).agrees
    await pool.close()
    return history


@pytest.fixture
def copy(server: Server, played: PlayedLedger) -> Iterator[str]:
    """A copy of the played ledger to break; a superuser's URL, for whom no right and no constraint is in the way."""
    name = f"broken_{uuid4().hex[:8]}"
    server.create_database(name, template=played.database)
    yield name
    server.drop_database(name)


def checks_of(server: Server, database: str, folder: Path) -> dict[str, Check]:
    url = server.url_of(server.superuser, database)
    return {line.name(Language.ENGLISH): line for line in asyncio.run(verify_ledger(url, folder, KEYS))}


def test_an_honest_ledger_holds(server: Server, played: PlayedLedger) -> None:
    report = checks_of(server, played.database, played.folder)
    assert [line for line in report.values() if not line.holds] == []
    assert len(report) == 43


LIFT = """
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT c.relname AS t, n.conname FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
           WHERE n.connamespace = 'public'::regnamespace AND n.contype IN ('c', 'f', 'u', 'p')
             AND c.relname !~ '_[0-9]{6,}$'
           ORDER BY n.contype = 'p'
  LOOP EXECUTE format('ALTER TABLE %I DROP CONSTRAINT IF EXISTS %I CASCADE', r.t, r.conname); END LOOP;
  FOR r IN SELECT indexname FROM pg_indexes
           WHERE schemaname = 'public' AND indexname LIKE 'uq_%' AND tablename !~ '_[0-9]{6,}$'
  LOOP EXECUTE format('DROP INDEX IF EXISTS %I', r.indexname); END LOOP;
END $$
"""
"""On a cluster the shards of a table stand beside it, with a number at the end of their names, and follow it."""

ANOTHER = "'019c0000-0000-7000-8000-000000000001'::uuid"
FIRST = "(SELECT posting_id FROM transfer WHERE kind = 'payment' ORDER BY posted_at, part LIMIT 1)"
LAST = "(SELECT posting_id FROM transfer WHERE kind = 'payment' ORDER BY posted_at DESC, part LIMIT 1)"
GUEST = "(SELECT posting_id FROM transfer WHERE book = 3301 AND kind = 'payment')"
VISITOR = (
    "(SELECT posting_id FROM transfer WHERE kind = 'payment' AND issuer_id <> acquirer_id ORDER BY posted_at LIMIT 1)"
)


def copied(counter: str, sequence: str) -> str:
    """The last payment once more, under another posting number."""
    return (
        "INSERT INTO transfer SELECT book, gen_random_uuid(), part, kind, debit_account, credit_account, amount_fen,"
        " business_date, posted_at, holder_id, issuer_id, acquirer_id, canteen_id, meal, channel, credential_id,"
        f" {counter}, terminal_id, epoch, {sequence}, purchased_at, reverses FROM transfer WHERE posting_id = {LAST}"
    )


DAMAGE: dict[str, tuple[str, str, int | None]] = {
    "a payment is said to be by a sheet": (
        f"UPDATE transfer SET channel = 'sheet' WHERE posting_id = {LAST}",
        "9 phones pay by codes of the canteen that they pay", None,
    ),
    "a purse gains a fen": (
        "UPDATE purse SET balance_fen = balance_fen + 1 WHERE (holder_id, kind) ="
        " (SELECT holder_id, kind FROM purse ORDER BY holder_id, kind LIMIT 1)",
        "1 balances of purses equal their transfers", 1,
    ),
    "the sum of all accounts is off": (
        "UPDATE purse SET balance_fen = balance_fen - 777 WHERE (holder_id, kind) ="
        " (SELECT holder_id, kind FROM purse ORDER BY holder_id DESC, kind LIMIT 1)",
        "1 all account balances sum to zero", 777,
    ),
    "a purse vanishes": (
        "DELETE FROM purse WHERE (holder_id, kind) = (SELECT holder_id, kind FROM purse"
        " WHERE balance_fen > 0 ORDER BY holder_id, kind LIMIT 1)",
        "1 daily sums of accounts equal their transfers", None,
    ),
    "an official vanishes whose purse stays": (
        "DELETE FROM official WHERE holder_id = (SELECT max(holder_id) FROM purse)",
        "1 whatever rows refer to is there", 0,
    ),
    "a day's cycle vanishes": (
        "DELETE FROM cycle",
        "1 whatever rows refer to is there", 0,
    ),
    "a payment vanishes": (
        f"DELETE FROM transfer WHERE posting_id = {LAST}", "2 every approved request is posted", 1_200,
    ),
    "an old payment vanishes": (
        f"DELETE FROM transfer WHERE posting_id = {FIRST}", "6 closed days still equal their cycle", 1_200,
    ),
    "a payment loses a fen": (
        f"UPDATE transfer SET amount_fen = amount_fen - 1 WHERE posting_id = {LAST}",
        "1 balances of purses equal their transfers", 1,
    ),
    "an old payment is altered": (
        f"UPDATE transfer SET amount_fen = amount_fen + 5 WHERE posting_id = {VISITOR}",
        "6 closed days still equal their cycle", 5,
    ),
    "a payment stands twice": (
        copied("counter + 1000", "sequence"),
        "3 no request is posted twice", 1_200,
    ),
    "a counter pays twice": (
        copied("counter", "sequence + 9000"),
        "4 no counter of a card or phone is used twice", 1_200,
    ),
    "a counter goes back": (
        f"UPDATE transfer SET counter = counter - 100000 WHERE posting_id = {LAST}",
        "4 no counter paid that was too old to know", 1_200,
    ),
    "a posting without a request": (
        f"DELETE FROM request WHERE posting_id = {LAST}", "3 every posting has an approved request", 1_200,
    ),
    "an answer of another amount": (
        f"UPDATE request SET cash_fen = cash_fen + 300 WHERE posting_id = {LAST}",
        "2 every approved request is posted", 300,
    ),
    "an approval without a posting": (
        "INSERT INTO request (book, terminal_id, epoch, sequence, operation, digest, outcome, posting_id, cash_fen,"
        " subsidy_fen, answered_at) VALUES (3302, 1, 1, 1, 'charge', '\\x00', 'approved', gen_random_uuid(), 4200, 0,"
        " now())",
        "2 every approved request is posted", 4_200,
    ),
    "a forwarded number with another message": (
        "UPDATE request SET digest = '\\xff' WHERE book = 3301 AND host_fen = 0",
        "3 forwarded requests agree in both books", 2_000,
    ),
    "a debit from an account that is none": (
        f"UPDATE transfer SET debit_account = -5 WHERE posting_id = {LAST}",
        "1 every transfer has two accounts that exist", 1_200,
    ),
    "a credit to another canteen's account": (
        "UPDATE transfer SET credit_account = (SELECT max(account_id) FROM canteen)"
        f" WHERE posting_id = {LAST}", "1 every transfer has two accounts that exist", 1_200,
    ),
    "someone else's credential": (
        f"UPDATE transfer SET credential_id = credential_id + 1 WHERE posting_id = {LAST}",
        "4 every payment comes from the payer's own purses", 1_200,
    ),
    "a purse below zero": (
        "UPDATE purse SET balance_fen = -250 WHERE (holder_id, kind) ="
        " (SELECT holder_id, kind FROM purse ORDER BY holder_id, kind LIMIT 1)",
        "5 no purse is negative", 250,
    ),
    "a transfer on a day that is none": (
        f"UPDATE transfer SET business_date = '2020-01-01' WHERE posting_id = {LAST}",
        "6 every transfer is in one business day", 1_200,
    ),
    "a late transfer slipped into the closed day": (
        f"UPDATE transfer SET business_date = business_date - 1 WHERE posting_id = {LAST}",
        "6 closed days still equal their cycle", 1_200,
    ),
    "a closed day is opened again": (
        "UPDATE book_day SET business_date = business_date - 1 WHERE book = 3302",
        "6 every closed day is in one cycle", 30_900,
    ),
    "a closed day without a cycle": (
        "UPDATE closed_day SET cycle_date = NULL WHERE book = 3301", "6 every closed day is in one cycle", 12_000,
    ),
    "an obligation is altered": (
        "UPDATE obligation SET paid_fen = paid_fen + 60 WHERE issuer_id <> acquirer_id AND book = 3301",
        "7 net positions equal the obligations", 120,
    ),
    "a position is altered": (
        "UPDATE position SET position_fen = position_fen + 9 WHERE agency_id = (SELECT min(agency_id) FROM position)",
        "7 net positions sum to zero", 9,
    ),
    "two positions are altered alike": (
        "UPDATE position SET position_fen = position_fen + CASE agency_id WHEN (SELECT min(agency_id) FROM position)"
        " THEN 9 ELSE -9 END WHERE agency_id IN ((SELECT min(agency_id) FROM position),"
        " (SELECT max(agency_id) FROM position))",
        "7 net positions equal the obligations", 18,
    ),
    "a roll-up is altered": (
        "UPDATE account_day SET credit_fen = credit_fen + 11 WHERE (book, account_id) ="
        " (SELECT book, account_id FROM account_day ORDER BY 1, 2 LIMIT 1)",
        "1 daily sums of accounts equal their transfers", 11,
    ),
    "an online top-up was never posted": (
        f"UPDATE gateway_order SET number = {ANOTHER}",
        "5 top-ups on phones equal what was paid for them", 1_400,
    ),
    "an online top-up of another amount": (
        "UPDATE gateway_order SET amount_fen = 650", "5 top-ups on phones equal what was paid for them", 50,
    ),
    "a fee that nobody set": (
        "UPDATE cycle SET fee_fen = 7", "7 clearing fees equal those due for their meals", None,
    ),
    "an accepted dispute's money is another": (
        "UPDATE dispute SET amount_fen = amount_fen + 11", "7 accepted disputes were refunded", 11,
    ),
    "money of a settled cycle is gone": (
        "DELETE FROM bank_entry WHERE amount_fen = (SELECT max(amount_fen) FROM bank_entry)",
        "7 settled positions equal the money confirmed", None,
    ),
    "money went the wrong way": (
        "UPDATE bank_entry SET credit = NOT credit", "7 settled positions equal the money confirmed", None,
    ),
    "a matched entry was resolved as well": (
        "INSERT INTO bank_entry_resolution SELECT entry, occurrence, 1, 'other', 7, NULL, NULL, 'x', 'x', now()"
        " FROM bank_entry LIMIT 1", "7 bank entries are resolved at most once", 7,
    ),
    "a blocked card paid": (
        f"INSERT INTO block_entry SELECT 1, book, credential_id, true, 'lost', posted_at - interval '1 minute'"
        f" FROM transfer WHERE posting_id = {LAST} LIMIT 1",
        "8 blocked cards and phones do not pay", None,
    ),
    "a terminal took money for another canteen": (
        "UPDATE terminal SET canteen_id = (SELECT max(canteen_id) FROM canteen) WHERE terminal_id ="
        f" (SELECT terminal_id FROM transfer WHERE posting_id = {GUEST})",
        "9 terminals charge for their own canteen only", None,
    ),
    "a visitor paid from his subsidy": (
        f"UPDATE transfer SET acquirer_id = acquirer_id + 1 WHERE posting_id = {FIRST}",
        "5 visitors pay from cash only", 500,
    ),
    "a reversal of another amount": (
        "UPDATE transfer SET amount_fen = amount_fen + 40 WHERE kind = 'reversal'",
        "6 reversals equal what they reverse", 40,
    ),
    "more given back than was paid": (
        "UPDATE transfer SET amount_fen = amount_fen + 5000 WHERE kind = 'refund'",
        "6 no more is given back than was paid", 8_100,
    ),
    "a credential forgot its counter": (
        "UPDATE credential SET last_counter = last_counter - 1 WHERE last_counter > 0",
        "4 cards and phones have their last counter", 0,
    ),
    "a credential forgot that a counter has paid": (
        "UPDATE credential SET counters_used = set_bit(counters_used, 0, 0)"
        f" WHERE credential_id = (SELECT credential_id FROM transfer WHERE posting_id = {FIRST} AND part = 0)",
        "4 no counter that has paid can pay again", None,
    ),
    "a working meal without a visit": ("DELETE FROM visit", "5 no visit has two working meals", 2_000),
    "money left in a closed account": (
        "UPDATE purse SET balance_fen = 7 WHERE kind = 'cash'"
        " AND holder_id = (SELECT holder_id FROM official WHERE state = 'left')",
        "5 closed accounts are empty", 7,
    ),
    "a terminal nobody approved": (
        "UPDATE enrolment SET approved_by = created_by", "9 every terminal was approved by a second person", 0,
    ),
    "a payment of an agreed shift is altered": (
        "UPDATE request SET cash_fen = cash_fen + 7 WHERE (terminal_id, sequence) ="
        " (SELECT r.terminal_id, max(r.sequence) FROM request r JOIN shift_closing c USING (book, terminal_id)"
        " WHERE r.outcome = 'approved' GROUP BY book, r.terminal_id)",
        "7 shifts that agreed are still what their terminals signed", 7,
    ),
    "what a terminal signed of a shift is altered": (
        "UPDATE shift_closing SET body = body || ' '", "7 terminals signed every closing of a shift", 0,
    ),
    "a shift's closing under somebody else's key": (
        "UPDATE shift_closing SET public_key = sha256(public_key)", "7 terminals signed every closing of a shift", 0,
    ),
    "a sale line is altered": (
        "UPDATE sale_line SET amount_fen = amount_fen - 3 WHERE line = 1", "7 sale lines add up to their payments", 3,
    ),
    "a payment was taken away and is a cover": (
        "DELETE FROM take_away_sale", "7 what is taken away makes no covers", 2_000,
    ),
    "an audit entry is altered": (
        "UPDATE audit_entry SET actor = 'somebody else'", "9 the audit log's hash chain is intact", 0,
    ),
    "a statement is missing": (
        "DELETE FROM statement WHERE agency_id = (SELECT max(agency_id) FROM statement)",
        "7 statements equal the net positions", 0,
    ),
    "a statement's digest is altered": (
        "UPDATE statement SET sha256 = '\\x00' WHERE agency_id = 0", "7 statements equal the net positions", 0,
    ),
    "a manifest of one byte": (
        "UPDATE cycle_proof SET manifest = '\\x00'", "7 published cycles have a signed manifest", 0,
    ),
    "a manifest that somebody else signed": (
        "UPDATE cycle_proof SET signature = sha512(manifest)", "7 published cycles have a signed manifest", 0,
    ),
    "a deleted proof": ("DELETE FROM cycle_proof", "7 published cycles have a signed manifest", 0),
    "a cycle's fee is altered after it was signed": (
        "UPDATE cycle SET fee_fen = 7", "7 published cycles have a signed manifest", 0,
    ),
    "an old transfer is altered in what no sum shows": (
        f"UPDATE transfer SET posted_at = purchased_at WHERE posting_id = {FIRST}",
        "7 transfers of signed cycles are unchanged", 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE, ids=lambda kind: kind.replace(" ", "-"))
def test_every_damage_is_found_and_named(server: Server, played: PlayedLedger, copy: str, kind: str) -> None:
    statement, line, off_fen = DAMAGE[kind]
    with psycopg.connect(server.url_of(server.superuser, copy)) as db:
        db.execute(LIFT)
        assert db.execute(statement.encode()).rowcount >= 1, "nothing was broken"
    check = checks_of(server, copy, played.folder)[line]
    assert not check.holds, kind
    assert check.examples(Language.ENGLISH)
    assert check.examples(Language.CHINESE)
    if off_fen is not None:
        assert check.off_fen == off_fen, check


def test_a_statement_altered_on_disk_is_found(server: Server, played: PlayedLedger) -> None:
    path = next(played.folder.glob("*/statement-*.csv"))
    with altered(path, path.read_bytes().replace(b"0.00", b"0.01")):
        check = checks_of(server, played.database, played.folder)["7 statements equal the net positions"]
    assert not check.holds
    assert path.name in check.examples(Language.ENGLISH)[0]


@contextmanager
def altered(path: Path, content: bytes | None) -> Iterator[None]:
    """A published file with another content, or none, for a while. They are read-only; whoever owns them can do it."""
    original = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    yield
    path.unlink(missing_ok=True)
    path.write_bytes(original)


def test_a_file_altered_together_with_the_databases_note_of_it_is_found(
    server: Server, played: PlayedLedger, copy: str
) -> None:
    """The signed manifest decides, not what the database says of the file."""
    path = next(played.folder.glob("*/net-report.csv"))
    other = path.read_bytes() + b"\n"
    with psycopg.connect(server.url_of(server.superuser, copy)) as db:
        note = "UPDATE statement SET sha256 = %s WHERE file_name = 'net-report.csv'"
        assert db.execute(note, (hashlib.sha256(other).digest(),)).rowcount == 1
    with altered(path, other):
        check = checks_of(server, copy, played.folder)["7 statements equal the net positions"]
    assert [path.name in example for example in check.examples(Language.ENGLISH)] == [True]


@pytest.mark.parametrize("content", [None, b"", b"\x00" * 64])
def test_a_kept_tree_that_is_empty_or_another_is_found(
    server: Server, played: PlayedLedger, content: bytes | None
) -> None:
    with altered(next(played.folder.glob("*/tree.bin")), content):
        check = checks_of(server, played.database, played.folder)["7 transfers of signed cycles are unchanged"]
    assert ["tree.bin" in example for example in check.examples(Language.ENGLISH)] == [True]


def test_history_of_an_honest_ledger(server: Server, played: PlayedLedger) -> None:
    url = server.url_of(server.owner, played.database)
    report = asyncio.run(check_history(url, played.history))
    assert report.holds, report


@pytest.mark.parametrize(
    ("kind", "statement", "fen"),
    [
        ("lost", f"DELETE FROM transfer WHERE posting_id = {LAST}", 1_200),
        ("altered", f"UPDATE transfer SET amount_fen = amount_fen + 7 WHERE posting_id = {LAST}", 7),
        ("altered", f"UPDATE transfer SET posting_id = {ANOTHER} WHERE posting_id = {LAST}", 0),
        ("invented", f"UPDATE transfer SET sequence = sequence + 90000 WHERE posting_id = {LAST}", 1_200),
        (
            "doubled",
            copied("counter + 1000", "sequence"),
            1_200,
        ),
    ],
)
def test_history_finds_what_differs(
    server: Server, played: PlayedLedger, copy: str, kind: str, statement: str, fen: int
) -> None:
    url = server.url_of(server.superuser, copy)
    with psycopg.connect(url) as db:
        db.execute(LIFT)
        assert db.execute(statement.encode()).rowcount >= 1
    report = asyncio.run(check_history(url, played.history))
    assert not report.holds
    assert (getattr(report, kind), getattr(report, f"{kind}_fen")) == (1, fen)


def line(outcome: str, operation: str = "charge", **more: Any) -> dict[str, Any]:
    return {"terminal_id": 1, "epoch": 1, "sequence": 1, "operation": operation, "outcome": outcome, **more}


@pytest.mark.parametrize(
    ("seen", "postings", "holds"),
    [
        (line("ok", posting_id="p", amount_fen=5), [Posting("p", "payment", 5)], True),
        (line("ok", posting_id="p", amount_fen=5), [], False),
        (line("ok", posting_id="p", amount_fen=5), [Posting("p", "payment", 6)], False),
        (line("ok", posting_id="p", amount_fen=5), [Posting("q", "payment", 5)], False),
        (line("refused"), [], True),
        (line("refused"), [Posting("p", "payment", 5)], False),
        (line("rejected"), [Posting("p", "payment", 5)], False),
        (line("unknown"), [], True),
        (line("unknown"), [Posting("p", "payment", 5)], True),
        (line("unknown"), [Posting("p", "payment", 5), Posting("q", "payment", 5)], False),
        (line("voided"), [], True),
        (line("voided"), [Posting("p", "payment", 5)], False),
        (line("voided"), [Posting("p", "payment", 5, reversed=True)], True),
        (line("voided", "void"), [Posting("p", "reversal", 5)], True),
        (line("voided", "void"), [Posting("p", "payment", 5)], False),
    ],
)
def test_what_each_outcome_allows(seen: dict[str, Any], postings: list[Posting], holds: bool) -> None:
    assert compare([seen], {(1, 1, 1): postings} if postings else {}).holds is holds


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"outcome": "ok"}', '{"terminal_id": true, "epoch": 1, "sequence": 1}', "[" * 100_000]
)
def test_a_history_that_is_none_names_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "acks.jsonl"
    path.write_text('{"terminal_id":1,"epoch":1,"sequence":1,"operation":"void","outcome":"voided"}\n' + text + "\n")
    with pytest.raises(ValueError, match=r"acks.jsonl:2"):
        read_history(path)
