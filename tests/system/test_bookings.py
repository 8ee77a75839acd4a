"""Diners book meals: until the cut-off, within the capacity, where they may eat; and report out."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from msgspec import json as wire

from foundation.calendar import ZONE
from terminals.devices import SoftwarePhone
from terminals.phone import activate_phone, sign_for_holder
from tests.builders import Network
from tests.running_system import System
from tests.system.test_me import Me, somebody
from tests.system.test_network_changes import new_canteen

MEALS = [
    {"meal": "lunch", "starts": "11:00:00", "ends": "13:00:00"},
    {"meal": "dinner", "starts": "17:00:00", "ends": "19:00:00"},
]
DINERS, ROOM = 1_000, 300


@pytest.fixture(scope="module")
def canteen_id(network: Network) -> int:
    return canteen_with_prices(network)


def canteen_with_prices(network: Network) -> int:
    """A canteen of Yinzhou's where lunch costs 10 yuan, and 40 for visitors."""
    number = new_canteen(network, network.agency_id("yinzhou"), meals=MEALS)
    today = datetime.now(ZONE).date()
    for meal in ("lunch", "dinner"):
        tariff = {"canteen_id": number, "meal": meal, "valid_from": str(today), "home_fen": 1_000}
        network.with_approval(network.person("finance-yinzhou"), "/settlement/tariffs", tariff)
    return number


@pytest.fixture
def day() -> date:
    return datetime.now(ZONE).date() + timedelta(days=2)


def booking(canteen_id: int, day: date, meal: str = "lunch") -> dict[str, Any]:
    return {"booking_id": str(uuid4()), "canteen_id": canteen_id, "business_date": str(day), "meal": meal}


def again(me: Me, method: str, path: str, message: Any = None) -> Any:
    """Ask once more, in another second: a signature counts once."""
    time.sleep(1.1)
    return me.ask(method, path, message)


def numbers(network: Network, canteen_id: int, day: date, meal: str = "lunch") -> dict[str, Any]:
    shown = network.person("kitchen-yinzhou").call("GET", f"/dining/canteens/{canteen_id}/bookings/{day}")
    return dict(next(one for one in shown if one["meal"] == meal))


def set_terms(network: Network, canteen_id: int, meal: str, **terms: Any) -> None:
    kitchen = network.person("kitchen-yinzhou")
    kitchen.call("PUT", f"/dining/canteens/{canteen_id}/booking-terms/{meal}", {"cut_off_min": 60} | terms)


def test_a_diner_books_and_cancels(network: Network, canteen_id: int, day: date) -> None:
    me, wanted = somebody(network), booking(canteen_id, day)
    made = me.ask("POST", "/me/bookings", wanted)
    assert (made["state"], made["price_fen"], made["limit_fen"]) == ("booked", 1_000, None)
    assert datetime.fromisoformat(made["cut_off_at"]).astimezone(ZONE).isoformat()[:16] == f"{day}T10:00"
    assert again(me, "POST", "/me/bookings", wanted)["booked_at"] == made["booked_at"], "the same again"
    assert me.refused("POST", "/me/bookings", booking(canteen_id, day)) == "conflict", "nobody eats a meal twice"
    assert [one["booking_id"] for one in me.get("/me/bookings")["bookings"]] == [wanted["booking_id"]]
    assert numbers(network, canteen_id, day)["booked"] == 1
    for _ in range(2):
        assert again(me, "DELETE", f"/me/bookings/{wanted['booking_id']}") is None
    assert numbers(network, canteen_id, day)["booked"] == 0, "one is free again, and one only"
    assert again(me, "POST", "/me/bookings", wanted)["state"] == "cancelled", "a number counts once"
    me.ask("POST", "/me/bookings", booking(canteen_id, day))
    states = Counter(one["state"] for one in me.get(f"/me/bookings?first={day}&last={day}")["bookings"])
    assert states == {"booked": 1, "cancelled": 1}


