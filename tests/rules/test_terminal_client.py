"""The Python terminal and answers that prove nothing: none is final, sets its clock, or puts it out of use."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from tests.makers_desk import MakersDesk

HOUR_S = 3_600


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MakersDesk]:
    desk = MakersDesk(tmp_path)
    yield desk
    desk.close()


def unsigned(status: int, slug: str, **members: Any) -> urllib3.HTTPResponse:
    """What anybody between terminal and centre can write."""
    body = json.dumps({"type": f"/problems/{slug}", "status": status} | members).encode()
    return urllib3.HTTPResponse(body, {"content-type": "application/problem+json"}, status)


class Between:
    """Stands between a terminal and its centre: answers to paths that begin so are invented, as often as is said."""

    def __init__(self, till: Terminal, patch: pytest.MonkeyPatch) -> None:
        self._ask, self._invent, self._path, self._left = till._http.request, unsigned, "", 0
        self.sent: list[tuple[str, bytes]] = []
        self._made: Callable[[], urllib3.HTTPResponse] = lambda: unsigned(500, "internal")
        patch.setattr(till._http, "request", self)

    def invent(self, made: Callable[[], urllib3.HTTPResponse], path: str, times: int = 10**6) -> None:
        """Answer the next messages to a path so."""
        self._made, self._path, self._left = made, path, times

    def __call__(self, method: str, url: str, **given: Any) -> Any:
        path = urllib3.util.parse_url(url).path or ""
        self.sent.append((path, given["body"]))
        if path.startswith(self._path) and self._left:
            self._left -= 1
            return self._made()
        return self._ask(method, url, **given)


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a client makes, which take no time here."""
    pauses: list[float] = []
    monkeypatch.setattr("terminals.client_messages.time.sleep", pauses.append)
    return pauses


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
def test_an_answer_that_calls_itself_signed_is_not(
    desk: MakersDesk, monkeypatch: pytest.MonkeyPatch, paused: list[float], status: int
) -> None:
    till = desk.till()
    till.sign_on()
    between = Between(till, monkeypatch)
    between.invent(lambda: unsigned(status, "invalid", signed=True), "/terminal/charges", 1)
    with pytest.raises(OutcomeUnknown) as unknown:
        till.charge_card(desk.card(), "lunch")
    assert (unknown.value.status, unknown.value.slug) == (status, "invalid")
    assert [answer.outcome for answer in till.resend_unknown()] == ["approved"]
    assert len({body for path, body in between.sent if path == "/terminal/charges"}) == 1


@pytest.mark.parametrize("slug", ["bad-signature", "session-ended", "created-out-of-range", "soup"])
def test_unsigned_401_puts_no_terminal_out_of_use(
    desk: MakersDesk, monkeypatch: pytest.MonkeyPatch, paused: list[float], slug: str
) -> None:
    """It goes on trying, with growing pauses, and works as soon as the centre is there."""
    till = desk.till()
    till.sign_on()
    till._session = None
    between = Between(till, monkeypatch)
    between.invent(lambda: unsigned(401, slug), "/terminal/sessions")
    for _ in range(8):
        with pytest.raises(OutcomeUnknown) as unknown:
            till.charge_card(desk.card(), "lunch")
        assert unknown.value.slug == slug
    # The n-th failure is followed by half to all of 0.25 s x 2^(n - 1), less what has passed since.
    assert len(paused) == 7
    assert [0.25 * 2**n >= pause > 0.1 * 2**n for n, pause in enumerate(paused[:5])] == [True] * 5, paused
    assert till.journal.entries() == []
    between.invent(lambda: unsigned(401, slug), "/nothing")
    assert till.charge_card(desk.card(), "lunch").outcome == "approved"


