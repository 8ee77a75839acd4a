"""Cashiers: sign-on by PIN, its refusals, and whose numbers are whose (section 7.4)."""

from typing import Any

from conformance.bench import APPROVED, RECORDED, Bench, Group, NotReady, ok, problem, refused, voided
from conformance.kit import KitCashier
from conformance.wire import Sent

GROUP = Group("cashiers")

CASHIERS = "/terminal/cashiers"
PIN, OTHER_PIN = "470391", "582614"
TRIES = 5
OFF = ok(outcome="signed_off")
NOBODY = {"cashier": "00000000", "pin": PIN}


def _on(bench: Bench, message: dict[str, Any], number: int | None = None) -> Sent:
    return bench.till.in_session("POST", CASHIERS, message, number)


def _off(bench: Bench, number: int | None = None) -> Sent:
    till = bench.till
    return till.in_session("DELETE", f"{CASHIERS}/current", None, number or till.next_number())


def _issued(bench: Bench, place: int) -> KitCashier:
    if len(bench.kit.cashiers) <= place:
        raise NotReady("cashiers")
    return bench.kit.cashiers[place]


def _message(bench: Bench, place: int = 0) -> dict[str, Any]:
    """A cashier's sign-on; he has chosen a PIN."""
    cashier, known = _issued(bench, place), f"cashier {place}"
    message = {"cashier": cashier.number, "pin": PIN}
    if known not in bench.kept:
        first = {"cashier": cashier.number, "pin": cashier.pin, "new_pin": PIN}
        bench.expect(_on(bench, first), ok(outcome="signed_on"))
        bench.kept[known] = True
    return message


@GROUP.case("cashier-first-pin", "7.4")
def first_pin(bench: Bench) -> None:
    """Who has the PIN of his slip chooses one, which is not among the first that anybody tries."""
    cashier = _issued(bench, 0)
    if "cashier 0" in bench.kept:
        raise NotReady("a cashier with the PIN of his slip")
    first = {"cashier": cashier.number, "pin": cashier.pin}
    bench.expect(_on(bench, first), refused("pin_is_first"))
    for simple in ("777777", "123456", "640208", cashier.pin):
        bench.expect(_on(bench, first | {"new_pin": simple}), refused("pin_too_simple"))
    came = bench.expect(_on(bench, first | {"new_pin": PIN}), ok(outcome="signed_on"))
    bench.kept["cashier 0"] = True
    shown = came.document["cashier"]
    names = {"cashier_id", "name", "language", "may", "until"}
    bench.must("the cashier's members", str(sorted(names)), sorted(shown), names <= set(shown))
    bench.must("until", "later than now", shown["until"], shown["until"] > bench.till.now())
    bench.expect(_on(bench, first), refused("pin_wrong"))


@GROUP.case("cashier-unknown-or-wrong", "7.4")
def unknown_or_wrong(bench: Bench) -> None:
    """One answer to both, which says nothing of who there is."""
    message = _message(bench)
    wrong = bench.expect(_on(bench, message | {"pin": OTHER_PIN}), refused("pin_wrong"))
    unknown = bench.expect(_on(bench, NOBODY), refused("pin_wrong"))
    bench.must("one answer", wrong.body.decode(), unknown.body.decode(), wrong.body == unknown.body)
    bench.expect(_on(bench, message), ok(outcome="signed_on"))


@GROUP.case("cashier-numbers", "7.4")
def numbers(bench: Bench) -> None:
    """A number is used for one message; a repeat gets the first answer, and signs nobody on again."""
    till, message = bench.till, _message(bench)
    number = till.next_number()
    first = bench.expect(_on(bench, message, number), ok(outcome="signed_on")).document["cashier"]
    again = bench.expect(_on(bench, message, number), ok(outcome="signed_on")).document["cashier"]
    bench.must("a repeat", str(first), str(again), first == again)
    for other in (message | {"pin": OTHER_PIN}, NOBODY, message | {"new_pin": OTHER_PIN}):
        bench.expect(_on(bench, other, number), problem(422, "other-content"))
    code = till.paying("lunch") | {"qr": "OC1:CONFORMANCE"}
    bench.expect(till.charge(code, number), problem(422, "other-content"))
    bench.expect(till.void(number, till.next_number()), refused("not_a_charge"))
    opening = {"cashier": "c-07", "drawer": "1", "opened_at": till.now()}
    bench.expect(till.in_session("POST", "/terminal/shifts", opening, number), problem(422, "other-content"))
    charge = till.next_number()
    bench.expect(till.charge(code, charge), refused("credential_invalid"))
    bench.expect(_on(bench, message, charge), problem(422, "other-content"))
    bench.expect(_off(bench, charge), problem(422, "other-content"))
    off = till.next_number()
    bench.expect(_off(bench, off), OFF)
    bench.expect(_off(bench, off), OFF)
    ended = bench.expect(_on(bench, message, number), ok(outcome="signed_on")).document["cashier"]
    bench.must("until, once he is off", "over", ended["until"], ended["until"] <= till.now() + 3)


@GROUP.case("cashier-repeats-are-no-tries", "7.4")
def repeats(bench: Bench) -> None:
    """Whatever is lost on the way locks nobody out."""
    till, message = bench.till, _message(bench)
    number = till.next_number()
    for _ in range(2 * TRIES):
        bench.expect(_on(bench, message | {"pin": OTHER_PIN}, number), refused("pin_wrong"))
    bench.expect(_on(bench, message), ok(outcome="signed_on"))