def test_an_answer_is_as_long_as_its_days_however_often_somebody_changes_his_mind(
    network: Network, canteen_id: int, day: date
) -> None:
    me = somebody(network)
    for _ in range(3):
        latest = booking(canteen_id, day)
        me.ask("POST", "/me/bookings", latest)
        me.ask("DELETE", f"/me/bookings/{latest['booking_id']}")
    assert [one["booking_id"] for one in me.get("/me/bookings")["bookings"]] == [latest["booking_id"]]
    assert len(me.get("/me/export")["bookings"]["bookings"]) == 3
    assert me.refused("GET", f"/me/bookings?first={day}&last={day + timedelta(days=100)}") == "invalid"
    assert me.get(f"/me/bookings?first={day}&last={day + timedelta(days=99)}")["bookings"]


def test_a_booking_is_its_diners_alone(network: Network, canteen_id: int, day: date) -> None:
    me, other, wanted = somebody(network), somebody(network), booking(canteen_id, day)
    me.ask("POST", "/me/bookings", wanted)
    assert other.refused("DELETE", f"/me/bookings/{wanted['booking_id']}") == "not-found"
    assert other.refused("POST", "/me/bookings", wanted) == "conflict", "the number is taken"
    assert other.get("/me/bookings")["bookings"] == []
    kitchen, elsewhere = network.person("kitchen-yinzhou"), network.person("kitchen-yuyao")
    query = f"/dining/bookings?canteen_id={canteen_id}&from_day={day}&until_day={day}&state=booked"
    assert me.official.holder_id in [one["holder_id"] for one in kitchen.call("GET", query)["items"]]
    assert elsewhere.call("GET", query)["items"] == []
    assert elsewhere.ask("GET", f"/dining/canteens/{canteen_id}/bookings/{day}").status == 404
    assert network.person("supervisor").ask("GET", query).status == 403, "no business of theirs"


def test_a_visitor_sees_his_price_and_is_counted(network: Network, canteen_id: int, day: date) -> None:
    before = numbers(network, canteen_id, day, "dinner")
    guest = somebody(network, "yuyao")
    assert guest.ask("POST", "/me/bookings", booking(canteen_id, day, "dinner"))["price_fen"] == 4_000
    weighed = guest.ask("POST", "/me/bookings", booking(network.canteen_id("yuyao"), day))
    assert (weighed["price_fen"], weighed["limit_fen"]) == (None, 5_000), "the cashier enters the amount"
    after = numbers(network, canteen_id, day, "dinner")
    assert (after["booked"], after["visitors"]) == (before["booked"] + 1, before["visitors"] + 1)


def test_a_meal_has_room_for_so_many(network: Network, canteen_id: int, day: date) -> None:
    other_day = day + timedelta(days=1)
    set_terms(network, canteen_id, "lunch", capacity=1)
    first, second = somebody(network), somebody(network)
    wanted = booking(canteen_id, other_day)
    first.ask("POST", "/me/bookings", wanted)
    assert second.refused("POST", "/me/bookings", booking(canteen_id, other_day)) == "meal-full"
    first.ask("DELETE", f"/me/bookings/{wanted['booking_id']}")
    second.ask("POST", "/me/bookings", booking(canteen_id, other_day))
    set_terms(network, canteen_id, "lunch", capacity=0)
    assert first.refused("POST", "/me/bookings", booking(canteen_id, day + timedelta(days=2))) == "meal-full"
    assert numbers(network, canteen_id, other_day)["booked"] == 1, "what is booked stays"
    set_terms(network, canteen_id, "lunch")
    assert numbers(network, canteen_id, day)["capacity"] is None


def test_the_cut_off_ends_it(network: Network, canteen_id: int, day: date) -> None:
    me, wanted = somebody(network), booking(canteen_id, day, "dinner")
    me.ask("POST", "/me/bookings", wanted)
    set_terms(network, canteen_id, "dinner", cut_off_min=7 * 24 * 60)
    assert me.refused("DELETE", f"/me/bookings/{wanted['booking_id']}") == "booking-closed"
    late = booking(canteen_id, day + timedelta(days=1), "dinner")
    assert me.refused("POST", "/me/bookings", late) == "booking-closed"
    assert again(me, "POST", "/me/bookings", wanted)["state"] == "booked", "a repeat is answered at any time"
    set_terms(network, canteen_id, "dinner")
    assert again(me, "DELETE", f"/me/bookings/{wanted['booking_id']}") is None


