"""The rules as people and terminals meet them, over HTTP."""

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from settlement.region_rules import today
from terminals.client import Terminal
from terminals.schemas import Answer
from tests.builders import Network, Official
from tests.running_system import Person

HANGZHOU, NINGBO = 3301, 3302


@pytest.fixture
def till(network: Network, tmp_path: Path) -> Terminal:
    return network.terminal(tmp_path)


def problem(person: Person, path: str, message: dict[str, Any], status: int, slug: str) -> str:
    answer = person.ask("POST", path, message)
    document = answer.json()
    assert (answer.status, document["type"]) == (status, f"/problems/{slug}"), document
    return str(document["detail"])


def paid(answer: Answer) -> tuple[int, int, int]:
    assert answer.outcome == "approved", answer
    assert answer.receipt is not None
    return answer.receipt.cash_fen, answer.receipt.subsidy_fen, answer.receipt.host_fen


def visit(network: Network, official: Official, host: str, *, days: int = 1) -> None:
    message = {
        "holder_id": official.holder_id,
        "host_agency_id": network.agency_id(host),
        "first_day": str(today()),
        "last_day": str(today() + timedelta(days=days - 1)),
    }
    network.centre.call("POST", "/registry/visits", message)


def test_four_meals_a_period_and_no_fifth(network: Network, till: Terminal) -> None:
    card = network.card(network.official())
    answers = [till.charge_card(card, "lunch") for _ in range(5)]
    assert [a.outcome for a in answers] == ["approved"] * 4 + ["refused"]
    assert answers[-1].reason == "meals_exceeded"
    assert till.charge_card(card, "dinner").outcome == "approved", "dinner is another meal"


def test_a_voided_meal_may_be_eaten_after_all(network: Network, till: Terminal) -> None:
    card = network.card(network.official())
    for _ in range(4):
        till.charge_card(card, "lunch")
    last = till.journal.highest_sequence(till.epoch)
    assert till.void(till.epoch, last).outcome == "voided"
    assert till.charge_card(card, "lunch").outcome == "approved"


def test_the_days_limit_counts_all_canteens(network: Network, tmp_path: Path) -> None:
    yuyao = network.terminal(tmp_path, "yuyao")
    card = network.card(network.official("yuyao", cash_fen=100_000))
    for meal in ("lunch", "lunch", "lunch", "lunch", "dinner", "dinner"):
        assert yuyao.charge_card(card, meal, 4_900).outcome == "approved"
    answer = yuyao.charge_card(card, "dinner", 700)
    assert (answer.outcome, answer.reason) == ("refused", "day_limit_exceeded")
    assert yuyao.charge_card(card, "dinner", 600).outcome == "approved", "up to 300 yuan"


def test_a_visitor_eats_once_as_the_guest_of_his_host(network: Network, till: Terminal) -> None:
    guest = network.official("hangzhou", cash_fen=10_000)
    card = network.card(guest)
    answer = _working_meal(till, card)
    assert answer.reason == "no_working_meal", "without a visit"
    visit(network, guest, "yinzhou")
    assert paid(_working_meal(till, card)) == (0, 0, 4_000)
    assert network.purses(guest) == (10_000, 0)
    assert _working_meal(till, card).reason == "no_working_meal", "one a visit"
    assert paid(till.charge_card(card, "dinner")) == (4_000, 0, 0), "the next one he pays himself"


def test_a_voided_working_meal_can_be_had_again(network: Network, till: Terminal) -> None:
    guest = network.official("hangzhou")
    card = network.card(guest)
    visit(network, guest, "yinzhou")
    assert paid(_working_meal(till, card)) == (0, 0, 4_000)
    answer = till.void(till.epoch, till.journal.highest_sequence(till.epoch))
    assert (answer.outcome, answer.reversed_fen) == ("voided", 4_000)
    assert paid(_working_meal(till, card)) == (0, 0, 4_000)


