"""Charges, cards, codes and voids (sections 2, 6 and 7)."""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.bench import APPROVED, Bench, Group, NotReady, ok, problem, refused, voided
from conformance.page import vectors
from terminals.devices import SoftwarePhone
from terminals.phone_keys import P256_ORDER, SIGNATURE_BYTES
from terminals.qr import base45_decode, base45_encode
from terminals.schemas import to_text

CHARGES, CARDS, CODES, VOIDS = Group("charges"), Group("cards"), Group("codes"), Group("voids")

WINDOW = 256
NOT_A_CODE = {"qr": "OC1:CONFORMANCE"}


@CHARGES.case("charge-by-card", "6")
def by_card(bench: Bench) -> None:
    """A card pays the price that the parameters show, and the receipt says so."""
    _, home, _ = bench.fixed_meal
    _, came = bench.pay(bench.card())
    receipt = came.document.get("receipt", {})
    members = {
        "number", "amount_fen", "cash_fen", "subsidy_fen", "host_fen", "cash_balance_fen", "subsidy_balance_fen",
        "business_date", "posted_at", "note",
    }  # fmt: skip
    bench.must("receipt", "all members", sorted(members - receipt.keys()), members <= receipt.keys())
    bench.must("amount_fen", str(home), receipt["amount_fen"], receipt["amount_fen"] == home)
    parts = receipt["cash_fen"] + receipt["subsidy_fen"] + receipt["host_fen"]
    bench.must("the parts", str(home), parts, parts == home)


@CHARGES.case("charge-by-a-visitor", "5.1")
def by_a_visitor(bench: Bench) -> None:
    """A visitor pays the visitors' price."""
    _, _, visitor = bench.fixed_meal
    _, came = bench.pay(bench.card("visitor"))
    paid = came.document["receipt"]["amount_fen"]
    bench.must("amount_fen", str(visitor), paid, paid == visitor)


@CHARGES.case("charge-repeated", "2")
def repeated(bench: Bench) -> None:
    """A repeat posts nothing more and gets the first answer, also after a new sign-on."""
    till, number = bench.till, bench.till.next_number()
    meal, _, _ = bench.fixed_meal
    message = till.tapped(bench.card(), number, till.paying(meal))
    first = bench.expect(till.charge(message, number), APPROVED)
    again = bench.expect(till.charge(message, number), APPROVED)
    bench.must("the same receipt", first.body.decode(), again.body.decode(), first.body == again.body)
    till.begin_session()
    later = bench.expect(till.charge(message, number), APPROVED)
    bench.must("after a new sign-on", first.body.decode(), later.body.decode(), first.body == later.body)


@CHARGES.case("charge-repeated-at-once", "2")
def repeated_at_once(bench: Bench) -> None:
    """The same message on eight connections at once is one payment."""
    till, number = bench.till, bench.till.next_number()
    meal, _, _ = bench.fixed_meal
    sent = till.charge(till.tapped(bench.card(), number, till.paying(meal)), number)
    came = bench.line.ask_at_once(sent, 8)
    for one in came:
        bench.judge(str(sent), APPROVED, one)
    bodies = {one.body for one in came}
    bench.must("the answers", "one", len(bodies), len(bodies) == 1)


@CHARGES.case("charge-sent-after-a-new-sign-on", "6.1")
def after_sign_on(bench: Bench) -> None:
    """A card that was challenged in a session that has ended pays under the numbers of then."""
    till, number = bench.till, bench.till.next_number()
    meal, _, _ = bench.fixed_meal
    message = till.tapped(bench.card(), number, till.paying(meal))
    till.begin_session()
    bench.expect(till.charge(message, number), APPROVED)


@CHARGES.case("charge-other-content", "6")
def other_content(bench: Bench) -> None:
    """A number is never used for two bodies; the first answer stays."""
    till, number = bench.till, bench.till.next_number()
    message = till.paying("lunch") | NOT_A_CODE
    bench.expect(till.charge(message, number), refused("credential_invalid"))
    bench.expect(till.charge(message | {"qr": "OC1:ANOTHER"}, number), problem(422, "other-content"))
    bench.expect(till.charge(message, number), refused("credential_invalid"))


@CHARGES.case("charge-numbers-out-of-order", "2")
def out_of_order(bench: Bench) -> None:
    """Numbers need not arrive in order."""
    till = bench.till
    first, second, third = (till.next_number() for _ in range(3))
    meal, _, _ = bench.fixed_meal
    for number in (third, first, second):
        bench.expect(till.charge(till.tapped(bench.card(), number, till.paying(meal)), number), APPROVED)