def test_a_wrong_booking_is_refused(network: Network, canteen_id: int, day: date) -> None:
    me, wanted = somebody(network), booking(canteen_id, day)
    for changes, slug in (
        ({"meal": "breakfast"}, "invalid"), ({"canteen_id": 7}, "not-found"), ({"meal": "tea"}, "invalid"),
        ({"business_date": str(day - timedelta(days=9))}, "invalid"), ({"booking_id": "1"}, "invalid"),
        ({"business_date": str(day + timedelta(days=90))}, "invalid"), ({"seats": 2}, "invalid"),
    ):  # fmt: skip
        assert me.refused("POST", "/me/bookings", wanted | changes) == slug, changes
    assert me.refused("DELETE", f"/me/bookings/{uuid4()}") == "not-found"
    assert me.refused("GET", f"/me/bookings?first={day}&last={day + timedelta(days=400)}") == "invalid"
    assert me.refused("GET", "/me/bookings?first=9999-12-31&last=0001-01-01") == "invalid"
    assert me.get("/me/bookings?first=9999-12-31")["bookings"] == []
    for ends in ("0001-01-01", "9999-12-31"):
        assert me.refused("POST", "/me/bookings", wanted | {"business_date": ends}) == "invalid"
        counted = network.person("kitchen-yinzhou").ask("GET", f"/dining/canteens/{canteen_id}/bookings/{ends}")
        assert counted.status == 400
    terms = f"/dining/canteens/{canteen_id}/booking-terms"
    for person, path, message, status in (
        ("kitchen-yinzhou", f"{terms}/lunch", {"cut_off_min": -1}, 400),
        ("kitchen-yinzhou", f"{terms}/lunch", {"cut_off_min": 60, "capacity": 10**9}, 400),
        ("kitchen-yinzhou", f"{terms}/tea", {"cut_off_min": 60}, 400),
        ("kitchen-yuyao", f"{terms}/lunch", {"cut_off_min": 60}, 404),
        ("finance-yinzhou", f"{terms}/lunch", {"cut_off_min": 60}, 403),
    ):
        assert network.person(person).ask("PUT", path, message).status == status, (person, path, message)


def test_a_diner_reports_out(network: Network, canteen_id: int, day: date) -> None:
    me = somebody(network)
    week = day + timedelta(days=7)
    weekdays = [day.isoweekday()]
    report = {
        "report_id": str(uuid4()), "canteen_id": canteen_id, "first_day": str(day), "last_day": str(week),
        "weekdays": weekdays, "meals": ["dinner"],
    }  # fmt: skip
    before = [
        numbers(network, canteen_id, on, meal)["reported_out"] for on in (day, week) for meal in ("lunch", "dinner")
    ]
    assert before == [0, 0, 0, 0]
    for _ in range(2):
        again(me, "POST", "/me/report-outs", report)
    assert numbers(network, canteen_id, day, "dinner")["reported_out"] == 1
    assert numbers(network, canteen_id, week, "dinner")["reported_out"] == 1
    assert numbers(network, canteen_id, day)["reported_out"] == 0, "dinner only"
    assert numbers(network, canteen_id, day + timedelta(days=1), "dinner")["reported_out"] == 0, "another weekday"
    [shown] = me.get(f"/me/bookings?first={week}&last={week}")["report_outs"]
    assert (shown["weekdays"], shown["meals"], shown["ended_at"]) == (weekdays, ["dinner"], None)
    me.ask("POST", "/me/bookings", booking(canteen_id, day, "dinner"))
    assert numbers(network, canteen_id, day, "dinner")["reported_out"] == 0, "who books comes"
    listed = network.person("kitchen-yinzhou").call("GET", f"/dining/report-outs?canteen_id={canteen_id}")["items"]
    assert [one["report_id"] for one in listed] == [report["report_id"]]
    for _ in range(2):
        again(me, "DELETE", f"/me/report-outs/{report['report_id']}")
    assert numbers(network, canteen_id, week, "dinner")["reported_out"] == 0


