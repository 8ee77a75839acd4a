"""The played day: true hours, what goes wrong on a usual day, and pages that have something to show."""

import html
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from psycopg.rows import dict_row

from demo.city import MEAL_TIMES
from demo.console import PlayFailed
from demo.played_day import DayPlan
from foundation.calendar import ZONE
from onecard.cli import demonstration
from tests.builders import Network
from tests.running_system import Person, System


@pytest.fixture(scope="module")
def played(scratch: Path) -> Iterator[System]:
    """A system on which one day was played."""
    folder = scratch / "played"
    folder.mkdir()
    system = System(folder)
    system.start()
    try:
        system.environment["COLUMNS"] = "80"
        (folder / "played").write_text(system.command("demo", "--payments", "300", "--terminals", "12").stdout)
        yield system
    finally:
        system.clear_away()


def test_the_summary_fits_a_usual_terminal(played: System) -> None:
    """Two canteens of one agency are told apart in 80 columns."""
    lines = (played.folder / "played").read_text().splitlines()
    tables = lines[next(n for n, line in enumerate(lines) if "business day" in line) :]
    for canteen in ("First Canteen", "Second Canteen", "District Hall", "South", "City Hall", "Simen"):
        assert [line for line in tables if line.strip().startswith(canteen)], canteen
    for agency in ("Ningbo City Administration (demo)", "Hangzhou City Administration (demo)"):
        assert [line for line in tables if line.strip().startswith(agency)], agency
    assert not [line for line in tables if "…" in line or (len(line.rstrip()) > 80 and str(played.folder) not in line)]


def rows(system: System, query: str, *values: Any) -> list[dict[str, Any]]:
    with psycopg.connect(system.database_url, row_factory=dict_row) as db:
        return db.execute(query.encode(), values).fetchall()


def business_day(system: System) -> str:
    [row] = rows(system, "SELECT DISTINCT business_date::text AS day FROM transfer WHERE kind = 'payment'")
    return str(row["day"])


def test_meals_are_bought_in_their_hours(played: System) -> None:
    query = "SELECT meal, business_date, purchased_at FROM transfer WHERE kind = 'payment' AND channel <> 'sheet'"
    bought = rows(played, query)
    assert len({one["purchased_at"] for one in bought}) > len(bought) / 2
    for one in bought:
        local: datetime = one["purchased_at"].astimezone(ZONE)
        starts, ends = MEAL_TIMES[one["meal"]]
        assert local.date() == one["business_date"]
        assert starts <= local.time() <= ends, one


def test_the_one_journey_that_is_too_fast_is_flagged_and_no_other(played: System) -> None:
    flags = Person(played.url, "supervisor").call("GET", f"/supervision/flags/{business_day(played)}")
    distant = [flag["note"] for flag in flags if flag["kind"] == "distant"]
    assert len(distant) == 1
    assert "in 12 min" in distant[0]


def test_a_day_has_what_goes_wrong_on_a_day(played: System) -> None:
    kinds = {
        row["kind"]: row["times"] for row in rows(played, "SELECT kind, count(*) AS times FROM transfer GROUP BY 1")
    }
    assert kinds["reversal"] >= 1
    assert kinds["refund"] == 2, "a cold dish, and the dispute that was accepted"
    refused = {row["refusal"] for row in rows(played, "SELECT DISTINCT refusal FROM request WHERE refusal IS NOT NULL")}
    assert {
        "insufficient_funds",
        "card_blocked",
        "credential_invalid",
        "qr_expired",
        "already_used",
        "price_fixed",
    } <= refused
    [replaced] = rows(
        played,
        "SELECT count(*) AS paid FROM transfer t JOIN credential old ON old.holder_id = t.holder_id"
        " WHERE t.kind = 'payment' AND old.state = 'blocked' AND t.credential_id <> old.credential_id AND t.part = 0",
    )
    assert replaced["paid"] == 1, "who lost his card eats with the new one"
    regulars = rows(
        played, "SELECT holder_id FROM transfer WHERE kind = 'payment' AND part = 0 GROUP BY 1 HAVING count(*) > 1"
    )
    assert regulars, "somebody comes again"