@CHARGES.case("charge-refusal-is-final", "6")
def refusal_is_final(bench: Bench) -> None:
    """Who has no money is refused, and stays refused under this number."""
    till, number = bench.till, bench.till.next_number()
    meal, _, _ = bench.fixed_meal
    message = till.tapped(bench.card("poor"), number, till.paying(meal))
    first = bench.expect(till.charge(message, number), refused("insufficient_funds"))
    again = bench.expect(till.charge(message, number), refused("insufficient_funds"))
    bench.must("the same answer", first.body.decode(), again.body.decode(), first.body == again.body)
    texts = {"title_zh", "title_en", "advice_zh", "advice_en"}
    bench.must("texts", str(sorted(texts)), sorted(first.document), texts <= first.document.keys())


@CHARGES.case("charge-amount-where-the-price-is-fixed", "6")
def price_fixed(bench: Bench) -> None:
    """The cashier enters no amount where the tariff has one."""
    till, number = bench.till, bench.till.next_number()
    meal, home, _ = bench.fixed_meal
    message = till.tapped(bench.card(), number, till.paying(meal, home))
    bench.expect(till.charge(message, number), refused("price_fixed"))


@CHARGES.case("charge-amount-by-the-cashier", "6")
def entered_amount(bench: Bench) -> None:
    """Where the tariff leaves it to the cashier: an amount is needed, up to the limit."""
    free = bench.free_meal
    if free is None:
        raise NotReady("a meal whose amount the cashier enters")
    meal, limit = free
    till = bench.till
    for amount, want in ((None, refused("amount_missing")), (limit + 1, refused("limit_exceeded")), (1, APPROVED)):
        number = till.next_number()
        bench.expect(till.charge(till.tapped(bench.card(), number, till.paying(meal, amount)), number), want)


@CHARGES.case("charge-time-of-purchase", "6")
def time_of_purchase(bench: Bench) -> None:
    """Within 24 h back and 300 s ahead, else too late."""
    till = bench.till
    meal, _, _ = bench.fixed_meal
    for at in (till.now() - 86_500, till.now() + 400):
        number = till.next_number()
        message = till.tapped(bench.card(), number, till.paying(meal, purchased_at=at))
        bench.expect(till.charge(message, number), refused("too_late"))


@CHARGES.case("charge-late-payments", "6.4")
def late(bench: Bench) -> None:
    """As many late payments as the parameters say, and no more."""
    till = bench.till
    assert till.parameters is not None
    most, fen = till.parameters.offline.payments_max, till.parameters.offline.amount_max_fen
    meal, home, _ = bench.fixed_meal
    if most is None or most > 10 or (fen is not None and fen < (most + 1) * home):
        raise NotReady("a small limit on late payments")
    for want in [APPROVED] * most + [refused("late_limit_exceeded")]:
        number, at = till.next_number(), till.now() - 600
        message = till.tapped(bench.card(), number, till.paying(meal, purchased_at=at))
        bench.expect(till.charge(message, number), want)


@CHARGES.case("charge-card-or-code", "6")
def card_or_code(bench: Bench) -> None:
    """Exactly one of them."""
    till, number = bench.till, bench.till.next_number()
    both = till.tapped(bench.card(), number, till.paying("lunch")) | NOT_A_CODE
    bench.expect(till.charge(both, number), problem(400, "invalid"))
    bench.expect(till.charge(till.paying("lunch")), problem(400, "invalid"))


@CHARGES.case("charge-working-meal-at-home", "6")
def working_meal(bench: Bench) -> None:
    """The host pays for visitors alone."""
    till, number = bench.till, bench.till.next_number()
    meal, _, _ = bench.fixed_meal
    message = till.tapped(bench.card(), number, till.paying(meal) | {"working_meal": True})
    bench.expect(till.charge(message, number), refused("no_working_meal"))


@CHARGES.case("charge-sale-lines-refused", "6.5")
def lines_refused(bench: Bench) -> None:
    """Lines that do not explain the amount, or of other types: those of the page."""
    for case in vectors()["sale_lines"]["refused"]:
        members = {name: value for name, value in case.items() if name != "why"}
        bench.expect(bench.till.charge(bench.till.paying("lunch") | NOT_A_CODE | members), problem(400, "invalid"))