@GROUP.case("cashier-hand-over", "7.4")
def hand_over(bench: Bench) -> None:
    """Another one takes over within a shift; what he may not do is refused, and a late message changes nothing."""
    till, message, other = bench.till, _message(bench), _message(bench, 1)
    shift = till.next_number()
    opening = {"cashier": message["cashier"], "drawer": "1", "opened_at": till.now()}
    bench.expect(till.in_session("POST", "/terminal/shifts", opening, shift), RECORDED)
    late, earlier = till.next_number(), till.next_number()
    bench.expect(_on(bench, message), ok(outcome="signed_on"))
    paid, _ = bench.pay(bench.card())
    bench.expect(_on(bench, other), ok(outcome="signed_on"))
    bench.pay(bench.card("visitor"), APPROVED)
    bench.expect(_on(bench, message, late), refused("overtaken"))
    bench.expect(_off(bench, earlier), OFF)
    barred = till.next_number()
    bench.expect(till.void(paid, barred), refused("void_not_permitted"))
    bench.expect(_on(bench, message), ok(outcome="signed_on"))
    bench.expect(till.void(paid, barred), refused("void_not_permitted"))
    _, home, _ = bench.fixed_meal
    bench.expect(till.void(paid, till.next_number()), voided(home))
    lost = till.next_number()
    bench.expect(_off(bench), OFF)
    bench.expect(_off(bench), OFF)
    bench.expect(_on(bench, other, lost), refused("overtaken"))


@GROUP.case("cashier-voids-as-nobody", "7.4")
def voids_as_nobody(bench: Bench) -> None:
    """What was taken under a cashier is voided under one who may, and not once nobody is signed on."""
    till, message, other = bench.till, _message(bench), _message(bench, 1)
    _, home, _ = bench.fixed_meal
    bench.expect(_on(bench, other), ok(outcome="signed_on"))
    paid, _ = bench.pay(bench.card())
    bench.expect(_off(bench), OFF)
    bench.expect(till.void(paid, till.next_number()), refused("cashier_missing"))
    bench.expect(_on(bench, message), ok(outcome="signed_on"))
    bench.expect(_off(bench), OFF)
    bench.expect(till.void(paid, till.next_number()), refused("cashier_missing"))
    till.begin_session()
    bench.expect(till.void(paid, till.next_number()), refused("cashier_missing"))
    bench.expect(_on(bench, message), ok(outcome="signed_on"))
    bench.expect(till.void(paid, till.next_number()), voided(home))


@GROUP.case("cashier-ends-with-the-session", "7.4")
def ends_with_session(bench: Bench) -> None:
    """A till that was restarted asks for the PIN again."""
    till, message = bench.till, _message(bench)
    number = till.next_number()
    bench.expect(_on(bench, message, number), ok(outcome="signed_on"))
    till.begin_session()
    came = bench.expect(_on(bench, message, number), ok(outcome="signed_on"))
    ended = came.document["cashier"]["until"]
    bench.must("until, in the next session", "over", ended, ended <= till.now() + 3)


@GROUP.case("cashier-lock", "7.4")
def lock(bench: Bench) -> None:
    """After five wrong PINs in a row the right one does not count either, and the answer is the same."""
    cashier = _issued(bench, 2)
    if "cashier 2" in bench.kept:
        raise NotReady("a cashier who is not locked")
    bench.kept["cashier 2"] = True
    first = {"cashier": cashier.number, "pin": cashier.pin, "new_pin": PIN}
    wrong = first | {"pin": "000001" if cashier.pin != "000001" else "000002"}
    for _ in range(TRIES):
        bench.expect(_on(bench, wrong), refused("pin_wrong"))
    bench.expect(_on(bench, first), refused("pin_wrong"))


@GROUP.case("cashier-strict-body", "7.4")
def strict_body(bench: Bench) -> None:
    """No other types, spellings or members."""
    good = {"cashier": "1042", "pin": PIN}
    for changes in (
        {"pin": 470391}, {"pin": "47039"}, {"pin": "4703912"}, {"pin": "47039１"}, {"pin": "470391\n"}, {"pin": None},
        {"new_pin": None}, {"new_pin": "1"}, {"cashier": "12"}, {"cashier": "123456789"}, {"cashier": "c-07"},
        {"cashier": 1042}, {"name": "x"},
    ):  # fmt: skip
        bench.expect(_on(bench, good | changes), problem(400, "invalid"))
    bench.expect(_on(bench, {"cashier": "1042"}), problem(400, "invalid"))


@GROUP.case("cashier-voids-what-sheets-took", "9.2")
def voids_sheet_payments(bench: Bench) -> None:
    """Nobody takes back what a sheet took without a cashier; a number that nobody paid under is told, and kept out."""
    till, sheet_voids = bench.till, "/terminal/sheet-voids"
    wanted = {"short_number": "000000000000", "reason": "conformance"}
    bench.expect(_off(bench), OFF)
    bench.expect(till.in_session("POST", sheet_voids, wanted), refused("cashier_missing"))
    bench.expect(_on(bench, _message(bench)), ok(outcome="signed_on"))
    for _ in range(2):
        bench.expect(till.in_session("POST", sheet_voids, wanted), problem(409, "conflict"))
    for changes in ({"short_number": "12345"}, {"short_number": "7F3A2G"}, {"reason": ""}, {"reason": "x" * 101}):
        bench.expect(till.in_session("POST", sheet_voids, wanted | changes), problem(400, "invalid"))
    bench.expect(_off(bench), OFF)


@GROUP.case("cashier-of-no-scale", "7.4")
def no_scale(bench: Bench) -> None:
    """A scale has no cashier."""
    scale = bench.scale
    bench.expect(scale.in_session("POST", CASHIERS, NOBODY), problem(403, "not-allowed"))
    sent = scale.in_session("DELETE", f"{CASHIERS}/current", None, scale.next_number())
    bench.expect(sent, problem(403, "not-allowed"))