def report_outs_at_once(network: Network, me: Me, reports: list[dict[str, Any]]) -> list[int]:
    """The status of each; each is signed at another second."""
    begins = int(time.time()) - len(reports)

    def make(n: int) -> int:
        body = wire.encode(reports[n])
        fields = sign_for_holder(network.url, me.phone, "POST", "/me/report-outs", body, begins + n)
        answer = httpx.post(
            f"{network.url}/me/report-outs", content=body, timeout=60,
            headers=fields | {"content-type": "application/json"},
        )  # fmt: skip
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(make, range(len(reports))))


def test_a_diner_makes_no_more_report_outs_than_he_may(network: Network, canteen_id: int, day: date) -> None:
    me = somebody(network)
    wanted = {"canteen_id": canteen_id, "first_day": str(day), "last_day": str(day), "meals": ["lunch"]}
    reports = [{"report_id": str(uuid4()), **wanted} for _ in range(60)]
    assert Counter(report_outs_at_once(network, me, reports)) == {204: 50, 409: 10}
    with psycopg.connect(network.system.database_url) as db:
        db.execute("UPDATE report_out SET ended_at = now() WHERE holder_id = %s", [me.official.holder_id])
    reports = [{"report_id": str(uuid4()), **wanted} for _ in range(60)]
    assert Counter(report_outs_at_once(network, me, reports)) == {204: 50, 409: 10}
    with psycopg.connect(network.system.database_url) as db:
        db.execute("UPDATE report_out SET ended_at = now() WHERE holder_id = %s", [me.official.holder_id])
    assert report_outs_at_once(network, me, [{"report_id": str(uuid4()), **wanted}]) == [409], "and not by ending them"


def test_who_has_left_or_is_suspended_keeps_nobodys_place(network: Network) -> None:
    """His booking makes room, and the kitchen counts neither it nor his report-out."""
    canteen_id, today = canteen_with_prices(network), datetime.now(ZONE).date()
    admin, other = network.person("admin-yinzhou"), somebody(network)
    for days, act in enumerate(("departure", "suspension"), start=2):
        me, day = somebody(network), today + timedelta(days=days)
        set_terms(network, canteen_id, "lunch", capacity=1)
        me.ask("POST", "/me/bookings", booking(canteen_id, day))
        me.ask("POST", "/me/report-outs", report_out(canteen_id, day, last_day=str(day + timedelta(days=300))))
        assert other.refused("POST", "/me/bookings", booking(canteen_id, day)) == "meal-full"
        assert numbers(network, canteen_id, day, "dinner")["reported_out"] == 1
        admin.call("POST", f"/registry/officials/{me.official.holder_id}/{act}", {"reason": "somewhere else"})
        assert numbers(network, canteen_id, day)["booked"] == 0, act
        assert numbers(network, canteen_id, day, "dinner")["reported_out"] == 0, act
        assert other.ask("POST", "/me/bookings", booking(canteen_id, day))["state"] == "booked"
        kitchen = network.person("kitchen-yinzhou")
        query = f"/dining/bookings?canteen_id={canteen_id}&from_day={day}&until_day={day}&state=cancelled"
        assert [one["holder_id"] for one in kitchen.call("GET", query)["items"]] == [me.official.holder_id], "kept"
        [detail] = details_of(network, f"official/{me.official.holder_id}", act)
        assert (detail["bookings"], detail["report_outs"]) == (1, 1)