def test_nobody_is_his_own_agencys_guest(network: Network, till: Terminal) -> None:
    assert _working_meal(till, network.card(network.official("yinzhou"))).reason == "no_working_meal"


def _working_meal(till: Terminal, card: Any) -> Answer:
    return till.charge_card(card, "lunch", working_meal=True)


def test_where_only_visits_entitle_a_visitor_needs_one(network: Network, tmp_path: Path) -> None:
    """Hangzhou receives, for a moment, nobody without a visit."""
    host = network.terminal(tmp_path, "hangzhou")
    guest, own = network.official("city"), network.official("hangzhou")
    card, own_card = network.card(guest), network.card(own)
    network.centre.call("POST", f"/settlement/rules/{HANGZHOU}", {"visitors": "visit"})
    try:
        host.sign_on()
        assert host.charge_card(card, "lunch").reason == "not_entitled"
        assert host.charge_card(own_card, "lunch").outcome == "approved", "own officials always may"
        visit(network, guest, "hangzhou")
        assert paid(host.charge_card(card, "lunch")) == (2_500, 0, 0)
    finally:
        network.centre.call("POST", f"/settlement/rules/{HANGZHOU}", {"visitors": "agreement"})
        # Others count this canteen's covers.
        for entry in host.journal.entries("approved"):
            host.void(entry.epoch, entry.sequence)


def test_a_price_holds_from_tomorrow_on_at_the_earliest(network: Network) -> None:
    finance = network.person("finance-yuyao")
    tariff = {"canteen_id": network.canteen_id("yuyao"), "meal": "breakfast", "home_fen": 450, "visitor_fen": 1_000}
    problem(finance, "/settlement/tariffs", tariff | {"valid_from": str(today())}, 400, "invalid")
    day = today() + timedelta(days=1 + secrets.randbelow(3_000))
    finance.call("POST", "/settlement/tariffs", tariff | {"valid_from": str(day)})
    problem(finance, "/settlement/tariffs", tariff | {"valid_from": str(day)}, 409, "conflict")
    problem(finance, "/settlement/tariffs", tariff | {"valid_from": str(day), "limit_fen": 900}, 400, "invalid")
    stranger = network.person("finance-city")
    problem(stranger, "/settlement/tariffs", tariff | {"valid_from": str(day)}, 403, "not-allowed")


def test_what_changes_a_price_waits_for_tomorrow(network: Network) -> None:
    problem(network.centre, f"/settlement/rules/{HANGZHOU}", {"visitor_cap": "none"}, 400, "invalid")
    problem(network.centre, f"/settlement/rules/{HANGZHOU}", {"valid_from": "2024-06-01"}, 400, "invalid")
    problem(network.centre, "/settlement/rules/77", {"meals_max": 3}, 404, "not-found")
    problem(network.person("finance-city"), f"/settlement/rules/{HANGZHOU}", {"meals_max": 3}, 403, "not-allowed")


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("at home", {"host_agency_id": "yinzhou"}),
        ("the last day before the first", {"last_day": "2026-01-01", "first_day": "2026-01-02"}),
        ("too long", {"first_day": "2026-01-01", "last_day": "2026-04-01"}),
    ],
)
def test_a_visit_that_is_none(network: Network, case: str, change: dict[str, Any]) -> None:
    message = {
        "holder_id": network.official("yinzhou", cash_fen=0).holder_id,
        "host_agency_id": network.agency_id("city"),
        "first_day": "2026-01-01",
        "last_day": "2026-01-02",
    } | change
    if message["host_agency_id"] == "yinzhou":
        message["host_agency_id"] = network.agency_id("yinzhou")
    problem(network.centre, "/registry/visits", message, 400, "invalid")


def _payment(network: Network, till: Terminal, *, cash_fen: int, subsidy_fen: int) -> tuple[Official, str]:
    official = network.official(cash_fen=cash_fen, subsidy_fen=subsidy_fen)
    answer = till.charge_card(network.card(official), "lunch")
    assert answer.receipt is not None
    return official, answer.receipt.number