def test_unsigned_403_and_404_leave_an_enrolment_to_be_repeated(
    desk: MakersDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = urllib3.PoolManager.request
    for status, slug in ((403, "enrolment-refused"), (404, "not-found"), (403, "centre-key-unknown")):
        invented = unsigned(status, slug)
        with monkeypatch.context() as patch:
            patch.setattr(urllib3.PoolManager, "request", lambda *_, made=invented, **__: made)
            with pytest.raises(OutcomeUnknown):
                Terminal.enrol(desk.url, desk.till_slip(), tmp_path / "till")
    assert urllib3.PoolManager.request is asked
    assert Terminal.enrol(desk.url, desk.till_slip(), tmp_path / "till").epoch == 1


@pytest.mark.parametrize("ahead_s", [-30 * HOUR_S, HOUR_S, 10**9])
@pytest.mark.parametrize("path", ["/terminal/charges", "/terminal/sessions", "/terminal/shifts/closings"])
def test_unsigned_401_sets_no_clock(
    desk: MakersDesk, monkeypatch: pytest.MonkeyPatch, paused: list[float], path: str, ahead_s: int
) -> None:
    till = desk.till()
    till.open_shift("c-07", "1")
    between = Between(till, monkeypatch)

    def lie() -> urllib3.HTTPResponse:
        return unsigned(401, "created-out-of-range", params={"centre_time": int(time.time()) + ahead_s})

    between.invent(lie, path, 1)
    if path == "/terminal/sessions":
        till._session = None
        # The lie is believed for one more try, which the real centre refuses.
        with pytest.raises(OutcomeUnknown):
            till.sign_on()
    elif path == "/terminal/charges":
        assert till.charge_card(desk.card(), "lunch").outcome == "approved"
    else:
        with pytest.raises(OutcomeUnknown):
            till.close_shift()
    assert abs(till.now() - time.time()) < 60
    assert till.charge_card(desk.card("visitor"), "lunch").outcome == "approved"
    assert till.close_shift().agree
    assert abs(till.now() - time.time()) < 60


@pytest.mark.parametrize("params", [None, [], {}, {"centre_time": "1"}, {"centre_time": True}, {"centre_time": 1.5}])
def test_a_time_that_is_none(
    desk: MakersDesk, monkeypatch: pytest.MonkeyPatch, paused: list[float], params: object
) -> None:
    till = desk.till()
    Between(till, monkeypatch).invent(
        lambda: unsigned(401, "created-out-of-range", params=params), "/terminal/sessions", 2
    )
    with pytest.raises(OutcomeUnknown):
        till.sign_on()


def test_a_clock_that_is_wrong_is_set_by_the_signed_sign_on(
    desk: MakersDesk, monkeypatch: pytest.MonkeyPatch, paused: list[float]
) -> None:
    till = desk.till()
    desk.desk.faults.skew_s = 5 * HOUR_S
    desk.desk.faults.set("skewed-clock", "always")
    till.sign_on()
    assert abs(till.now() - time.time() - 5 * HOUR_S) < 60
    between = Between(till, monkeypatch)
    till.sign_on()
    assert len(between.sent) == 1, "by the time that it knows"


def test_a_renewal_that_is_refused_leaves_the_old_key_in_force(desk: MakersDesk) -> None:
    till = desk.till()
    former = till.identity.private_key.private_bytes_raw()
    till.renew_key()
    (desk.folder / "till-0" / "next.key").write_bytes(former)
    with pytest.raises(Rejected) as refused:
        till.renew_key()
    assert (refused.value.status, refused.value.slug) == (400, "invalid")
    (desk.folder / "till-0" / "next.key").write_bytes(former)
    till.sign_on()
    assert till.charge_card(desk.card(), "lunch").outcome == "approved"
    assert not (desk.folder / "till-0" / "next.key").exists()


def test_a_renewal_that_is_due_and_unanswered_stops_no_sign_on(
    desk: MakersDesk, monkeypatch: pytest.MonkeyPatch, paused: list[float]
) -> None:
    till = desk.till()
    between = Between(till, monkeypatch)
    between.invent(lambda: unsigned(503, "busy"), "/terminal/keys")
    monkeypatch.setattr("conformance.fake.devices.key_renew_at", lambda _: 0)
    assert till.charge_card(desk.card(), "lunch").outcome == "approved"


def test_after_a_wrong_epoch_it_signs_on_and_goes_by_the_answers(
    desk: MakersDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = desk.till()
    till.sign_on()
    between = Between(till, monkeypatch)
    desk.ask("POST", "/desk/faults", {"fault": "epoch-wrong", "path": "/terminal/charges"})
    with pytest.raises(Rejected) as refused:
        till.charge_card(desk.card(), "lunch")
    assert refused.value.slug == "epoch-wrong"
    assert till.charge_card(desk.card(), "lunch").outcome == "approved"
    assert [path for path, _ in between.sent] == ["/terminal/charges", "/terminal/sessions", "/terminal/charges"]