@CHARGES.case("charge-sale-lines", "6.5")
def sale_lines(bench: Bench) -> None:
    """Lines that add up are taken with the payment; the same number with other lines is another content."""
    till = bench.till
    for case in vectors()["sale_lines"]["accepted"]:
        sent = till.charge(till.paying("lunch") | NOT_A_CODE | case)
        bench.expect(sent, refused("credential_invalid"))
    if bench.free_meal is None:
        raise NotReady("a meal whose amount the cashier enters")
    meal, number = bench.free_meal[0], till.next_number()
    soup = {"article": "例汤", "portions": 1, "unit_price_fen": 2, "amount_fen": 2}
    message = till.tapped(bench.card(), number, till.paying(meal, 2)) | {"lines": [soup]}
    bench.expect(till.charge(message, number), APPROVED)
    bench.expect(till.charge(message, number), APPROVED)
    other = message | {"lines": [soup | {"take_away": True}]}
    bench.expect(till.charge(other, number), problem(422, "other-content"))


# Cards


@CARDS.case("card-answer-for-another-payment", "6.1")
def another_payment(bench: Bench) -> None:
    """A card's answer pays for the meal, time and amount that it was challenged with."""
    till = bench.till
    meal, _, _ = bench.fixed_meal
    for changes in ({"purchased_at": till.now() - 5}, {"meal": "breakfast" if meal != "breakfast" else "dinner"},
                    {"amount_fen": 777}, {"working_meal": True}):  # fmt: skip
        number = till.next_number()
        message = till.tapped(bench.card(), number, till.paying(meal)) | changes
        bench.expect(till.charge(message, number), refused("credential_invalid"))


@CARDS.case("card-answer-under-another-number", "6.1")
def another_number(bench: Bench) -> None:
    """A challenge is one number's."""
    till = bench.till
    meal, _, _ = bench.fixed_meal
    number, other = till.next_number(), till.next_number()
    message = till.tapped(bench.card(), number, till.paying(meal))
    bench.expect(till.charge(message, other), refused("credential_invalid"))
    bench.expect(till.charge(message, number), APPROVED)


@CARDS.case("card-challenge-of-another-terminal", "6.1")
def another_terminal(bench: Bench) -> None:
    """A challenge is one terminal's, whatever session it names."""
    till, other = bench.till, bench.other
    meal, _, _ = bench.fixed_meal
    number = till.next_number()
    message = other.tapped(bench.card(), number, till.paying(meal))
    bench.expect(till.charge(message, number), refused("credential_invalid"))
    for session_id in (till.open_session.session_id, to_text(bytes(range(16)))):
        number = till.next_number()
        message = other.tapped(bench.card(), number, till.paying(meal))
        message["card"]["session_id"] = session_id
        bench.expect(till.charge(message, number), refused("credential_invalid"))


@CARDS.case("card-altered-file", "6.1")
def altered_file(bench: Bench) -> None:
    """The file is part of the card's key."""
    till = bench.till
    meal, _, _ = bench.fixed_meal
    for member, value in (("agency_id", 999_999), ("holder_id", 999_999), ("credential_id", 999_999),
                          ("key_version", 255), ("uid", "04000000000001"), ("counter", 77_777)):  # fmt: skip
        number = till.next_number()
        message = till.tapped(bench.card(), number, till.paying(meal))
        message["card"][member] = value
        bench.expect(till.charge(message, number), refused("credential_invalid"))


@CARDS.case("card-uid-in-capitals", "6.1")
def capitals(bench: Bench) -> None:
    """A reader prints the UID in either case."""
    till, number = bench.till, bench.till.next_number()
    meal, _, _ = bench.fixed_meal
    message = till.tapped(bench.card(), number, till.paying(meal))
    message["card"]["uid"] = message["card"]["uid"].upper()
    bench.expect(till.charge(message, number), APPROVED)


@CARDS.case("card-counters-in-any-order", "6.1")
def counters(bench: Bench) -> None:
    """Each pays once, in any order, within 255 of the highest; one below is too low."""
    card = bench.card()
    highest = card.counter + 400
    for counter, want in (
        (highest, APPROVED),
        (highest - 1, APPROVED),
        (highest - WINDOW + 1, APPROVED),
        (highest - WINDOW, refused("counter_too_low")),
    ):
        bench.pay(card, want, counter=counter)
    card.counter = highest