def details_of(network: Network, subject: str, act: str) -> list[dict[str, Any]]:
    action = {"departure": "official_left", "suspension": "suspend_official"}[act]
    with psycopg.connect(network.system.database_url) as db:
        rows = db.execute("SELECT detail FROM audit_entry WHERE subject = %s AND action = %s", [subject, action])
        return [detail for (detail,) in rows]


def report_out(canteen_id: int, day: date, **changes: Any) -> dict[str, Any]:
    report = {"report_id": str(uuid4()), "canteen_id": canteen_id, "first_day": str(day), "last_day": str(day)}
    return report | {"meals": ["dinner"]} | changes


def test_a_report_out_past_the_cut_off_of_any_of_its_meals_is_refused(network: Network, day: date) -> None:
    canteen_id, me = canteen_with_prices(network), somebody(network)
    week = day + timedelta(days=6)
    set_terms(network, canteen_id, "dinner", cut_off_min=4 * 24 * 60)
    for first in (day, day + timedelta(days=1)):
        wanted = report_out(canteen_id, first, last_day=str(week))
        assert me.refused("POST", "/me/report-outs", wanted) == "booking-closed", first
    for accepted in (
        report_out(canteen_id, day, last_day=str(week), meals=["lunch"]),
        report_out(canteen_id, day, last_day=str(week), weekdays=[week.isoweekday()]),
        report_out(canteen_id, day + timedelta(days=5), last_day=str(week)),
    ):
        assert me.ask("POST", "/me/report-outs", accepted) is None


def test_a_report_outs_number_is_of_one_content(network: Network, canteen_id: int, day: date) -> None:
    me, kept = somebody(network), report_out(canteen_id, day, meals=["lunch", "dinner"], weekdays=[1, 2, 3, 4, 5])
    me.ask("POST", "/me/report-outs", kept)
    assert again(me, "POST", "/me/report-outs", kept | {"meals": ["dinner", "lunch"]}) is None, (
        "the same in other order"
    )
    for other in ({"meals": ["dinner"]}, {"weekdays": [1, 2, 3, 4]}, {"last_day": str(day + timedelta(days=1))}):
        assert me.refused("POST", "/me/report-outs", kept | other) == "conflict", other


def test_a_wrong_report_out_is_refused(network: Network, canteen_id: int, day: date) -> None:
    me, other = somebody(network), somebody(network)
    report = {
        "report_id": str(uuid4()), "canteen_id": canteen_id, "first_day": str(day), "last_day": str(day),
    }  # fmt: skip
    for changes, slug in (
        ({"canteen_id": network.canteen_id("city")}, "invalid"), ({"canteen_id": 7}, "not-found"),
        ({"first_day": str(day - timedelta(days=9))}, "invalid"), ({"weekdays": [8]}, "invalid"),
        ({"last_day": str(day - timedelta(days=1))}, "invalid"), ({"weekdays": []}, "invalid"),
        ({"last_day": str(day + timedelta(days=500))}, "invalid"), ({"meals": []}, "invalid"),
    ):  # fmt: skip
        assert me.refused("POST", "/me/report-outs", report | changes) == slug, changes
    me.ask("POST", "/me/report-outs", report)
    assert other.refused("POST", "/me/report-outs", report) == "conflict"
    assert other.refused("DELETE", f"/me/report-outs/{report['report_id']}") == "not-found"


@pytest.fixture(scope="module")
def crowded(scratch: Path) -> Iterator[Network]:
    """A system that takes a thousand connections of one address, as a proxy in front would give them several."""
    folder = scratch / "crowded"
    folder.mkdir()
    running = System(
        folder, demo_hours="false", connections_per_address_max="2000", requests_per_address_per_s="100000"
    )
    running.start()
    yield Network(running)
    running.abandon()


