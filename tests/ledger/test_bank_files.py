"""Bank files and confirmations: partial, late, doubled and wrong ones; a position is settled by its money alone."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sepaxml
import xmlschema

from clearing.bank_files import (
    FILE_BYTES_MAX,
    BankAccount,
    BankEntry,
    SettlementInstruction,
    payment_file,
    read_confirmations,
    reference_of,
)
from clearing.closing import cycle_result, open_dates
from clearing.confirmations import Leg, bank_file, legs_of, verdict_on
from clearing.schemas import EntryMatch
from foundation.catalogue import Language
from foundation.problems import Problem
from registry.identifiers import AgencyId
from tests.bank import CENTRE, DAY, camt, entry, post_confirmations
from tests.builders import Network
from tests.closed_days import close
from tests.counter import HANGZHOU, NINGBO, Counter

SCHEMA = xmlschema.XMLSchema(Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd")
"""The official schema of the message."""


def test_the_payment_file_is_valid_by_the_official_schema() -> None:
    instructions = [
        SettlementInstruction(
            reference_of(DAY, AgencyId(7)),
            BankAccount("镕喆 & <区> 中心", "62220000", "102332000018"),
            123_456,
            "食堂清算",
        ),
        SettlementInstruction(
            reference_of(DAY, AgencyId(8)), BankAccount("余姚", "62220001", "102332000018"), 5, "食堂清算"
        ),
    ]
    content = payment_file(DAY, datetime(2026, 11, 23, 14, tzinfo=UTC), DAY, CENTRE, instructions)
    SCHEMA.validate(content.decode())
    decoded: Any = SCHEMA.to_dict(content.decode())
    header = decoded["CstmrCdtTrfInitn"]["GrpHdr"]
    assert (header["NbOfTxs"], str(header["CtrlSum"])) == ("2", "1234.61")
    paid = decoded["CstmrCdtTrfInitn"]["PmtInf"][0]["CdtTrfTxInf"]
    assert [(p["PmtId"]["EndToEndId"], str(p["Amt"]["InstdAmt"]["$"])) for p in paid] == [
        ("OC20261123A7", "1234.56"),
        ("OC20261123A8", "0.05"),
    ]
    assert content == payment_file(DAY, datetime(2026, 11, 23, 14, tzinfo=UTC), DAY, CENTRE, instructions)


@pytest.mark.parametrize("message", ["053", "054"])
def test_confirmations_are_read(message: str) -> None:
    content = camt(
        entry("B1", 12_345, "OC1", credit=True),
        entry("B2", 1, "", status="<Sts>BOOK</Sts>"),
        entry("B3", 9, "OC3", status="<Sts><Cd>PDNG</Cd></Sts>"),
        message=message,
    )
    assert read_confirmations(content, CENTRE) == [
        BankEntry("B1", True, 12_345, DAY, "OC1"),
        BankEntry("B2", False, 1, DAY, ""),
    ]


def test_several_payments_booked_in_one_sum() -> None:
    parts = "".join(
        f'<TxDtls><Refs><EndToEndId>{ref}</EndToEndId></Refs><Amt Ccy="CNY">{amount}</Amt></TxDtls>'
        for ref, amount in (("OC1", "1.00"), ("OC2", "2.50"))
    )
    one = entry("B1", 350, "x")
    whole = one[: one.index("<NtryDtls>")] + f"<NtryDtls>{parts}</NtryDtls></Ntry>"
    assert [(e.entry, e.amount_fen, e.reference) for e in read_confirmations(camt(whole), CENTRE)] == [
        ("B1/1", 100, "OC1"),
        ("B1/2", 250, "OC2"),
    ]


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'


@pytest.mark.parametrize(
    ("case", "content"),
    [
        ("no XML", b"hello"),
        ("nothing", b""),
        ("entities", BOMB),
        ("another message", payment_file(DAY, datetime(2026, 1, 1, tzinfo=UTC), DAY, CENTRE, [])),
        ("another account", camt(entry("B1", 1, ""), account="999")),
        ("another currency", camt(entry("B1", 1, "", currency="USD"))),
        ("a third of a fen", camt(entry("B1", 1, "", amount="0.001"))),
        ("no amount", camt(entry("B1", 1, "", amount="NaN"))),
        ("a negative amount", camt(entry("B1", 1, "", amount="-1.00"))),
        ("an endless amount", camt(entry("B1", 1, "", amount="9" * 60))),
        *(
            (f"amount {amount}", camt(entry("B1", 1, "", amount=amount)))
            for amount in ("1e3", "1E1", "1_0", "+1", "１", "١", "1.", ".5", "1,00")
        ),
        ("no date", camt(entry("B1", 1, "", booked="soon"))),
        *(
            (f"date {booked}", camt(entry("B1", 1, "", booked=booked)))
            for booked in ("20261127", "2026-W01-1", "0001-01-01", "9999-12-31", "2026-02-30", "２026-11-27")
        ),
        ("a number of 36 characters", camt(entry("B" * 36, 1, ""))),
        ("no number", camt(entry("", 1, ""))),
        ("the same entry twice", camt(entry("B1", 1, ""), entry("B1", 1, ""))),
        ("one bad among good ones", camt(entry("B1", 1, ""), entry("B2", 1, "", currency="USD"))),
    ],
)
def test_what_is_no_confirmation(case: str, content: bytes) -> None:
    with pytest.raises(Problem) as refused:
        read_confirmations(content, CENTRE)
    assert refused.value.kind.slug == "not-a-confirmation", case


OWED, OWES = Leg(AgencyId(1), "A", False, 100, 0), Leg(AgencyId(2), "B", True, 100, 40)


@pytest.mark.parametrize(
    ("case", "credit", "fen", "leg", "verdict"),
    [
        ("paid out in full", False, 100, OWED, "matched"),
        ("paid in, the rest", True, 60, OWES, "matched"),
        ("paid in, a part of the rest", True, 1, OWES, "matched"),
        ("a fen more than is left", True, 61, OWES, "too_much"),
        ("came in where it should go out", True, 100, OWED, "wrong_direction"),
        ("paid out and came back", False, 40, OWES, "returned"),
        ("more came back than was paid", False, 41, OWES, "wrong_direction"),
        ("nobody's reference", True, 100, None, "unknown_reference"),
    ],
)
def test_what_pays_a_leg(case: str, credit: bool, fen: int, leg: Leg | None, verdict: str) -> None:
    assert verdict_on(BankEntry("B", credit, fen, DAY, "A"), leg) == verdict


async def _published(counter: Counter, folder: Path) -> tuple[date, dict[bool, list[Leg]]]:
    """A published cycle in which two agencies owe a third."""
    till = await counter.till(NINGBO)
    for holder in (await counter.holder(NINGBO, agency_index=1), await counter.holder(HANGZHOU)):
        await counter.charger.charge(counter.order(till, holder))
    day = max((await open_dates(counter.ledger)).values())
    await close(counter.ledger, day, folder)
    legs = await legs_of(counter.ledger, day)
    return day, {side: [leg for leg in legs if leg.pay_in is side] for side in (True, False)}


def verdicts(taken: list[EntryMatch]) -> list[str]:
    return [v.verdict for v in taken]


async def test_a_cycle_is_settled_by_all_of_its_money(counter: Counter, tmp_path: Path) -> None:
    ledger = counter.ledger
    day, legs = await _published(counter, tmp_path)
    [owed], [first, second] = legs[False], legs[True]
    assert (owed.amount_fen, first.amount_fen, second.amount_fen) == (4_000, 2_000, 2_000)
    content = await bank_file(ledger, day)
    SCHEMA.validate(content.decode())
    assert owed.reference.encode() in content
    assert first.reference.encode() not in content
    assert await bank_file(ledger, day) == content

    early = camt(entry("B1", 4_000, owed.reference), entry("B2", 500, first.reference, credit=True))
    assert verdicts(await post_confirmations(ledger, early)) == ["matched", "matched"]
    assert verdicts(await post_confirmations(ledger, early)) == ["known", "known"], "the same file again"
    assert [leg.state for leg in await legs_of(ledger, day)] == ["settled", "partial", "due"]
    wrong = camt(
        entry("B3", 1_501, first.reference, credit=True),
        entry("B4", 1_500, first.reference),
        entry("B5", 1_500, "OC20200101A1", credit=True),
        entry("B2", 501, first.reference, credit=True),
        message="054",
    )
    seen = verdicts(await post_confirmations(ledger, wrong))
    assert seen == ["too_much", "wrong_direction", "unknown_reference", "number_used_before"]
    assert (await cycle_result(ledger, day)).state == "published"
    late = camt(entry("B6", 1_500, first.reference, credit=True), entry("B7", 2_000, second.reference, credit=True))
    assert verdicts(await post_confirmations(ledger, late)) == ["matched", "matched"]
    assert (await cycle_result(ledger, day)).state == "settled"
    balance = await ledger.fetchval(
        "SELECT sum(CASE WHEN credit THEN amount_fen ELSE -amount_fen END)::bigint FROM bank_entry"
        " WHERE verdict = 'matched'"
    )
    assert balance == 0, "the settlement account returns to zero"
    assert (await close(ledger, day, tmp_path)).state == "settled", "closing again changes nothing"


async def test_a_wrong_file_settles_nothing_of_itself(counter: Counter, tmp_path: Path) -> None:
    day, legs = await _published(counter, tmp_path)
    [owed] = legs[False]
    content = camt(entry("B1", owed.amount_fen, owed.reference), entry("B2", 1, "", currency="USD"))
    with pytest.raises(Problem):
        await post_confirmations(counter.ledger, content)
    assert {leg.state for leg in await legs_of(counter.ledger, day)} == {"due"}


@pytest.mark.parametrize("seed", range(4))
async def test_in_whatever_parts_and_order_the_money_comes(counter: Counter, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    day, legs = await _published(counter, tmp_path)
    entries: list[str] = []
    for leg in legs[True] + legs[False]:
        left = leg.amount_fen
        while left:
            fen = chance.randint(1, left) if chance.random() < 0.7 else left
            entries.append(entry(f"B{len(entries)}", fen, leg.reference, credit=leg.pay_in))
            left -= fen
    chance.shuffle(entries)
    settled = []
    while entries:
        size = chance.randint(1, 3)
        part, entries = entries[:size], entries[size:]
        taken = await post_confirmations(counter.ledger, camt(*part))
        assert set(verdicts(taken)) == {"matched"}
        await post_confirmations(counter.ledger, camt(*part))
        settled.append((await cycle_result(counter.ledger, day)).state == "settled")
    assert settled == [False] * (len(settled) - 1) + [True]


async def test_without_an_account_there_is_no_file(
    counter: Counter, tmp_path: Path, as_superuser: Callable[..., None]
) -> None:
    day, legs = await _published(counter, tmp_path)
    [owed] = legs[False]
    for table in ("bank_account_version", "cycle_account"):
        as_superuser(f"DELETE FROM {table} WHERE agency_id = %s", owed.agency_id)
    with pytest.raises(Problem) as refused:
        await bank_file(counter.ledger, day)
    assert str(owed.agency_id) in refused.value.detail(Language.ENGLISH)
    with pytest.raises(Problem) as refused:
        await bank_file(counter.ledger, date(2020, 1, 1))
    assert refused.value.kind.slug == "no-cycle"


def test_only_the_centre_settles(network: Network) -> None:
    account = {"agency_id": 0, "holder_name": CENTRE.holder_name, "number": CENTRE.number, "bank": CENTRE.bank}
    for path, message in (
        ("/clearing/bank-accounts", account),
        ("/clearing/cycles/2026-01-01/bank-file", None),
        ("/clearing/confirmations", {}),
    ):
        assert network.person("finance-city").ask("POST", path, message).status == 403
    assert network.centre.call("POST", "/clearing/bank-accounts", account) == account
    assert network.centre.ask("POST", "/clearing/bank-accounts", account | {"bank": "12"}).status == 400
    assert network.centre.ask("POST", "/clearing/bank-accounts", account | {"agency_id": 77}).status == 404
    assert network.centre.ask("POST", "/clearing/cycles/2020-01-01/bank-file").status == 404
    assert network.centre.ask("GET", "/clearing/cycles/2020-01-01/legs").status == 404
    answer = network.centre.ask("POST", "/clearing/confirmations", {})
    assert (answer.status, answer.json()["type"]) == (400, "/problems/not-a-confirmation")
    assert network.centre.call("GET", "/clearing/confirmations/unmatched") == []
    assert FILE_BYTES_MAX > 10**6