def _refund(payment: str, amount_fen: int) -> dict[str, Any]:
    return {"posting_id": str(uuid4()), "payment": payment, "amount_fen": amount_fen, "reason": "served cold"}


def test_refunds_go_back_where_the_money_came_from_and_never_beyond(network: Network, till: Terminal) -> None:
    official, payment = _payment(network, till, cash_fen=5_000, subsidy_fen=600)
    assert network.purses(official) == (4_600, 0), "600 from the subsidy, 400 in cash"
    finance = network.person("finance-yinzhou")
    first = _refund(payment, 500)
    expected = {"cash_fen": 400, "subsidy_fen": 100, "host_fen": 0}
    assert finance.call("POST", "/settlement/refunds", first) == expected
    assert finance.call("POST", "/settlement/refunds", first) == expected, "a repeat gives nothing more"
    assert network.purses(official) == (5_000, 100)
    assert "还可退5.00元" in problem(finance, "/settlement/refunds", _refund(payment, 501), 409, "more-than-paid")
    problem(finance, "/settlement/refunds", first | {"amount_fen": 400}, 422, "other-content")
    finance.call("POST", "/settlement/refunds", _refund(payment, 500))
    assert network.purses(official) == (5_000, 600)
    problem(finance, "/settlement/refunds", _refund(payment, 1), 409, "more-than-paid")
    answer = till.void(till.epoch, till.journal.highest_sequence(till.epoch))
    assert answer.reason == "already_refunded"


def test_a_refund_is_the_canteens_to_give(network: Network, till: Terminal) -> None:
    _, payment = _payment(network, till, cash_fen=5_000, subsidy_fen=0)
    problem(network.person("finance-city"), "/settlement/refunds", _refund(payment, 100), 403, "not-allowed")
    problem(network.centre, "/settlement/refunds", _refund(str(uuid4()), 100), 404, "not-found")


def test_a_voided_payment_has_nothing_left_to_refund(network: Network, till: Terminal) -> None:
    _, payment = _payment(network, till, cash_fen=5_000, subsidy_fen=0)
    till.void(till.epoch, till.journal.highest_sequence(till.epoch))
    problem(network.centre, "/settlement/refunds", _refund(payment, 1), 409, "more-than-paid")


def test_closing_an_account_pays_out_and_lets_nothing_more_happen(network: Network, till: Terminal) -> None:
    official = network.official(cash_fen=5_000, subsidy_fen=700)
    card = network.card(official)
    closure = {"posting_id": str(uuid4()), "holder_id": official.holder_id}
    expected = {"holder_id": official.holder_id, "cash_fen": 5_000, "subsidy_fen": 700}
    assert network.with_approval(network.centre, "/console/closures", closure) == expected
    assert network.centre.call("POST", "/console/closures", closure) == expected, "a repeat pays nothing more"
    assert network.purses(official) == (0, 0)
    assert till.charge_card(card, "lunch").reason == "card_blocked"
    problem(network.centre, "/console/closures", closure | {"posting_id": str(uuid4())}, 409, "account-closed")
    deposit = {"posting_id": str(uuid4()), "holder_id": official.holder_id, "amount_fen": 100}
    top_up = {"agency_id": official.agency_id, "deposits": [deposit]}
    problem(network.centre, "/settlement/top-ups", top_up, 409, "account-closed")


