"""A traveller registers a visit himself: it opens nothing until his agency has confirmed it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from foundation.calendar import ZONE
from registry.visits import AHEAD_MAX, MADE_MAX, VISIT_MAX_DAYS, WAITING_MAX
from tests.builders import Network
from tests.running_system import Person
from tests.system.test_me import Me, somebody

TODAY = datetime.now(ZONE).date()


def wanted(network: Network, first: date = TODAY, last: date | None = None, host: str = "hangzhou") -> dict[str, Any]:
    return {
        "request_id": str(uuid4()), "host_agency_id": network.agency_id(host), "first_day": str(first),
        "last_day": str(last or first), "reason": "甬机管发〔2026〕12号",
    }  # fmt: skip


def waiting(person: Person, me: Me) -> list[dict[str, Any]]:
    """What waits for the agency, as its people list it."""
    path = f"/registry/visit-requests?holder_id={me.official.holder_id}&state=waiting"
    return list(person.call("GET", path)["items"])


def decide(person: Person, me: Me, step: str, body: Any = None) -> Any:
    [asked] = waiting(person, me)
    return person.call("POST", f"/registry/visit-requests/{asked['number']}/{step}", body)


def test_it_opens_nothing_until_the_agency_confirms(network: Network, tmp_path: Path) -> None:
    """Hangzhou takes nobody else of Ningbo without a visit."""
    me, admin = somebody(network), network.person("admin-yinzhou")
    card, till = network.card(me.official), network.terminal(tmp_path, "hangzhou")
    me.ask("POST", "/me/visits", wanted(network))
    [shown] = me.get("/me/visits")
    assert (shown["state"], shown["visit_id"], shown["reason"]) == ("waiting", None, "甬机管发〔2026〕12号")
    assert till.charge_card(card, "lunch").reason == "not_entitled"
    confirmed = decide(admin, me, "confirmation")
    [shown] = me.get("/me/visits")
    assert (shown["state"], shown["visit_id"]) == ("now", confirmed["visit_id"])
    paid = till.charge_card(card, "lunch")
    assert paid.receipt is not None
    assert paid.receipt.amount_fen == paid.receipt.cash_fen, "visitors pay all of it in cash"


def test_a_refusal_is_read_with_its_reason_and_opens_nothing(network: Network, tmp_path: Path) -> None:
    me, admin = somebody(network), network.person("admin-yinzhou")
    asked = wanted(network)
    me.ask("POST", "/me/visits", asked)
    decide(admin, me, "refusal", {"reason": "该项出差已取消"})
    [shown] = me.get("/me/visits")
    assert (shown["state"], shown["answer"]) == ("refused", "该项出差已取消")
    assert network.terminal(tmp_path, "hangzhou").charge_card(network.card(me.official), "lunch").receipt is None
    assert me.refused("DELETE", f"/me/visits/{asked['request_id']}") == "conflict", "it is decided"
    me.ask("POST", "/me/visits", wanted(network))
    assert [one["state"] for one in me.get("/me/visits")] == ["waiting", "refused"], "another one may be registered"


def test_sent_again_it_is_the_same(network: Network) -> None:
    me, asked = somebody(network), wanted(network)
    me.ask("POST", "/me/visits", asked)
    me.ask("POST", "/me/visits", asked)
    assert len(me.get("/me/visits")) == 1
    assert me.refused("POST", "/me/visits", asked | {"reason": "培训"}) == "conflict", "the number is another visit's"
    for _ in range(2):
        me.ask("DELETE", f"/me/visits/{asked['request_id']}")
    me.ask("POST", "/me/visits", asked)
    assert [one["state"] for one in me.get("/me/visits")] == ["withdrawn"], "a number counts once"
    actor = f"holder/{me.official.holder_id}"
    noted = network.approver.call("GET", f"/console/audit-entries?actor={actor}")["items"]
    assert [one["action"] for one in noted] == ["register_own_visit", "withdraw_own_visit"]


def test_it_is_nobody_elses(network: Network) -> None:
    me, other, asked = somebody(network), somebody(network), wanted(network)
    me.ask("POST", "/me/visits", asked)
    assert other.refused("DELETE", f"/me/visits/{asked['request_id']}") == "not-found"
    other.ask("POST", "/me/visits", asked | {"reason": "另一人"})
    assert [one["reason"] for one in me.get("/me/visits")] == [asked["reason"]], "numbers are each official's own"
    host = network.person("admin-yuyao")
    assert waiting(host, me) == [], "the host's people, and those of another agency, see what is confirmed"
    [number] = [one["number"] for one in waiting(network.centre, me)]
    for step, body in (("confirmation", None), ("refusal", {"reason": "不行"})):
        answer = host.ask("POST", f"/registry/visit-requests/{number}/{step}", body)
        assert answer.status == 404, step
    assert (
        network.person("finance-yinzhou").ask("POST", f"/registry/visit-requests/{number}/confirmation", None).status
        == 403
    )


BEYOND = TODAY + AHEAD_MAX + timedelta(days=1)


@pytest.mark.parametrize(
    ("slug", "changed"),
    [
        ("invalid", {"first_day": str(TODAY - timedelta(days=1))}),
        ("invalid", {"first_day": str(BEYOND), "last_day": str(BEYOND)}),
        ("invalid", {"last_day": str(TODAY + timedelta(days=VISIT_MAX_DAYS))}),
        ("invalid", {"last_day": str(TODAY - timedelta(days=1))}),
        ("invalid", {"last_day": "9999-12-31"}),
        ("invalid", {"reason": ""}),
        ("invalid", {"reason": "会\n议"}),
        ("invalid", {"request_id": "1"}),
        ("invalid", {"state": "confirmed"}),
        ("not-found", {"host_agency_id": 1}),
    ],
)
def test_what_cannot_be_is_refused(network: Network, slug: str, changed: dict[str, Any]) -> None:
    me = somebody(network)
    assert me.refused("POST", "/me/visits", wanted(network) | changed) == slug
    assert me.refused("POST", "/me/visits", wanted(network, host="yinzhou")) == "invalid", "his own agency"
    assert me.get("/me/visits") == []


def day(ahead: int) -> date:
    return TODAY + timedelta(days=ahead)


def test_days_that_wait_already_are_refused_but_for_the_day_between(network: Network) -> None:
    me = somebody(network)
    me.ask("POST", "/me/visits", wanted(network, day(2), day(5)))
    for first, last, host in ((3, 4, "yuyao"), (1, 6, "yuyao"), (5, 6, "hangzhou"), (5, 5, "hangzhou")):
        assert me.refused("POST", "/me/visits", wanted(network, day(first), day(last), host)) == "conflict", (
            first,
            last,
        )
    me.ask("POST", "/me/visits", wanted(network, day(5), day(6), "yuyao"))
    me.ask("POST", "/me/visits", wanted(network, day(6), day(7)))
    admin = network.person("admin-yinzhou")
    asked = waiting(admin, me)
    for one in asked:
        admin.call("POST", f"/registry/visit-requests/{one['number']}/confirmation")
    assert admin.ask("POST", f"/registry/visit-requests/{asked[0]['number']}/confirmation", None).status == 409
    assert me.refused("POST", "/me/visits", wanted(network, day(7), day(8))) == "invalid", "a visit covers a day"
    assert len(me.get("/me/visits")) == 3


def test_few_wait_and_few_are_made(network: Network) -> None:
    me = somebody(network)
    for n in range(WAITING_MAX):
        me.ask("POST", "/me/visits", wanted(network, TODAY + timedelta(days=n)))
    later = TODAY + timedelta(days=20)
    assert me.refused("POST", "/me/visits", wanted(network, later)) == "conflict"
    for _ in range(MADE_MAX - WAITING_MAX):
        own = [one for one in me.get("/me/visits") if one["state"] == "waiting"]
        me.ask("DELETE", f"/me/visits/{own[0]['request_id']}")
        me.ask("POST", "/me/visits", wanted(network, later := later + timedelta(days=1)))
    own = [one for one in me.get("/me/visits") if one["state"] == "waiting"]
    me.ask("DELETE", f"/me/visits/{own[0]['request_id']}")
    assert me.refused("POST", "/me/visits", wanted(network, TODAY)) == "conflict", "he changes his mind no more"


def test_one_is_decided_once_by_many(network: Network) -> None:
    """Confirmed, refused and withdrawn at the same time: one of them holds."""
    me, admin = somebody(network), network.person("admin-yinzhou")
    asked = wanted(network)
    me.ask("POST", "/me/visits", asked)
    [number] = [one["number"] for one in waiting(admin, me)]
    path = f"/registry/visit-requests/{number}"
    steps: list[Callable[[], int]] = [
        lambda: admin.ask("POST", f"{path}/confirmation", None).status,
        lambda: admin.ask("POST", f"{path}/refusal", {"reason": "取消"}).status,
    ] * 3
    with ThreadPoolExecutor(len(steps)) as pool:
        found = list(pool.map(lambda step: step(), steps))
    assert sorted(found)[1:] == [409] * 5, found
    [shown] = me.get("/me/visits")
    assert shown["state"] in ("now", "refused")


def test_who_was_suspended_meanwhile_is_not_confirmed(network: Network) -> None:
    me, admin = somebody(network), network.person("admin-yinzhou")
    me.ask("POST", "/me/visits", wanted(network))
    admin.call("POST", f"/registry/officials/{me.official.holder_id}/suspension", {"reason": "a test"})
    [asked] = waiting(admin, me)
    assert admin.ask("POST", f"/registry/visit-requests/{asked['number']}/confirmation", None).status == 409
    assert waiting(admin, me), "it still waits"


def test_the_export_has_them(network: Network) -> None:
    me = somebody(network)
    me.ask("POST", "/me/visits", wanted(network))
    assert [one["state"] for one in me.get("/me/export")["visits"]] == ["waiting"]


LATER, LATEST = TODAY + timedelta(days=2), TODAY + timedelta(days=4)


def confirmed(network: Network, me: Me, first: date = LATER, last: date = LATEST) -> int:
    """A visit that the official registered and his agency confirmed."""
    me.ask("POST", "/me/visits", wanted(network, first, last))
    return int(decide(network.person("admin-yinzhou"), me, "confirmation")["visit_id"])


def may_eat(network: Network, me: Me, day: date) -> set[bool]:
    shown = me.get(f"/me/canteens/{network.canteen_id('hangzhou')}?days=7")
    return {meal["may_eat"] for meal in shown["meals"] if meal["day"] == str(day)}


def test_he_takes_a_visit_back_before_it_begins(network: Network) -> None:
    me, other = somebody(network), somebody(network)
    visit_id = confirmed(network, me)
    assert may_eat(network, me, LATER) == {True}
    assert other.refused("POST", "/me/visit-endings", {"visit_id": visit_id}) == "not-found"
    me.ask("POST", "/me/visit-endings", {"visit_id": visit_id})
    assert may_eat(network, me, LATER) == {False}
    assert [one["state"] for one in me.get("/me/visits")] == ["withdrawn"]
    assert me.refused("POST", "/me/visit-endings", {"visit_id": visit_id}) == "not-found"
    query = f"action=end_own_visit&actor=holder/{me.official.holder_id}"
    [noted] = network.approver.call("GET", f"/console/audit-entries?{query}")["items"]
    assert noted["detail"]["first_day"] == str(LATER)
    assert noted["detail"]["ends"] is None
    confirmed(network, me)
    assert may_eat(network, me, LATER) == {True}, "the days are free again"


def test_a_visit_that_runs_is_cut_short_to_today(network: Network) -> None:
    me = somebody(network)
    visit_id = confirmed(network, me, TODAY, LATEST)
    me.ask("POST", "/me/visit-endings", {"visit_id": visit_id})
    [shown] = me.get("/me/visits")
    assert (shown["state"], shown["last_day"]) == ("now", str(TODAY))
    assert may_eat(network, me, LATER) == {False}
    me.ask("POST", "/me/visit-endings", {"visit_id": visit_id})
    [shown] = me.get("/me/visits")
    assert shown["last_day"] == str(TODAY)


def test_his_agency_ends_a_visit_and_he_reads_why(network: Network) -> None:
    me, admin = somebody(network), network.person("admin-yinzhou")
    visit_id = confirmed(network, me)
    path, why = f"/registry/visits/{visit_id}/ending", {"reason": "会议改期"}
    assert network.person("admin-hangzhou").ask("POST", path, why).status == 404, "the host ends nobody's visit"
    assert network.person("finance-yinzhou").ask("POST", path, why).status == 403
    assert admin.ask("POST", path, {"reason": ""}).status == 400
    admin.call("POST", path, why)
    [shown] = me.get("/me/visits")
    assert (shown["state"], shown["answer"], shown["visit_id"]) == ("refused", "会议改期", None)
    assert admin.ask("POST", path, why).status == 404
    listed = admin.call("GET", f"/registry/visits?holder_id={me.official.holder_id}")["items"]
    assert listed == []


def test_what_is_over_is_not_ended(network: Network) -> None:
    me, admin = somebody(network), network.person("admin-yinzhou")
    yesterday = str(TODAY - timedelta(days=1))
    over = {"holder_id": me.official.holder_id, "host_agency_id": network.agency_id("hangzhou")}
    visit_id = admin.call("POST", "/registry/visits", over | {"first_day": yesterday, "last_day": yesterday})[
        "visit_id"
    ]
    assert me.refused("POST", "/me/visit-endings", {"visit_id": visit_id}) == "conflict"
    assert admin.ask("POST", f"/registry/visits/{visit_id}/ending", {"reason": "晚了"}).status == 409
