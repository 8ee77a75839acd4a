"""What officials of Yinzhou do on their phones in a played day: pay by a printed code, book, report out, ask to visit.

All over the public API, signed by their phones. A printed code is paid now, whatever hour it is: its canteen serves
lunch for as long as that takes.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from demo.console import RESEND_FOR_S, PlayFailed, until_known
from demo.day import Day
from demo.network import Diner
from foundation.calendar import ZONE
from terminals.phone import ask_for_holder
from terminals.sheet_phone import SheetPhone

AGENCY, HOST = "yinzhou", "hangzhou"
LOOK_EVERY_S = 0.5
DAYS_LOOKED_AT = 14
WHOLE_DAY = {"meal": "lunch", "starts": "00:00", "ends": "23:59:59"}
PERSONS = 6


def use_phones(day: Day) -> None:
    """Six officials with a phone each: two pay by a printed code (one payment is voided), two book, one reports out,
    two ask for visits, of which one is confirmed."""
    task = day.task("travellers", 4)
    people = day.network.register(AGENCY, PERSONS)
    day.network.activate_phones(people)
    day.network.deposit("top-ups", people, 5_000)
    day.progress.advance(task)
    pays, slips, *books, away, travels = people
    _pay_by_sheet(day, pays, slips)
    day.progress.advance(task)
    _book(day, books, away)
    day.progress.advance(task)
    _ask_for_visits(day, away, travels)
    day.progress.advance(task)


def _ask(day: Day, diner: Diner, method: str, path: str, message: Any = None) -> Any:
    phone = diner.phone
    assert phone is not None
    return until_known(lambda: ask_for_holder(day.url, phone, method, path, message))


def _pay_by_sheet(day: Day, pays: Diner, slips: Diner) -> None:
    """Two payments by the second canteen's printed code; the kitchen voids the one of the wrong window."""
    kitchen = day.network.person(f"kitchen-{AGENCY}")
    canteen_id = day.network.canteens(AGENCY)[-1]
    sheet = kitchen.call("POST", "/terminals/sheets", {"canteen_id": canteen_id, "name": "外卖窗口（演示）"})
    with _serves_now(day, canteen_id):
        paid = [_pay(day, diner, sheet["code"]) for diner in (pays, slips)]
    void = {"canteen_id": canteen_id, "short_number": paid[-1]["proof"]["short_number"], "reason": "付错窗口（演示）"}
    kitchen.call("POST", "/terminals/sheet-payments/voids", void)


def _pay(day: Day, diner: Diner, code: str) -> dict[str, Any]:
    """Pay by a printed code, once its canteen serves lunch for the phone too. Raises PlayFailed."""
    assert diner.phone is not None
    phone = SheetPhone(day.url, diner.phone, day.folder / f"phone-{diner.holder_id}.journal")
    give_up_at = time.monotonic() + RESEND_FOR_S
    # Workers keep what canteens serve for some seconds.
    while (asked := until_known(lambda: phone.ask(code)))["meal"] != "lunch":
        if time.monotonic() > give_up_at:
            raise PlayFailed("demo.no_lunch", canteen_id=asked["canteen_id"])
        time.sleep(LOOK_EVERY_S)
    number = phone.begin(code, asked)
    return until_known(lambda: phone.send(number))


@contextmanager
def _serves_now(day: Day, canteen_id: int) -> Iterator[None]:
    today = datetime.now(ZONE).date()
    # Midnight may pass meanwhile.
    special = [f"/registry/canteens/{canteen_id}/days/{on}" for on in (today, today + timedelta(days=1))]
    for path in special:
        day.network.centre.call("PUT", path, {"meals": [WHOLE_DAY], "reason": "延长供餐（演示）"})
    try:
        yield
    finally:
        for path in special:
            day.network.centre.call("DELETE", path)


def _book(day: Day, diners: list[Diner], away: Diner) -> None:
    """Lunch is booked for the next day that it is served on; one of them cancels, another official reports out."""
    canteen_id = day.network.canteens(AGENCY)[0]
    on = _next_lunch(day, canteen_id)
    wanted = {"canteen_id": canteen_id, "business_date": str(on), "meal": "lunch"}
    for diner in diners:
        booked = _ask(day, diner, "POST", "/me/bookings", wanted | {"booking_id": str(uuid4())})
    _ask(day, diners[-1], "DELETE", f"/me/bookings/{booked['booking_id']}")
    report = {"canteen_id": canteen_id, "first_day": str(on), "last_day": str(on), "meals": ["lunch"]}
    _ask(day, away, "POST", "/me/report-outs", report | {"report_id": str(uuid4())})


def _next_lunch(day: Day, canteen_id: int) -> date:
    """The first day after tomorrow on which a canteen serves lunch: its bookings are open at any hour of today."""
    first = datetime.now(ZONE).date() + timedelta(days=2)
    path = f"/registry/canteens/{canteen_id}/days?first={first}&last={first + timedelta(days=DAYS_LOOKED_AT)}"
    for one in day.network.centre.call("GET", path):
        if any(meal["meal"] == "lunch" for meal in one["meals"]):
            return date.fromisoformat(one["day"])
    raise PlayFailed("demo.no_lunch", canteen_id=canteen_id)


def _ask_for_visits(day: Day, *diners: Diner) -> None:
    """Each registers a visit of his own; his agency confirms the first one, the other waits."""
    first = datetime.now(ZONE).date() + timedelta(days=7)
    for diner in diners:
        visit = {
            "request_id": str(uuid4()),
            "host_agency_id": day.network.agency_id(HOST),
            "first_day": str(first),
            "last_day": str(first + timedelta(days=2)),
            "reason": "长三角食堂协同会议（演示）",
        }
        _ask(day, diner, "POST", "/me/visits", visit)
    admin = day.network.person(f"admin-{AGENCY}")
    [asked] = admin.call("GET", f"/registry/visit-requests?holder_id={diners[0].holder_id}")["items"]
    admin.call("POST", f"/registry/visit-requests/{asked['number']}/confirmation")