@CARDS.case("card-a-refused-payment-uses-no-counter", "6.1")
def no_counter(bench: Bench) -> None:
    """What was refused may be tried again under the same counter."""
    till, card, number = bench.till, bench.card(), bench.till.next_number()
    meal, home, _ = bench.fixed_meal
    message = till.tapped(card, number, till.paying(meal, home))
    bench.expect(till.charge(message, number), refused("price_fixed"))
    bench.pay(card, counter=card.counter)


@CARDS.case("card-copied", "6.1")
def copied(bench: Bench) -> None:
    """A genuine answer under a counter that has paid shows two cards of one number: it is blocked at once."""
    till, card = bench.till, bench.card("copied")
    bench.pay(card)
    bench.pay(card, refused("already_used"), counter=card.counter)
    bench.pay(card, refused("card_blocked"))
    until = time.monotonic() + 8
    version = 0
    while time.monotonic() < until:
        came = bench.expect(till.in_session("GET", "/terminal/block-list/0"), ok())
        version = int(came.fields["onecard-block-list"])
        changes = came.document["changes"]
        while not came.document["complete"]:
            came = bench.expect(till.in_session("GET", f"/terminal/block-list/{came.document['version']}"), ok())
            changes += came.document["changes"]
        if version >= came.document["version"]:
            break
        time.sleep(0.5)
    latest = [one["blocked"] for one in changes if one["credential_id"] == card.file.credential_id]
    bench.must("the block list", "has the card", latest[-1:], latest[-1:] == [True])
    bench.must(
        "Onecard-Block-List", f"at least {came.document['version']}", version, version >= came.document["version"]
    )


# Codes


def _phones(bench: Bench) -> list[SoftwarePhone]:
    return [bench.phone("ed25519"), bench.phone("ecdsa-p256-sha256")]


def _canteen(bench: Bench) -> int:
    assert bench.till.parameters is not None
    return bench.till.parameters.canteen.canteen_id


def _read(bench: Bench, code: str) -> dict[str, object]:
    meal, _, _ = bench.fixed_meal
    return bench.till.paying(meal) | {"qr": code}


@CODES.case("code-short-and-long", "6.2")
def short_and_long(bench: Bench) -> None:
    """Each pays once, of phones with either kind of key."""
    here = _canteen(bench)
    for phone in _phones(bench):
        for code in (phone.show_short_code(canteen_id=here), phone.show_code(canteen_id=here), phone.show_short_code()):
            bench.expect(bench.till.charge(_read(bench, code)), APPROVED)
            bench.expect(bench.till.charge(_read(bench, code)), refused("already_used"))


@CODES.case("code-fresh-for-a-minute", "6.2")
def fresh(bench: Bench) -> None:
    """From 15 s before its issue to 60 s after it."""
    for phone in _phones(bench):
        for age_s in (75, -30, 7 * 86_400):
            for show in (phone.show_short_code, phone.show_code):
                bench.expect(bench.till.charge(_read(bench, show(at=time.time() - age_s))), refused("qr_expired"))
        bench.expect(bench.till.charge(_read(bench, phone.show_short_code(at=time.time() - 45))), APPROVED)


@CODES.case("code-for-another-canteen", "6.2")
def another_canteen(bench: Bench) -> None:
    """A code pays at its canteen alone."""
    here = _canteen(bench)
    for phone in _phones(bench):
        for show in (phone.show_short_code, phone.show_code):
            bench.expect(bench.till.charge(_read(bench, show(canteen_id=here + 1))), refused("wrong_canteen"))
        hidden = phone.show_short_code(canteen_id=here + 2**24 - 1)
        bench.expect(bench.till.charge(_read(bench, hidden)), refused("credential_invalid"))


@CODES.case("code-late", "6.4")
def late_code(bench: Bench) -> None:
    """Late, a code for any canteen pays nothing, and a short one only within ten minutes."""
    phone, here = bench.phone("ed25519"), _canteen(bench)
    for show, canteen_id, age_s in (
        (phone.show_short_code, None, 300),
        (phone.show_code, None, 300),
        (phone.show_short_code, here, 700),
    ):
        at = int(time.time()) - age_s
        late = _read(bench, show(at=at, canteen_id=canteen_id)) | {"purchased_at": at}
        bench.expect(bench.till.charge(late), refused("qr_expired"))
    at = int(time.time()) - 300
    late = _read(bench, phone.show_short_code(at=at, canteen_id=here)) | {"purchased_at": at}
    bench.expect(bench.till.charge(late), APPROVED)


