"""What moves between the bank and a cycle after publication: remarks, returns, repeats, orphans, the payment file."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sepaxml
import xmlschema
from openpyxl import load_workbook

from clearing.bank_files import BankAccount, read_confirmations
from clearing.closing import cycle_result, open_dates
from clearing.confirmations import CENTRE as CENTRE_AGENCY
from clearing.confirmations import (
    Leg,
    accounts_of_cycle,
    add_account,
    bank_file,
    legs_of,
    open_entries,
    pay_out_date,
    resolve,
)
from clearing.reconciliation import Difference, find_differences
from clearing.states import Resolution
from foundation.calendar import Calendar, is_working_day
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.identifiers import AgencyId
from tests.bank import CENTRE, camt, entry, post_confirmations
from tests.builders import Network
from tests.closed_days import close
from tests.counter import HANGZHOU, NINGBO, Counter

SCHEMA = xmlschema.XMLSchema(Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd")


class Cycle:
    """A published cycle: two agencies owe 20.00 each to the centre, the centre owes 40.00 to a third."""

    def __init__(self, counter: Counter, folder: Path) -> None:
        self.counter, self.ledger, self.folder = counter, counter.ledger, folder

    async def publish(self) -> None:
        till = await self.counter.till(NINGBO)
        for holder in (await self.counter.holder(NINGBO, agency_index=1), await self.counter.holder(HANGZHOU)):
            await self.counter.charger.charge(self.counter.order(till, holder))
        self.day = max((await open_dates(self.ledger)).values())
        await close(self.ledger, self.day, self.folder)
        legs = await legs_of(self.ledger, self.day)
        [self.owed] = [leg for leg in legs if not leg.pay_in]
        self.first, self.second = (leg for leg in legs if leg.pay_in)

    async def post(self, *entries: str) -> list[str]:
        return [str(match.verdict) for match in await post_confirmations(self.ledger, camt(*entries))]

    async def pay_all(self) -> None:
        legs = (self.owed, self.first, self.second)
        money = [entry(f"P{n}", leg.amount_fen, leg.reference, credit=leg.pay_in) for n, leg in enumerate(legs)]
        assert set(await self.post(*money)) == {"matched"}

    async def state(self) -> str:
        return (await cycle_result(self.ledger, self.day)).state

    async def leg(self, which: Leg) -> Leg:
        [found] = [leg for leg in await legs_of(self.ledger, self.day) if leg.agency_id == which.agency_id]
        return found

    async def file(self) -> dict[str, Any]:
        content = (await bank_file(self.ledger, self.day)).decode()
        SCHEMA.validate(content)
        initiation: Any = SCHEMA.to_dict(content)["CstmrCdtTrfInitn"]  # type: ignore[index, call-overload]
        [payment] = initiation["PmtInf"]
        return {
            "message": initiation["GrpHdr"]["MsgId"],
            "sum": str(initiation["GrpHdr"]["CtrlSum"]),
            "on": payment["ReqdExctnDt"]["Dt"],
            "to": [one["CdtrAcct"]["Id"]["Othr"]["Id"] for one in payment["CdtTrfTxInf"]],
            "text": content,
        }

    async def resolve(self, number: str, resolution: str, to: Leg | None = None, **more: Any) -> None:
        async with self.ledger.acquire() as connection, connection.transaction():
            await resolve(
                connection, "centre", number, more.get("occurrence", 1), Resolution(resolution), more.get("fen"),
                (self.day, to.agency_id) if to else None, "查实",
            )  # fmt: skip

    async def open(self) -> dict[str, int]:
        return {one.entry: one.open_fen for one in await open_entries(self.ledger)}

    async def differences(self, now: datetime | None = None) -> Mapping[str, Difference]:
        return {d.subject: d for d in await find_differences(self.ledger, Calendar(), now or datetime.now(UTC))}


@pytest.fixture
async def cycle(counter: Counter, tmp_path: Path) -> Cycle:
    made = Cycle(counter, tmp_path)
    await made.publish()
    return made


async def refused(awaitable: Any) -> str:
    with pytest.raises(Problem) as problem:
        await awaitable
    return problem.value.kind.slug


@pytest.mark.parametrize(
    ("reference", "remark"),
    [
        ("", "{}"),
        ("NOTPROVIDED", "{}"),
        ("", "结算款{}（十一月）"),
        ("20261123001", "  ｏｃ{digits} 食堂"),
        ("{}", "机关食堂跨单位就餐结算款"),
    ],
)
async def test_the_reference_is_found_where_payers_write_it(cycle: Cycle, reference: str, remark: str) -> None:
    number = cycle.first.reference
    reference, remark = (text.format(number, digits=number.removeprefix("OC").lower()) for text in (reference, remark))
    assert await cycle.post(entry("B1", 2_000, reference, credit=True, remark=remark)) == ["matched"]
    assert (await cycle.leg(cycle.first)).state == "settled"


@pytest.mark.parametrize("remark", ["{0}7", "X{0}", "{0} {1}", "二十元"])
async def test_a_remark_without_one_clear_reference_waits_for_people(cycle: Cycle, remark: str) -> None:
    remark = remark.format(cycle.first.reference, cycle.second.reference)
    assert await cycle.post(entry("B1", 2_000, "", credit=True, remark=remark)) == ["unknown_reference"]


async def test_an_entry_under_a_number_used_before_is_recorded(cycle: Cycle) -> None:
    first = entry("B1", 500, cycle.first.reference, credit=True)
    assert await cycle.post(first) == ["matched"]
    large = entry("B1", 99_999_999, "")
    assert await cycle.post(large) == ["number_used_before"]
    assert await cycle.open() == {"B1": 99_999_999}
    assert await cycle.post(large, entry("B2", 1, "")) == ["known", "unknown_reference"]
    assert await cycle.post(first) == ["known"], "the first one is known as well"
    next_day = entry("B1", 500, cycle.first.reference, credit=True, booked="2026-11-24")
    assert await cycle.post(next_day) == ["number_used_before"], "a bank that counts anew each day"
    found = await cycle.differences()
    assert [d.amount_fen for d in found.values() if d.cause == "number_used_before"] == [99_999_999, 500]
    await cycle.resolve("B1", "assigned", cycle.first, occurrence=3)
    assert (await cycle.leg(cycle.first)).matched_fen == 1_000


async def test_a_returned_pay_out_opens_the_settlement_again(cycle: Cycle) -> None:
    await cycle.pay_all()
    assert await cycle.state() == "settled"
    assert await cycle.post(entry("R1", 4_000, cycle.owed.reference, credit=True)) == ["returned"]
    assert await cycle.state() == "published"
    assert ((await cycle.leg(cycle.owed)).state, (await cycle.leg(cycle.owed)).matched_fen) == ("due", 0)
    [found] = [d for d in (await cycle.differences()).values() if d.agency_id == cycle.owed.agency_id]
    assert (found.cause, found.amount_fen) == ("pay_out_returned", 4_000), "at once, not after the day to pay"
    assert await cycle.post(entry("P9", 4_000, cycle.owed.reference)) == ["matched"]
    assert await cycle.state() == "settled"
    assert await cycle.differences() == {}


async def test_more_than_was_paid_is_no_return(cycle: Cycle) -> None:
    assert await cycle.post(entry("R1", 1, cycle.owed.reference, credit=True)) == ["wrong_direction"]


async def test_the_payment_file_pays_what_is_left(cycle: Cycle) -> None:
    first = await cycle.file()
    assert (first["sum"], await cycle.file()) == ("40.00", first), "the same file, as long as nothing changes"
    await cycle.post(entry("B1", 1_500, cycle.owed.reference))
    second = await cycle.file()
    assert second["sum"] == "25.00"
    assert second["message"] != first["message"]
    assert f"replaces {first['message']} " in second["text"]
    assert "replaces" not in first["text"]
    await cycle.post(entry("B2", 2_500, cycle.owed.reference))
    assert await refused(bank_file(cycle.ledger, cycle.day)) == "nothing-to-pay"
    await cycle.post(entry("B3", 2_500, cycle.owed.reference, credit=True))
    third = await cycle.file()
    assert (third["sum"], second["sum"]) == ("25.00", "25.00")
    assert third["message"] not in (first["message"], second["message"])
    assert f"replaces {second['message']} " in third["text"]


async def _set_account(ledger: Pool, agency_id: AgencyId, number: str) -> None:
    await ledger.execute("UPDATE bank_account_version SET number = $2 WHERE agency_id = $1", agency_id, number)


async def test_the_accounts_of_a_cycle_are_those_of_its_publication(cycle: Cycle) -> None:
    before = await cycle.file()
    await _set_account(cycle.ledger, cycle.owed.agency_id, "6222-of-a-thief")
    assert await cycle.file() == before
    kept = await accounts_of_cycle(cycle.ledger, cycle.day)
    assert kept[cycle.owed.agency_id].number == before["to"][0]
    await cycle.pay_all()
    await cycle.post(entry("R1", 4_000, cycle.owed.reference, credit=True))
    after = await cycle.file()
    assert after["to"] == ["6222-of-a-thief"], "what came back is paid to the account that was registered since"
    assert after["message"] != before["message"]


async def test_confirmations_of_the_account_on_the_statements_are_taken_after_a_change(cycle: Cycle) -> None:
    await _set_account(cycle.ledger, CENTRE_AGENCY, "1111")
    assert await cycle.post(entry("B1", 2_000, cycle.first.reference, credit=True)) == ["matched"]
    with pytest.raises(Problem):
        read_confirmations(camt(entry("B1", 1, ""), account="999"), CENTRE, BankAccount("x", "1111", "1"))


async def test_an_account_registered_after_publication_is_used(cycle: Cycle, as_superuser: Callable[..., None]) -> None:
    for table in ("bank_account_version", "cycle_account"):
        as_superuser(f"DELETE FROM {table} WHERE agency_id = %s", cycle.owed.agency_id)
    assert await refused(bank_file(cycle.ledger, cycle.day)) == "no-bank-account"
    account = BankAccount("甲", "7777", "102332000018")
    async with cycle.ledger.acquire() as connection:
        await add_account(connection, cycle.owed.agency_id, account, datetime.now(UTC))
    assert (await cycle.file())["to"] == ["7777"]


def test_the_bank_is_asked_to_pay_on_working_days() -> None:
    assert pay_out_date(date(2026, 9, 30)) == date(2026, 10, 8), "over the National Day holiday"
    assert pay_out_date(date(2026, 11, 20)) == date(2026, 11, 23), "over a weekend"
    assert pay_out_date(date(2026, 9, 19)) == date(2026, 9, 20), "a make-up Sunday"


async def test_a_file_made_late_asks_for_a_day_to_come(cycle: Cycle, as_superuser: Callable[..., None]) -> None:
    made = date.fromisoformat((await cycle.file())["on"])
    assert made >= cycle.day
    assert is_working_day(made)
    as_superuser("DELETE FROM payment_file")
    late = date.fromisoformat((await cycle.file())["on"])
    assert late >= datetime.now(UTC).date()


async def test_a_cycle_of_zeros_is_settled_when_it_is_published(cycle: Cycle) -> None:
    assert (await close(cycle.ledger, cycle.day + timedelta(days=1), cycle.folder)).state == "settled"


async def test_an_orphan_entry_is_assigned_in_parts_and_sent_back(cycle: Cycle) -> None:
    """One payment for two agencies, and 5.00 too much."""
    assert await cycle.post(entry("B1", 4_500, "", credit=True, remark="两家结算款")) == ["unknown_reference"]
    assert await refused(cycle.resolve("B1", "assigned", cycle.first)) == "does-not-fit"
    assert await refused(cycle.resolve("B1", "assigned", cycle.owed, fen=100)) == "does-not-fit"
    assert await refused(cycle.resolve("B1", "returned", fen=4_501)) == "does-not-fit"
    assert await refused(cycle.resolve("B7", "other")) == "no-entry"
    for leg in (cycle.first, cycle.second):
        await cycle.resolve("B1", "assigned", leg, fen=2_000)
    assert await cycle.open() == {"B1": 500}
    assert [d.amount_fen for d in (await cycle.differences()).values() if d.kind == "bank_entry"] == [500]
    await cycle.resolve("B1", "returned")
    assert await cycle.open() == {}
    assert await refused(cycle.resolve("B1", "other")) == "entry-resolved"
    assert await cycle.state() == "published"
    assert await cycle.post(entry("B2", 4_000, cycle.owed.reference)) == ["matched"]
    assert await cycle.state() == "settled"


async def test_a_matched_entry_is_resolved_already(cycle: Cycle) -> None:
    await cycle.post(entry("B1", 500, cycle.first.reference, credit=True))
    assert await refused(cycle.resolve("B1", "other")) == "entry-resolved"


async def test_an_assigned_return_opens_the_settlement_again(cycle: Cycle) -> None:
    await cycle.pay_all()
    await cycle.post(entry("R1", 4_000, "", credit=True, remark="退汇"))
    await cycle.resolve("R1", "assigned", cycle.owed)
    assert await cycle.state() == "published"
    assert (await cycle.leg(cycle.owed)).matched_fen == 0


async def test_who_still_owes_after_a_part_is_among_the_differences_at_once(cycle: Cycle) -> None:
    assert await cycle.differences() == {}
    await cycle.post(entry("B1", 500, cycle.first.reference, credit=True), entry("B2", 1_000, cycle.owed.reference))
    found = {d.agency_id: (d.cause, d.amount_fen) for d in (await cycle.differences()).values()}
    assert found == {
        cycle.first.agency_id: ("agency_paid_in_part", 1_500),
        cycle.owed.agency_id: ("paid_out_in_part", 3_000),
    }
    later = datetime.now(UTC) + timedelta(days=20)
    causes = {d.agency_id: d.cause for d in (await cycle.differences(later)).values()}
    assert causes[cycle.second.agency_id] == "agency_has_not_paid"
    published = await cycle.ledger.fetchval("SELECT published_at FROM cycle WHERE business_date = $1", cycle.day)
    assert {d.since for d in (await cycle.differences(later)).values()} == {published}, "its age is that of the debt"


async def test_the_next_statement_opens_with_what_is_left(cycle: Cycle) -> None:
    await cycle.post(entry("B1", 500, cycle.first.reference, credit=True), entry("B2", 4_000, cycle.owed.reference))
    following = cycle.day + timedelta(days=1)
    await close(cycle.ledger, following, cycle.folder)
    opening = {}
    for leg in (cycle.owed, cycle.first, cycle.second):
        book = load_workbook(cycle.folder / following.isoformat() / f"statement-{leg.agency_id}.xlsx")
        facts = {row[0]: row[1] for row in book.worksheets[0].iter_rows(values_only=True) if row[0]}
        opening[leg.agency_id] = float(str(facts["期初未结算净额"]))
    assert opening == {cycle.owed.agency_id: 0, cycle.first.agency_id: -15, cycle.second.agency_id: -20}


def test_orphans_are_resolved_over_http(network: Network) -> None:
    centre, path = network.centre, "/clearing/confirmations/resolutions"
    message = {"entry": "nobody/1", "resolution": "other", "reason": "利息"}
    assert network.person("finance-city").ask("POST", path, message).status == 403
    assert network.person("approver").ask("POST", path, message).status == 403
    assert centre.ask("POST", path, message).status == 404
    assert centre.ask("POST", path, message | {"resolution": "assigned"}).status == 400
    assert centre.ask("POST", path, message | {"agency_id": 7}).status == 400
    assert centre.ask("POST", path, message | {"reason": ""}).status == 400
    assert all(leg["reference"] for leg in centre.call("GET", "/clearing/legs"))