def test_money_is_outstanding_and_disputed(played: System) -> None:
    day, finance = business_day(played), Person(played.url, "finance-yinzhou")
    states = {row["state"] for row in Person(played.url, "centre").call("GET", f"/clearing/cycles/{day}/legs")}
    assert "due" in states
    disputes = finance.call("GET", "/clearing/disputes")["items"]
    assert {one["state"] for one in disputes} == {"open", "answered", "accepted"}
    mine = finance.call("GET", "/clearing/differences")["items"]
    assert [one["kind"] for one in mine].count("terminal") == 1
    centre = Person(played.url, "centre").call("GET", "/clearing/differences")["items"]
    assert {"terminal", "bank_entry"} <= {one["kind"] for one in centre}
    assert not any(one["kind"] == "float" for one in centre)


def test_kitchens_are_inspected_and_a_bulletin_is_out(played: System) -> None:
    cases = Person(played.url, "supervisor").call("GET", "/waste/cases")["items"]
    assert {case["state"] for case in cases} == {"open", "planned", "closed"}
    listed = urllib3.request("GET", f"{played.url}/bulletins?lang=en").data.decode()
    assert 'href="/bulletins/' in listed


def test_the_banks_entries_are_matched_also_by_hand_or_open(played: System) -> None:
    entries = Person(played.url, "centre").call("GET", "/clearing/bank-entries")["items"]
    assert {one["verdict"] for one in entries} == {"matched", "unknown_reference"}
    open_entries = Person(played.url, "centre").call("GET", "/clearing/confirmations/unmatched")
    assert [one["reference"] for one in open_entries] == ["NOT-OURS"], "the mistyped one was assigned"


def test_a_printed_code_was_paid_and_one_payment_voided(played: System) -> None:
    paid = Person(played.url, "finance-yinzhou").call("GET", "/console/sheet-payments")["items"]
    assert sorted(one["state"] for one in paid) == ["paid", "voided"]
    sheet = {"payment": 2, "reversal": 1}
    kinds = rows(played, "SELECT kind, count(*) AS times FROM transfer WHERE channel = 'sheet' GROUP BY 1")
    assert {row["kind"]: row["times"] for row in kinds} == sheet


def test_travellers_book_report_out_and_ask_for_visits(played: System) -> None:
    kitchen, admin = Person(played.url, "kitchen-yinzhou"), Person(played.url, "admin-yinzhou")
    assert {one["state"] for one in kitchen.call("GET", "/dining/bookings")["items"]} == {"booked", "cancelled"}
    assert kitchen.call("GET", "/dining/report-outs")["items"]
    asked = admin.call("GET", "/registry/visit-requests")["items"]
    assert {one["state"] for one in asked} == {"waiting", "confirmed"}


def test_something_waits_for_a_second_person(played: System) -> None:
    approver = Person(played.url, "approver")
    waiting = approver.call("GET", "/console/approvals?state=pending")["items"]
    assert [one["kind"] for one in waiting] == ["bank_account"]
    assert len(approver.call("GET", "/console/enrolments?approved=false")["items"]) == 1


def test_kitchens_weighed_for_weeks_and_corrected(played: System) -> None:
    kitchen, day = Person(played.url, "kitchen-yinzhou"), business_day(played)
    corrected = kitchen.call("GET", f"/waste/weigh-ins?from_day={day}&limit=500")["items"]
    assert [one for one in corrected if one["replaces"]]
    [days] = rows(played, "SELECT count(DISTINCT business_date) AS weighed FROM weigh_in")
    assert days["weighed"] > 60


def page(system: System, query: str = "") -> str:
    answer = urllib3.request("GET", f"{system.url}/?lang=en{query}", timeout=30)
    assert answer.status == 200
    return answer.data.decode()