@CODES.case("code-limit", "6.2")
def limit(bench: Bench) -> None:
    """No more than the phone allowed; exactly so much pays."""
    _, home, _ = bench.fixed_meal
    for phone in _phones(bench):
        for show in (phone.show_short_code, phone.show_code):
            less = show(limit_fen=home - 1)
            bench.expect(bench.till.charge(_read(bench, less)), refused("code_limit_exceeded"))
        bench.expect(bench.till.charge(_read(bench, phone.show_short_code(limit_fen=home))), APPROVED)


@CODES.case("code-not-genuine", "6.2")
def not_genuine(bench: Bench) -> None:
    """Signed by others, altered, or no code at all."""
    phone, other = _phones(bench)
    key = Ed25519PrivateKey.generate()
    stolen = SoftwarePhone(key, phone.certificate, 1_000, reference=phone.reference)
    unknown = SoftwarePhone(phone.key, phone.certificate, 1_000, reference=b"nobody")
    swapped = SoftwarePhone(phone.key, other.certificate, 1_000, reference=other.reference)
    short, long = phone.show_short_code(), phone.show_code()
    codes = [
        stolen.show_short_code(), stolen.show_code(), unknown.show_short_code(), swapped.show_short_code(),
        swapped.show_code(), short + "\n", short[:-1], short.lower(), long + "A", "OC1:", "OC2:", "OC3:" + short[4:],
        "", "https://example.com/", "OC2:" + "A" * 126, "OC1:" + "A" * 391, _flipped(long), _flipped(short),
    ]  # fmt: skip
    for code in codes:
        bench.expect(bench.till.charge(_read(bench, code)), refused("credential_invalid"))
    for code in (short, long):
        bench.expect(bench.till.charge(_read(bench, code)), APPROVED)


def _flipped(code: str) -> str:
    """The same code with another bit in its last byte."""
    data = bytearray(base45_decode(code[4:]))
    data[-1] ^= 1
    return code[:4] + base45_encode(bytes(data))


