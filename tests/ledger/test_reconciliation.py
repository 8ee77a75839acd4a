"""Reconciliation: books that agree show nothing; each way of not agreeing is shown with its cause and age."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import urllib3
from msgspec.structs import replace
from playwright.sync_api import Browser, expect

from clearing.closing import open_dates
from clearing.confirmations import legs_of
from clearing.reconciliation import QUERIES, Difference, find_differences, open_differences_by_kind, reconcile
from demo.city import PASSWORD
from foundation.calendar import Calendar
from foundation.postgres import Pool
from settlement.ledger import new_posting_id
from settlement.refunds import close_account, refund
from settlement.shifts import DayTotals, chain_head, close_shift
from tests.bank import camt, entry, post_confirmations
from tests.builders import Network
from tests.closed_days import close
from tests.counter import HANGZHOU, NINGBO, Counter
from tests.shift_closings import closing

CROWD = (
    "INSERT INTO difference (kind, subject, agency_id, amount_fen, cause, first_seen, last_seen)"
    " SELECT 'terminal', format('terminal {terminal}, epoch 1, shift %s', n), {agency}, -1000 + n,"
    " 'terminal_shows_more', now(), now() FROM generate_series({first}, {last}) n"
)
"""Many differences of one terminal."""
SOON, LATER = datetime.now(UTC), datetime.now(UTC) + timedelta(days=20)


async def differences(ledger: Pool, now: datetime = SOON) -> list[Difference]:
    return await find_differences(ledger, Calendar(), now)


async def a_busy_day(counter: Counter, folder: Path) -> Any:
    """Meals of every kind, a refund on the next day, an account closed, a working meal given back."""
    till = await counter.till()
    own = await counter.holder(subsidy_fen=500)
    visitor, guest, leaver = (
        await counter.holder(agency_index=1), await counter.holder(HANGZHOU), await counter.holder()
    )  # fmt: skip
    host = await counter.ledger.fetchval("SELECT working_meal_account FROM agency WHERE agency_id=$1", till.agency_id)
    await counter.ledger.execute(
        "INSERT INTO visit SELECT $1, nextval('onecard_number'), $2, $3, current_date - 9, current_date + 9",
        HANGZHOU, guest.holder_id, till.agency_id,
    )  # fmt: skip
    paid = [
        await counter.charger.charge(order)
        for order in (
            counter.order(till, own), counter.order(till, visitor), counter.order(till, guest, host_account=host),
            counter.order(till, leaver),
        )
    ]  # fmt: skip
    assert {answer.outcome for answer in paid} == {"approved"}
    day = max((await open_dates(counter.ledger)).values())
    await close(counter.ledger, day, folder)
    for answer in paid[:3]:
        assert answer.posting_id is not None
        await refund(counter.ledger, answer.book, new_posting_id(), answer.posting_id, 300)
    await close_account(counter.ledger, NINGBO, leaver.holder_id, new_posting_id())
    return till, day


async def test_books_that_agree_show_nothing(counter: Counter, tmp_path: Path) -> None:
    _, day = await a_busy_day(counter, tmp_path)
    assert await differences(counter.ledger) == []
    await close(counter.ledger, day + timedelta(days=1), tmp_path)
    assert await differences(counter.ledger) == []


async def test_one_fen_in_a_purse_or_a_float_is_found(counter: Counter, tmp_path: Path) -> None:
    till, _ = await a_busy_day(counter, tmp_path)
    await counter.ledger.execute(
        "UPDATE purse SET balance_fen = balance_fen + 1 WHERE kind = 'cash' AND holder_id ="
        " (SELECT max(holder_id) FROM official WHERE agency_id = $1)",
        till.agency_id,
    )
    [found] = await differences(counter.ledger)
    assert (found.kind, found.agency_id, found.amount_fen) == ("float", till.agency_id, -1)


async def test_money_that_does_not_move_is_due_after_a_working_day(counter: Counter, tmp_path: Path) -> None:
    _, day = await a_busy_day(counter, tmp_path)
    assert await differences(counter.ledger) == []
    found = await differences(counter.ledger, LATER)
    assert {d.cause for d in found} == {"agency_has_not_paid", "bank_has_not_confirmed"}
    legs = await legs_of(counter.ledger, day)
    money = [entry(str(n), leg.amount_fen, leg.reference, credit=leg.pay_in) for n, leg in enumerate(legs)]
    part = entry("part", 1, legs[0].reference, credit=legs[0].pay_in)
    await post_confirmations(counter.ledger, camt(part))
    assert "paid_out_in_part" in {d.cause for d in await differences(counter.ledger, LATER)}
    await post_confirmations(counter.ledger, camt(*money[1:], entry("rest", legs[0].amount_fen - 1, legs[0].reference,
                                                                   credit=legs[0].pay_in)))  # fmt: skip
    assert await differences(counter.ledger, LATER) == []
    await post_confirmations(counter.ledger, camt(entry("odd", 700, "NOBODY", credit=True)))
    [odd] = await differences(counter.ledger, LATER)
    assert (odd.kind, odd.amount_fen, odd.cause) == ("bank_entry", 700, "unknown_reference")


async def test_a_cycle_that_is_stuck(counter: Counter) -> None:
    await counter.ledger.execute(
        "INSERT INTO cycle (business_date, state, closing_at) VALUES ('2026-01-01', 'closed', now())"
    )
    assert await differences(counter.ledger) == []
    [stuck] = await differences(counter.ledger, SOON + timedelta(hours=1))
    assert (stuck.kind, stuck.cause) == ("cycle", "stuck_closed")


async def test_a_shift_that_differs_is_a_difference_with_its_cause(counter: Counter) -> None:
    till = await counter.till()
    visitor, guest = await counter.holder(agency_index=1), await counter.holder(HANGZHOU)
    first = counter.order(till, visitor).key.sequence
    orders = [counter.order(till, h) for h in (visitor, guest, guest, visitor)]
    for order in orders:
        assert (await counter.charger.charge(order)).outcome == "approved"
    for order in orders[2:]:
        void = counter.order(till, visitor)
        answer = await counter.charger.void(till.book, void.key, void.digest, 1, order.key.sequence)
        assert answer.outcome == "voided"
    last = void.key.sequence
    right = await close_shift(counter.ledger, till.book, till.terminal_id, 1, closing(first, last, []))
    [day] = right.days
    assert (day.online, day.reversals, day.payments, day.net_fen) == (4, 2, 2, 4_000)
    for changes, unknown, cause, off_fen in (
        ({"online": 3, "online_fen": 6_000}, 0, "terminal_forgot_payments", 2_000),
        ({"online": 5, "online_fen": 10_000}, 0, "terminal_shows_more", -2_000),
        ({"online": 3, "stored": 1, "online_fen": 6_000, "stored_fen": 2_000}, 0, "terminal_shows_others", 0),
        ({"online": 3, "online_fen": 6_000}, 1, "terminal_awaits_answers", 2_000),
    ):
        days = [replace(day, **changes)]
        said = closing(first, last, days, right.journal_head, unknown=unknown)
        await close_shift(counter.ledger, till.book, till.terminal_id, 1, said)
        [found] = await differences(counter.ledger)
        assert (found.kind, found.agency_id, found.cause) == ("terminal", till.agency_id, cause)
        assert found.amount_fen == off_fen
    agreed = closing(first, last, right.days, right.journal_head)
    assert (await close_shift(counter.ledger, till.book, till.terminal_id, 1, agreed)).agrees
    assert await differences(counter.ledger) == []


async def test_a_difference_keeps_its_age_until_it_is_gone(counter: Counter) -> None:
    till = await counter.till()
    number = counter.order(till, await counter.holder()).key.sequence
    nothing = chain_head(till.terminal_id, 1, number, [])

    async def seen(reported: int, at: datetime) -> list[tuple[Any, ...]]:
        days = [DayTotals(at.date(), online=1, online_fen=reported)] if reported else []
        said = closing(number, number, days, nothing)
        await close_shift(counter.ledger, till.book, till.terminal_id, 1, said)
        return await looked_at(at)

    async def looked_at(at: datetime) -> list[tuple[Any, ...]]:
        await reconcile(counter.ledger, Calendar(), at)
        rows = await counter.ledger.fetch(QUERIES["differences"], till.agency_id, True)
        return [(row["amount_fen"], row["first_seen"], row["resolved_at"] is not None) for row in rows]

    hour = timedelta(hours=1)
    assert await seen(5, SOON) == [(-5, SOON, False)]
    assert await seen(7, SOON + hour) == [(-7, SOON, False)]
    assert await seen(0, SOON + 2 * hour) == [(-7, SOON, True)]
    await counter.ledger.execute(
        "INSERT INTO shift_closing"
        """ SELECT (jsonb_populate_record(c, '{"number": 9, "amount_fen": 9, "agrees": false}')).*"""
        " FROM shift_closing c ORDER BY number DESC LIMIT 1"
    )
    assert await looked_at(SOON + 3 * hour) == [(-9, SOON + 3 * hour, False)]
    [alarm] = await counter.ledger.fetch(QUERIES["alarm"])
    assert (alarm["kind"], alarm["differences"], alarm["amount_fen"]) == ("terminal", 1, 9)


async def test_the_alarm_counts_however_much_terminals_claim(counter: Counter) -> None:
    await counter.ledger.execute(
        "INSERT INTO difference (kind, subject, amount_fen, cause, first_seen, last_seen)"
        " SELECT 'terminal', n::text, -9223372036854775807, 'terminal_shows_more', now(), now()"
        " FROM generate_series(1, 3) n"
    )
    [alarm] = await open_differences_by_kind(counter.ledger)
    assert (alarm["differences"], alarm["amount_fen"]) == (3, 2**63 - 1)


async def test_one_terminal_does_not_hide_the_differences_of_others(counter: Counter) -> None:
    for terminal, first, last in ((1, 1, 1100), (2, 1101, 1101)):
        await counter.ledger.execute(CROWD.format(terminal=terminal, agency=7, first=first, last=last))
    rows = await counter.ledger.fetch(QUERIES["differences"], None, False)
    assert len(rows) == 51
    assert [(row["subject"], row["more"]) for row in rows if "terminal 2" in row["subject"]] == [
        ("terminal 2, epoch 1, shift 1101", 0)
    ]
    assert {row["more"] for row in rows if "terminal 1" in row["subject"]} == {1_050}


def test_a_terminal_compares_and_people_see_it(network: Network, tmp_path: Path, browser: Browser) -> None:
    """From the cashier's end of shift to the page and the alarm."""
    terminal = network.terminal(tmp_path)
    official = network.official()
    card = network.card(official)
    terminal.open_shift("c-07", "1")
    assert terminal.charge_card(card, "lunch").outcome == "approved"
    assert terminal.charge_card(card, "lunch").outcome == "approved"
    outside = network.terminal(tmp_path)
    assert outside.charge_card(network.card(network.official()), "lunch").outcome == "approved"
    assert terminal.void(terminal.epoch, 3).outcome == "voided"
    terminal.journal.write_answer(terminal.epoch, 2, "refused", b'{"outcome":"refused"}')
    assert not terminal.close_shift().agree
    finance = network.person("finance-yinzhou")
    assert finance.ask("POST", "/clearing/differences").status == 403
    network.centre.call("POST", "/clearing/differences")
    shown = [d for d in finance.call("GET", "/clearing/differences")["items"] if d["kind"] == "terminal"]
    assert [d["cause"] for d in shown] == ["terminal_forgot_payments"]
    of_all = [d for d in network.centre.call("GET", "/clearing/differences")["items"] if d["kind"] == "terminal"]
    metrics = urllib3.request("GET", f"{network.url}/metrics").data.decode()
    assert f'onecard_differences{{kind="terminal"}} {len(of_all)}.0' in metrics
    with psycopg.connect(network.system.database_url) as db:
        db.execute(CROWD.format(terminal=987, agency=shown[0]["agency_id"], first=1, last=53))
    page = browser.new_page(viewport={"width": 1000, "height": 640}, locale="zh-CN")
    page.goto(f"{network.url}/reconciliation")
    page.fill("[name=login]", "finance-yinzhou")
    page.fill("[name=password]", "wrong")
    expect(page).to_have_title("机关食堂一卡通　对账差异")
    page.click("#sign-in button")
    expect(page.locator("#sign-in [role=status]")).to_contain_text("密码")
    page.fill("[name=password]", PASSWORD)
    page.click("#sign-in button")
    expect(page.locator("#differences")).to_contain_text("终端短款")
    expect(page.locator("#differences")).to_contain_text("第1次启用")
    expect(page.locator("#differences")).to_contain_text("鄞州区机关事务中心")
    page.fill("#day", "2020-02-02")
    expect(page.locator("#shift-state")).to_have_text("当日没有班次外收款，班次均已结班且相符")
    expect(page.locator("#shift-table")).to_be_hidden()
    today = max(str(one["business_date"]) for one in network.centre.call("GET", "/clearing/open-days"))
    page.fill("#day", today)
    expect(page.locator("#shifts tr", has_text=f"终端{outside.identity.terminal_id}")).to_contain_text("班次外收款")
    row = page.locator("#shifts tr", has_text=f"终端{terminal.identity.terminal_id}")
    expect(row).to_contain_text("结班合计与系统不符")
    expect(row).to_contain_text("收银员c-07 · 钱箱1")
    expect(row).to_contain_text("系统减终端：")
    assert not re.search("[A-Za-z]{3,}", row.inner_text())
    assert not re.search("[A-Za-z]{3,}", page.locator("#found").inner_text())
    expect(page.locator("#differences tr", has_text="该终端另有3项未列出")).to_have_count(1)
    expect(page.locator("#state")).to_have_text("共54项差异")
    page.click("#language")
    expect(page.locator("#differences")).to_contain_text("its journal may be incomplete")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    row = page.locator("#shifts tr", has_text=f"Terminal {terminal.identity.terminal_id}")
    expect(row).to_contain_text("signed totals differ")
    expect(row).to_contain_text("cashier c-07 · drawer 1")
    assert not re.search("[\u3400-\u9fff]", page.locator("#found").inner_text())
    with page.expect_download() as download:
        row.get_by_role("button", name="Signed closing").click()
    told = json.loads(Path(download.value.path()).read_text())
    assert (told["terminal_id"], told["shift"], told["is_signed"], told["agrees"]) == (
        terminal.identity.terminal_id, 1, True, False
    )  # fmt: skip
    path = f"/clearing/shifts/{told['terminal_id']}/{told['epoch']}/{told['shift']}/closing"
    assert finance.call("GET", path) == told
    others = network.person("finance-yuyao")
    assert others.ask("GET", path).status == 404
    assert not [
        one for one in others.call("GET", f"/clearing/shifts/{today}") if one["terminal_id"] == told["terminal_id"]
    ]
    assert network.person("kitchen-yinzhou").ask("GET", f"/clearing/shifts/{today}").status == 403
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("#session")).to_contain_text("Signed in as finance-yinzhou")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#state")).to_have_text("Sign in to see the differences")
    expect(page.locator("#found")).to_be_hidden()
    # Somebody who may not see the differences is told so, and can leave.
    page.fill("[name=login]", "kitchen-yinzhou")
    page.fill("[name=password]", PASSWORD)
    page.click("#sign-in button")
    expect(page.locator("#state")).to_contain_text("view clearing results")
    expect(page.locator("#sign-in")).to_be_hidden()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#sign-in")).to_be_visible()
    page.close()