def phones_of(network: Network, count: int) -> list[SoftwarePhone]:
    """As many officials with a phone each."""
    agency_id = network.agency_id("yinzhou")
    phones: list[SoftwarePhone] = []
    for first in range(0, count, 500):
        people = [{"name": "王小明", "staff_number": f"{first + n}"} for n in range(min(500, count - first))]
        message = {"agency_id": agency_id, "officials": people}
        holders = network.centre.call("POST", "/registry/officials", message)["holder_ids"]
        asked = {"agency_id": agency_id, "holder_ids": holders}
        made = network.centre.call("POST", "/console/phone-activations", asked)["activations"]
        with ThreadPoolExecutor(8) as pool:
            phones += pool.map(lambda one: activate_phone(network.url, one["activation_id"], one["code"]), made)
    return phones


async def book_at_once(url: str, phones: list[SoftwarePhone], bookings: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Status and kind of problem of every booking, all sent at the same time."""
    limits = httpx.Limits(max_connections=len(phones))
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=300) as http:

        async def book(phone: SoftwarePhone, wanted: dict[str, Any]) -> tuple[int, str]:
            body = wire.encode(wanted)
            fields = sign_for_holder(url, phone, "POST", "/me/bookings", body, int(time.time()))
            answer = await http.post(
                "/me/bookings", content=body, headers=fields | {"content-type": "application/json"}
            )
            said = answer.json()
            return answer.status_code, str(said.get("state") or said["type"].rpartition("/")[2])

        return await asyncio.gather(*(book(*one) for one in zip(phones, bookings, strict=True)))


def test_a_thousand_at_once_never_overbook(crowded: Network) -> None:
    canteen_id, day = canteen_with_prices(crowded), datetime.now(ZONE).date() + timedelta(days=3)
    set_terms(crowded, canteen_id, "lunch", capacity=ROOM)
    phones, bookings = phones_of(crowded, DINERS), [booking(canteen_id, day) for _ in range(DINERS)]
    began = time.monotonic()
    answers = asyncio.run(book_at_once(crowded.url, phones, bookings))
    print(f"{DINERS} bookings at once took {time.monotonic() - began:.1f} s")
    assert Counter(answers) == {(200, "booked"): ROOM, (409, "meal-full"): DINERS - ROOM}
    assert numbers(crowded, canteen_id, day)["booked"] == ROOM
    with psycopg.connect(crowded.system.database_url) as db:
        kept = db.execute("SELECT count(*), count(DISTINCT holder_id) FROM meal_booking WHERE state = 'booked'")
        assert kept.fetchone() == (ROOM, ROOM)
    again = asyncio.run(book_at_once(crowded.url, phones, bookings))
    assert again == answers, "each booking sent again is answered as before"
    assert numbers(crowded, canteen_id, day)["booked"] == ROOM


def test_one_diner_at_once_books_one_meal(crowded: Network) -> None:
    """The same booking, and others for the same meal, thirty times each at the same time."""
    canteen_id, day = canteen_with_prices(crowded), datetime.now(ZONE).date() + timedelta(days=4)
    me, wanted = somebody(crowded), booking(canteen_id, day)
    others = [booking(crowded.canteen_id("city", n % 2), day) for n in range(30)]
    answers = asyncio.run(book_at_once(crowded.url, [me.phone] * 60, [wanted] * 30 + others))
    # A signature counts once: requests of one phone that are the same to the second are copies.
    assert {status for status, _ in answers} <= {200, 409, 503}, answers
    live = [one for one in me.get("/me/bookings")["bookings"] if one["state"] == "booked"]
    assert len(live) == 1
    with psycopg.connect(crowded.system.database_url) as db:
        counted = db.execute("SELECT sum(booked) FROM booked_meal WHERE business_date = %s", [day]).fetchone()
    assert counted == (1,)


def test_who_asks_is_an_official(network: Network, canteen_id: int, day: date) -> None:
    for person in (network.centre, network.person("kitchen-yinzhou")):
        assert person.ask("POST", "/me/bookings", booking(canteen_id, day)).status == 401
    me: Me = somebody(network)
    network.centre.call("POST", f"/registry/officials/{me.official.holder_id}/suspension", {"reason": "调查"})
    assert me.refused("POST", "/me/bookings", booking(canteen_id, day)) in ("account-closed", "credential-blocked")
