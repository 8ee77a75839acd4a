"""The fake centre on a maker's desk: the whole protocol without a database, and every fault by its switch."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.faults import Fault, Faults
from foundation.calendar import local_date_of
from foundation.catalogue import Explained
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.phone import activate_phone, ask_account, ask_top_up, renew_certificate
from terminals.schemas import EnrolmentSlip
from tests.makers_desk import MakersDesk


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[MakersDesk]:
    desk = MakersDesk(tmp_path)
    yield desk
    desk.close()


def test_a_day_at_the_desk(bench: MakersDesk) -> None:
    till, card, visitor = bench.till(), bench.card(), bench.card("visitor")
    till.open_shift("c-07", "1")
    assert [till.charge_card(one, "lunch").outcome for one in (card, visitor)] == ["approved", "approved"]
    assert till.charge_card(card, "dinner", 1_200).outcome == "approved"
    assert till.charge_card(card, "dinner").reason == "amount_missing"
    assert till.charge_card(bench.card("poor"), "lunch").reason == "insufficient_funds"
    assert till.charge_card(card, "lunch", purchased_at=till.now() - 400).outcome == "approved"
    assert till.void(1, 2).reversed_fen == 1_000
    assert till.void(1, 2).reversed_fen == 0
    closed = till.close_shift()
    [day] = closed.days
    assert (closed.agree, day.online, day.stored, day.reversals) == (True, 3, 1, 1)
    assert till.find_differences() == []


def test_a_phone_at_the_desk(bench: MakersDesk) -> None:
    till, made = bench.till(), bench.kit["activations"][0]
    phone = activate_phone(bench.url, made["activation_id"], made["code"])
    shown = [phone.show_short_code(canteen_id=till.canteen_id), phone.show_code()]
    assert [till.charge_code(code, "lunch").outcome for code in shown] == ["approved", "approved"]
    assert till.charge_code(shown[0], "lunch").reason == "already_used"
    assert till.charge_code(phone.show_short_code(canteen_id=till.canteen_id + 1), "lunch").reason == "wrong_canteen"
    renew_certificate(bench.url, phone)
    assert len(ask_account(bench.url, phone).payments) == 2


def test_the_desk_plays_a_card_and_a_phone(bench: MakersDesk) -> None:
    till = bench.till()
    tapped = bench.ask("POST", "/desk/taps", {"challenge": "A" * 22})
    assert tapped["counter"] == 1
    assert len(tapped["mac"]) == 22
    for path in ("/desk/code", "/desk/code?long"):
        shown = bench.ask("GET", path)
        assert till.charge_code(shown["code"], "lunch").outcome == "approved"
        assert type(shown["credential_id"]) is int
    picture = urllib3.request("GET", f"{bench.url}/desk/code.svg", timeout=30)
    assert picture.data.lstrip().startswith(b"<svg")
    begin = bench.ask("GET", "/")
    assert begin["slip"].keys() == set(EnrolmentSlip.__struct_fields__)
    assert [one["checked"] for one in begin["messages"]][-1] != []


def test_a_top_up_is_paid_at_the_desk(bench: MakersDesk) -> None:
    made = bench.kit["activations"][0]
    phone = activate_phone(bench.url, made["activation_id"], made["code"])
    number, before = uuid4(), ask_account(bench.url, phone).cash_fen
    order = ask_top_up(bench.url, phone, number, 5_000)
    assert order.pay_url is not None
    bench.ask("GET", order.pay_url.removeprefix(bench.url))
    assert ask_top_up(bench.url, phone, number, 5_000).state == "paid"
    assert ask_account(bench.url, phone).cash_fen == before + 5_000


def test_two_cards_of_one_number(bench: MakersDesk) -> None:
    till, card, copy = bench.till(), bench.card(), bench.card()
    assert till.charge_card(card, "lunch").outcome == "approved"
    assert till.charge_card(copy, "lunch").reason == "already_used"
    assert till.charge_card(card, "lunch").reason == "card_blocked"
    assert till.refresh_block_list() == 1


def test_a_device_is_replaced(bench: MakersDesk) -> None:
    old, card = bench.till(), bench.card()
    assert old.charge_card(card, "lunch").outcome == "approved"
    for fault in ("drop-answer", "drop-request"):
        bench.ask("POST", "/desk/faults", {"fault": fault, "path": "/terminal/charges"})
        with pytest.raises(OutcomeUnknown):
            old.charge_card(card, "lunch")
    slip = bench.ask("POST", "/desk/slips", {"replaces_terminal_id": old.identity.terminal_id})
    new = Terminal.enrol(bench.url, EnrolmentSlip(**slip), bench.folder / "till-0")
    assert (new.identity.terminal_id, new.epoch) == (old.identity.terminal_id, 2)
    assert old.charge_card(bench.card("visitor"), "lunch").reason == "terminal_out_of_use", "its session is still known"
    resent = new.resend_unknown()
    assert [(one.outcome, one.reason) for one in resent] == [("approved", None), ("refused", "terminal_out_of_use")]
    assert [new.void(1, number).reversed_fen for number in (1, 2, 3)] == [1_000, 1_000, 0]
    with pytest.raises(Rejected) as early:
        new.exchange("POST", "/terminal/voids", "3/1", b'{"target_epoch":1,"target_sequence":1}')
    assert early.value.slug == "epoch-wrong"
    gone_by = time.monotonic() + 60

    def charge_until_it_is_gone() -> None:
        while time.monotonic() < gone_by:
            old.charge_card(bench.card("visitor"), "lunch")

    with pytest.raises(OutcomeUnknown) as gone:
        charge_until_it_is_gone()
    assert (gone.value.status, gone.value.slug) == (401, "bad-signature")


def test_a_terminal_is_revoked_and_comes_back_with_another_slip(bench: MakersDesk) -> None:
    till, card = bench.till(), bench.card()
    number = till.identity.terminal_id
    assert till.charge_card(card, "lunch").outcome == "approved"
    before = bench.ask("POST", "/desk/slips", {"replaces_terminal_id": number})
    assert bench.ask("POST", "/desk/revocations", {"terminal_id": number}) == {"revoked": number}
    assert till.charge_card(card, "lunch").reason == "terminal_out_of_use"
    with pytest.raises(OutcomeUnknown):
        till.sign_on()
    with pytest.raises(Rejected) as refused:
        Terminal.enrol(bench.url, EnrolmentSlip(**before), bench.folder / "too-late")
    assert refused.value.slug == "enrolment-refused"
    slip = bench.ask("POST", "/desk/slips", {"replaces_terminal_id": number})
    again = Terminal.enrol(bench.url, EnrolmentSlip(**slip), bench.folder / "again")
    assert (again.identity.terminal_id, again.epoch) == (number, 2)
    assert again.charge_card(bench.card("visitor"), "lunch").outcome == "approved"


def test_the_log_has_utc_and_the_reason_and_the_base_that_does_not_fit(bench: MakersDesk) -> None:
    till = bench.till()
    till.sign_on()
    seen = bench.desk.centre.seen
    assert abs(datetime.fromisoformat(seen[-1].at).timestamp() - time.time()) < 60
    assert seen[-1].at.endswith("Z")
    assert (seen[-1].reason, seen[-1].base) == ("", "")
    session = till._session
    assert session is not None
    body = b'{"meal":"lunch"}'
    fields = till._signed(session, "POST", "/terminal/charges", "1/9", body)
    for name, value in (("host", "other.example"), ("onecard-request", "1/8")):
        urllib3.request("POST", f"{bench.url}/terminal/charges", body=body, headers=fields | {name: value}, timeout=30)
        assert (seen[-1].status, seen[-1].result) == (401, "bad-signature")
        assert "The signature does not match the message" in seen[-1].reason
        assert [value in line for line in seen[-1].base.splitlines() if line.startswith(('"@aut', '"onec'))].count(
            True
        ) == 1
        assert f'"content-digest": {fields["content-digest"]}' in seen[-1].base
    urllib3.request("POST", f"{bench.url}/terminal/charges", body=b"{}", headers=fields, timeout=30)
    assert "Content-Digest" in seen[-1].reason
    assert seen[-1].base == ""
    till.identity = replace(till.identity, private_key=Ed25519PrivateKey.generate())
    with pytest.raises(OutcomeUnknown):
        till.sign_on()
    assert '"@path": /terminal/sessions' in seen[-1].base
    assert bench.ask("GET", "/desk/messages")[-1]["base"] == seen[-1].base


def test_the_announced_key_is_the_one_that_is_rotated_to(bench: MakersDesk) -> None:
    till = bench.till()
    for fault in ("announced-key", "rotated-key", "rotated-key"):
        bench.ask("POST", "/desk/faults", {"fault": fault})
        till.refresh_parameters()
    begins = [key.valid_from for key in till.parameters.centre_keys]
    assert [key.version for key in till.parameters.centre_keys] == [1, 2, 3]
    assert begins == sorted(begins)
    assert begins[1] <= time.time() + 1
    till.sign_on()
    assert till.charge_card(bench.card(), "lunch").outcome == "approved"


def test_a_holder_has_five_open_orders_at_most(bench: MakersDesk) -> None:
    phones = [activate_phone(bench.url, made["activation_id"], made["code"]) for made in bench.kit["activations"][:2]]
    orders = [ask_top_up(bench.url, phones[0], uuid4(), 100) for _ in range(5)]
    with pytest.raises(Rejected) as refused:
        ask_top_up(bench.url, phones[0], uuid4(), 100)
    assert (refused.value.status, refused.value.slug) == (429, "too-many-tries")
    assert ask_top_up(bench.url, phones[0], orders[0].order_id, 100).state == "open"
    assert ask_top_up(bench.url, phones[1], uuid4(), 100).state == "open", "each holder's own"
    assert orders[0].pay_url is not None
    bench.ask("GET", orders[0].pay_url.removeprefix(bench.url))
    assert ask_top_up(bench.url, phones[0], uuid4(), 100).state == "open"


def test_weights_far_from_the_usual_are_told(bench: MakersDesk) -> None:
    scale = Terminal.enrol(bench.url, EnrolmentSlip(**bench.kit["scale_slip"]), bench.folder / "scale")

    def weigh(*weights: int, meal: str = "lunch") -> list[bool]:
        sent = [
            {
                "weigh_in_id": str(uuid4()), "business_date": str(local_date_of(scale.now())), "meal": meal,
                "stream": "plate", "weight_g": weight,
            }
            for weight in weights
        ]  # fmt: skip
        scale.weigh(sent)
        answer = json.loads(scale.journal.latest(1)[0].answer or b"")
        return [one["weigh_in_id"] in answer["implausible"] for one in sent]

    assert weigh(*[1_000] * 9, 2_000_000) == [False] * 10, "nothing is usual before ten are known"
    assert weigh(*[1_000] * 10, meal="dinner") == [False] * 10
    assert weigh(5_000, 5_001, 20, 19, meal="dinner") == [False, True, False, True]


UNKNOWN_AFTER = [
    (Fault.DROP_REQUEST, 0), (Fault.DROP_ANSWER, 1), (Fault.BUSY, 0), (Fault.ERROR, 1), (Fault.WRONG_SIGNATURE, 1),
    (Fault.ALTERED_BODY, 1), (Fault.REPLAY, 1),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "posted"), UNKNOWN_AFTER)
def test_after_a_fault_the_outcome_is_unknown_and_a_repeat_learns_it(
    bench: MakersDesk, fault: Fault, posted: int
) -> None:
    till, card = bench.till(), bench.card()
    till.sign_on()
    bench.ask("POST", "/desk/faults", {"fault": fault, "path": "/terminal/charges"})
    with pytest.raises(OutcomeUnknown):
        till.charge_card(card, "lunch")
    assert len(bench.desk.centre.ledger.requests) == posted
    assert [answer.outcome for answer in till.resend_unknown()] == ["approved"]
    assert len(bench.desk.centre.ledger.requests) == 1


def test_late_answers(bench: MakersDesk) -> None:
    till = bench.till()
    till.sign_on()
    till.patience_s = 0.3
    bench.ask("POST", "/desk/faults", {"fault": "late"})
    with pytest.raises(OutcomeUnknown):
        till.charge_card(bench.card(), "lunch")
    till.patience_s = None
    assert [answer.outcome for answer in till.resend_unknown()] == ["approved"]


def test_a_session_that_ends_and_a_clock_that_is_ahead(bench: MakersDesk) -> None:
    till = bench.till()
    for fault, card in (("session-ended", bench.card()), ("skewed-clock", bench.card("visitor"))):
        bench.ask("POST", "/desk/faults", {"fault": fault, "path": "/terminal/charges"})
        assert till.charge_card(card, "lunch").outcome == "approved"
    assert "skewed-clock" in bench.desk.centre.seen[-3].faults


def test_a_wrong_epoch_is_final(bench: MakersDesk) -> None:
    till = bench.till()
    bench.ask("POST", "/desk/faults", {"fault": "epoch-wrong", "path": "/terminal/charges"})
    with pytest.raises(Rejected) as refused:
        till.charge_card(bench.card(), "lunch")
    assert refused.value.slug == "epoch-wrong"
    assert till.unknown() == []


def test_prices_keys_and_cards_change(bench: MakersDesk) -> None:
    till, card = bench.till(), bench.card()
    assert till.price_fen(card, "lunch") == 1_000
    bench.ask("POST", "/desk/faults", {"fault": "changed-prices"})
    assert till.refresh_parameters()
    assert till.price_fen(card, "lunch") == 1_100
    paid = till.charge_card(card, "lunch").receipt
    assert paid is not None
    assert paid.amount_fen == 1_100
    bench.ask("POST", "/desk/faults", {"fault": "announced-key"})
    till.refresh_parameters()
    assert till.centre_keys.keys() == {1, 2}
    assert till._centre_key_in_use()[0] == 1
    bench.ask("POST", "/desk/faults", {"fault": "rotated-key"})
    till.refresh_parameters()
    till.sign_on()
    till.renew_key()
    till.sign_on()
    bench.ask("POST", "/desk/faults", {"fault": "blocked-card", "path": "/terminal/charges"})
    assert till.charge_card(card, "lunch").reason == "card_blocked"
    assert till.refresh_block_list() == 1


def test_a_share_of_the_messages(bench: MakersDesk) -> None:
    till, card = bench.till(), bench.card()
    till.sign_on()
    bench.ask("POST", "/desk/faults", {"fault": "busy", "when": "1.0", "path": "/terminal/charges"})
    till._pauses.wait = lambda: None  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            till.charge_card(card, "lunch")
    assert bench.ask("DELETE", "/desk/faults") == {}
    assert [answer.outcome for answer in till.resend_unknown()] == ["approved"] * 3


@pytest.mark.parametrize("text", ["nonsense", "late=twice", "late=0", "late=1.5", "late=nan", ""])
def test_a_switch_that_is_none(text: str) -> None:
    with pytest.raises(Explained):
        Faults().read(text)


def test_a_switch_has_name_path_and_time() -> None:
    faults = Faults()
    for text in ("drop-answer", "late@/terminal/charges=always", "busy=0.5"):
        faults.read(text)
    assert faults.shown() == {
        "drop-answer": {"when": "once", "path": "/"},
        "late": {"when": "always", "path": "/terminal/charges"},
        "busy": {"when": 0.5, "path": "/"},
    }
    assert [faults.strikes(Fault.DROP_ANSWER, "/x") for _ in range(2)] == [True, False]
    assert [faults.strikes(Fault.LATE, path) for path in ("/terminal/voids", "/terminal/charges")] == [False, True]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 200),
        ({"host": "localhost:8200"}, 200),
        ({"host": "[::1]"}, 200),
        ({"origin": "ours"}, 200),
        ({"host": "rebound.example"}, 403),
        ({"host": "rebound.example:8100"}, 403),
        ({"host": "127.0.0.1.example"}, 403),
        ({"host": ""}, 403),
        ({"host": "[::1"}, 403),
        ({"origin": "https://page.example"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"origin": "null"}, 403),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/desk/kit"), ("POST", "/desk/slips"), ("DELETE", "/desk/faults")]
)
def test_no_web_page_asks_at_the_desk(
    bench: MakersDesk, method: str, path: str, fields: dict[str, str], status: int
) -> None:
    """The page of another origin, or of a name that was made to mean this machine (DNS rebinding)."""
    headers = {name: bench.url if value == "ours" else value for name, value in fields.items()}
    answer = urllib3.request(method, bench.url + path, headers=headers, retries=False, timeout=30)
    assert answer.status == status, answer.data


def test_the_protocol_itself_has_whatever_name_it_is_given(bench: MakersDesk) -> None:
    headers = {"host": "centre.example", "origin": "https://page.example"}
    answer = urllib3.request("GET", f"{bench.url}/terminal/block-list/0", headers=headers, timeout=30)
    assert answer.status == 401