def test_the_first_page_shows_the_day_that_was_played(played: System) -> None:
    day = business_day(played)
    shown = page(played)
    assert f'data-day="{day}"' in shown
    found = re.search(r'data-totals="([^"]+)"', shown)
    assert found is not None
    canteens = json.loads(html.unescape(found[1]))
    [paid] = rows(
        played,
        "SELECT sum(CASE kind WHEN 'payment' THEN amount_fen WHEN 'top_up' THEN 0 WHEN 'grant' THEN 0"
        " ELSE -amount_fen END)::bigint AS fen FROM transfer WHERE canteen_id IS NOT NULL AND business_date = %s::date",
        day,
    )
    assert sum(one["amount_fen"] for one in canteens) == paid["fen"]
    assert 'href="?day=' in shown, "the way to the open day"
    [following] = rows(played, "SELECT DISTINCT business_date::text AS day FROM book_day")
    live = page(played, f"&day={following['day']}")
    assert f'data-day="{following["day"]}"' in live
    assert 'data-totals=""' in live
    assert f'href="?day={day}&amp;lang=en"' in live
    assert urllib3.request("GET", f"{played.url}/?day=yesterday").status == 400


def test_both_reports_of_a_day_count_alike(played: System) -> None:
    said = (played.folder / "played").read_text()
    [acks] = sorted(played.folder.glob("demo/*/acks.jsonl"))[:1]
    compared = json.loads(played.command("check-history", str(acks), "--json").stdout)["operations"]
    for outcome in ("refused", "voided"):
        assert f"{compared[outcome]} {outcome}" in said
        assert said.count(f" {outcome}") >= 2, "the day's summary, and the comparison with the terminals"
    assert f"{compared['ok']} payments" in said
    assert "yuan before refunds" in said


def test_another_day_can_be_played_at_once(played: System) -> None:
    """By another name of the same system, too: both checks are made."""
    url = f"http://localhost:{played.port}/"
    again = played.command("demo", "--payments", "60", "--terminals", "6", "--url", url)
    assert "the ledger matches what the terminals saw" in again.stdout


@pytest.mark.parametrize("off_s", [400, 3 * 86_400, -25 * 3_600])
def test_every_other_centre_keeps_to_its_clock(network: Network, scratch: Path, off_s: int) -> None:
    till, card = network.terminal(scratch), network.card(network.official())
    answer = till.charge_card(card, "lunch", purchased_at=till.now() + off_s)
    assert (answer.outcome, answer.reason) == ("refused", "too_late")


def test_a_centre_that_is_busy_is_waited_for(own: System) -> None:
    own.start()
    assert own.process is not None
    workers = [int(pid) for pid in Path(f"/proc/{own.process.pid}/task/{own.process.pid}/children").read_text().split()]
    for pid in (own.process.pid, *workers):
        os.kill(pid, signal.SIGSTOP)
    command = [sys.executable, "-m", "onecard", "demo", "--payments", "10", "--terminals", "6", "--keep-open"]
    with subprocess.Popen(
        command, env=own.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as playing:
        assert playing.stdout is not None
        said = playing.stdout.readline()
        for pid in (*workers, own.process.pid):
            os.kill(pid, signal.SIGCONT)
        said += playing.stdout.read()
    assert playing.returncode == 0, said + own.output[-2_000:]
    assert "is busy or starting" in said
    assert "nothing runs" not in said


def test_a_port_that_stays_silent_is_told_as_such(own: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstration, "START_WITHIN_S", 1.0)
    monkeypatch.setattr(demonstration, "ASK_FOR_S", 0.5)
    silent = pytest.raises(PlayFailed, match="GET /health was asked for 1 s")
    with socket.create_server(("127.0.0.1", own.port)), silent:
        demonstration.play(own.settings, DayPlan(10, 6), url=None, folder=own.folder)