@CODES.case("code-second-signature", "9.1")
def second_signature(bench: Bench) -> None:
    """Nobody can write an ECDSA signature in a second way."""
    phone = bench.phone("ecdsa-p256-sha256")
    for code in (phone.show_short_code(), phone.show_code()):
        data = base45_decode(code[4:])
        body, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        other = (P256_ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
        second = code[:4] + base45_encode(body + signature[:32] + other)
        bench.expect(bench.till.charge(_read(bench, second)), refused("credential_invalid"))
        bench.expect(bench.till.charge(_read(bench, code)), APPROVED)


# Voids


@VOIDS.case("void-shown-with-the-payment", "7.3")
def by_ending(bench: Bench) -> None:
    """A till finds what its canteen was paid by the end of the number, and whether it was voided since."""
    till = bench.till
    number, came = bench.pay(bench.card())
    receipt = came.document["receipt"]
    ending = receipt["number"][-12:]
    meal, _, _ = bench.fixed_meal
    paid = {"number": receipt["number"], "channel": "card", "meal": meal, "amount_fen": receipt["amount_fen"]}
    paid |= {"paid_at": receipt["posted_at"], "business_date": receipt["business_date"]}
    for device, asked in ((till, ending), (till, ending.upper()), (till, ending[-6:]), (bench.other, ending)):
        listed = bench.expect(device.in_session("GET", f"/terminal/payments/{asked}"), ok()).document["payments"]
        mine = [one for one in listed if one["number"] == receipt["number"]]
        bench.must("the payment", str(paid | {"voided": False}), mine, mine == [paid | {"voided": False}])
    bench.expect(till.void(number), ok(outcome="voided"))
    listed = bench.expect(till.in_session("GET", f"/terminal/payments/{ending}"), ok()).document["payments"]
    bench.must("voided", str([paid | {"voided": True}]), listed, listed == [paid | {"voided": True}])
    for wrong in ("12345", ending + "0", "7F3A2G"):
        bench.expect(till.in_session("GET", f"/terminal/payments/{wrong}"), problem(400, "invalid"))


@CHARGES.case("payer-by-initial", "7.3")
def by_initial(bench: Bench) -> None:
    """A till is told the first character of whom it has just charged; another till is told nothing."""
    till = bench.till
    _, came = bench.pay(bench.card())
    ending = came.document["receipt"]["number"][-12:]
    for asked in (ending, ending.upper()):
        told = bench.expect(till.in_session("GET", f"/terminal/payers/{asked}"), ok()).document
        bench.must("one character", "initial", told, len(told["initial"]) == 1)
    told = bench.expect(bench.other.in_session("GET", f"/terminal/payers/{ending}"), ok()).document
    bench.must("nobody", "{}", told, "initial" not in told)
    for wrong in ("12345", ending + "0", "7F3A2G"):
        bench.expect(till.in_session("GET", f"/terminal/payers/{wrong}"), problem(400, "invalid"))


@VOIDS.case("void-of-a-payment", "7")
def of_a_payment(bench: Bench) -> None:
    """It gives back once; the payment's repeat says that it was."""
    till = bench.till
    meal, home, _ = bench.fixed_meal
    number = till.next_number()
    message = till.tapped(bench.card(), number, till.paying(meal))
    bench.expect(till.charge(message, number), APPROVED)
    void = till.next_number()
    came = bench.expect(till.void(number, void), voided(home))
    bench.must("business_date", "a day", came.document.get("business_date"), "business_date" in came.document)
    bench.expect(till.void(number, void), voided(home))
    bench.expect(till.void(number), voided(0))
    bench.expect(till.charge(message, number), ok(outcome="approved", reversed_fen=home))


@VOIDS.case("void-before-the-charge", "7")
def before_the_charge(bench: Bench) -> None:
    """A charge that was voided before it arrives is never posted."""
    till = bench.till
    meal, _, _ = bench.fixed_meal
    number = till.next_number()
    message = till.tapped(bench.card(), number, till.paying(meal))
    came = bench.expect(till.void(number), voided(0))
    bench.must("business_date", "none", came.document.get("business_date"), "business_date" not in came.document)
    bench.expect(till.charge(message, number), ok(outcome="voided"))
    bench.expect(till.charge(till.paying(meal) | {"qr": "OC1:ANOTHER"}, number), ok(outcome="voided"))


@VOIDS.case("void-of-a-refusal", "7")
def of_a_refusal(bench: Bench) -> None:
    """Nothing was posted, nothing is given back; the refusal stays."""
    till, number = bench.till, bench.till.next_number()
    message = till.paying("lunch") | NOT_A_CODE
    bench.expect(till.charge(message, number), refused("credential_invalid"))
    bench.expect(till.void(number), voided(0))
    bench.expect(till.charge(message, number), refused("credential_invalid"))


@VOIDS.case("void-of-a-void", "7")
def of_a_void(bench: Bench) -> None:
    """A void cannot be voided."""
    till, number = bench.till, bench.till.next_number()
    void = till.next_number()
    bench.expect(till.void(number, void), voided(0))
    bench.expect(till.void(void), refused("not_a_charge"))


@VOIDS.case("void-of-later-numbers", "7")
def of_later(bench: Bench) -> None:
    """The target is an earlier request."""
    till = bench.till
    for ahead in (0, 1, 1_000):
        number = till.next_number()
        bench.expect(till.void(number + ahead, number), problem(400, "invalid"))
    message = {"target_epoch": till.open_session.epoch + 1, "target_sequence": 1}
    bench.expect(till.in_session("POST", "/terminal/voids", message), problem(400, "invalid"))


@VOIDS.case("void-other-content", "7")
def void_other_content(bench: Bench) -> None:
    """A void's number is good for one target, and for no charge."""
    till, first, second = bench.till, bench.till.next_number(), bench.till.next_number()
    void = till.next_number()
    bench.expect(till.void(first, void), voided(0))
    bench.expect(till.void(second, void), problem(422, "other-content"))
    message = till.paying("lunch") | NOT_A_CODE
    bench.expect(till.charge(message, void), problem(422, "other-content"))


@VOIDS.case("void-of-another-terminal", "7")
def of_another(bench: Bench) -> None:
    """A terminal's numbers are its own: another one's payment is not touched."""
    till, other = bench.till, bench.other
    meal, _, _ = bench.fixed_meal
    number = till.next_number()
    message = till.tapped(bench.card(), number, till.paying(meal))
    bench.expect(till.charge(message, number), APPROVED)
    bench.expect(other.void(number, number + 1_000_000), voided(0))
    came = bench.expect(till.charge(message, number), APPROVED)
    bench.must("reversed_fen", "none", came.document.get("reversed_fen"), "reversed_fen" not in came.document)