def test_a_lost_cards_money_is_on_the_new_one(network: Network, till: Terminal) -> None:
    official = network.official(cash_fen=5_000, subsidy_fen=700)
    lost = network.card(official)
    wanted = {"credential_id": lost.file.credential_id, "uid": f"04{secrets.token_hex(6)}", "reason": "lost"}
    problem(network.person("admin-city"), "/console/cards/replacements", wanted, 403, "not-allowed")
    replaced = network.person("admin-yinzhou").call("POST", "/console/cards/replacements", wanted)
    assert (replaced["cash_fen"], replaced["subsidy_fen"]) == (5_000, 700)
    found = network.card_of(replaced["card"])
    assert till.charge_card(lost, "lunch").reason == "card_blocked"
    assert paid(till.charge_card(found, "lunch")) == (300, 700, 0)
    problem(network.centre, "/console/cards/replacements", wanted, 409, "conflict")
    problem(network.centre, "/console/cards/replacements", wanted | {"credential_id": 7}, 404, "not-found")


def test_prices_can_be_looked_up(network: Network) -> None:
    canteen = network.canteen_id("hangzhou")
    shown = network.person("kitchen-city").call("GET", f"/settlement/tariffs?canteen_id={canteen}")["items"]
    lunch = {"meal": "lunch", "valid_from": "2024-01-01", "home_fen": 1_500, "visitor_fen": 2_500, "limit_fen": None}
    assert {"book": HANGZHOU, "canteen_id": canteen, "mode": "fixed", **lunch} in shown
    one = network.centre.call("GET", f"/settlement/tariffs/{HANGZHOU}/{canteen}/lunch/2024-01-01")
    assert one["home_fen"] == 1_500
    assert network.centre.ask("GET", f"/settlement/tariffs/{HANGZHOU}/7/lunch/2024-01-01").status == 404


def test_an_agency_says_which_purse_pays_first(network: Network, tmp_path: Path) -> None:
    yuyao = network.terminal(tmp_path, "yuyao")
    official = network.official("yuyao", cash_fen=5_000, subsidy_fen=5_000)
    card = network.card(official)
    order = {"agency_id": network.agency_id("yuyao"), "purse_order": "cash_first"}
    problem(network.person("finance-city"), "/settlement/purse-orders", order, 403, "not-allowed")
    finance = network.person("finance-yuyao")
    assert paid(yuyao.charge_card(card, "lunch", 1_000)) == (0, 1_000, 0)
    finance.call("POST", "/settlement/purse-orders", order)
    try:
        yuyao.sign_on()
        assert paid(yuyao.charge_card(card, "lunch", 1_000)) == (1_000, 0, 0)
    finally:
        finance.call("POST", "/settlement/purse-orders", order | {"purse_order": "subsidy_first"})


def test_agreements_begin_and_end_by_date(network: Network) -> None:
    path = f"/settlement/agreements/{NINGBO}"
    present = {"guest_book": HANGZHOU, "valid_from": "2024-01-01"}
    last = today() + timedelta(days=9_000)
    later = {"guest_book": HANGZHOU, "valid_from": str(last), "valid_to": None}

    def listed() -> Any:
        return network.centre.call("GET", f"/settlement/agreements?book={NINGBO}&limit=500")["items"]

    network.centre.call("POST", path, present | {"valid_to": str(last)})
    assert {"book": NINGBO, **present, "valid_to": str(last)} in listed()
    assert "2024-01-01" in problem(network.centre, path, later, 400, "invalid")
    first = last + timedelta(days=1 + secrets.randbelow(90_000))
    once = {"guest_book": HANGZHOU, "valid_from": str(first), "valid_to": str(first)}
    network.centre.call("POST", path, once)
    assert {"book": NINGBO, **once} in listed()
    problem(network.centre, path, once | {"valid_from": "2026-01-01"}, 400, "invalid")
    problem(network.centre, path, once | {"guest_book": NINGBO}, 400, "invalid")
    problem(network.centre, path, once | {"guest_book": 77}, 404, "not-found")
    problem(network.person("finance-city"), path, once, 403, "not-allowed")


def test_the_ledger_still_holds(network: Network) -> None:
    """After all of the above: both kinds of refunds, working meals, voids and closures."""
    report = network.system.command("verify").stdout
    assert "FAIL" not in report, report
