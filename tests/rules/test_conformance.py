"""The conformance suite against the fake centre: it passes, and where the centre is broken the right cases fail."""

import asyncio
import json
import random
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import json as wire

from conformance.bench import Bench, Result
from conformance.certificate import Certificate, case_ids, certify, doubts, read_certificate, signing_key
from conformance.fake import devices, tills
from conformance.fake import messages as incoming
from conformance.fake.desk import PATHS
from conformance.fake.ledger import Credential, Ledger
from conformance.faults import Fault
from conformance.http_server import Answer, Request, Server
from conformance.judge import judged
from conformance.kit import Kit, make_kit
from conformance.page import vectors_digest
from conformance.suite import GROUPS, Profile, cases_of, run
from conformance.wire import Line
from foundation.calendar import local_date_of
from foundation.catalogue import Explained, Language, text
from onecard.settings import Settings
from terminals import messages
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Pauses, Rejected
from terminals.phone import activate_phone, ask_account, ask_top_up, renew_certificate
from terminals.schemas import EnrolmentSlip
from tests.comparison import answers
from tests.makers_desk import MakersDesk, work

T = TypeVar("T")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MakersDesk]:
    desk = MakersDesk(tmp_path)
    yield desk
    desk.close()


def broken_of(results: Iterator[Result]) -> set[str]:
    return {result.case_id for result in results if result.result != "passed"}


@pytest.mark.parametrize("profile", Profile)
def test_the_fake_centre_passes_every_case(desk: MakersDesk, profile: Profile) -> None:
    results = list(run(desk.url, desk.fresh_kit(), profile, with_slow=False))
    wrong = [(one.case_id, one.note, one.steps[-1:]) for one in results if one.result != "passed"]
    assert wrong == []
    assert sum(len(one.steps) for one in results) > 3 * len(results)


def test_every_case_has_an_id_of_its_own_and_says_where_the_page_has_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "terminal-protocol.md").read_text(encoding="utf-8")
    every = cases_of(Profile.ALL)
    ids = [case.case_id for case in every]
    assert len(ids) == len(set(ids)) > 120
    for profile in Profile:
        assert {case.case_id for case in cases_of(profile)} <= set(ids)
    for case in every:
        heading = case.section if case.section[0].isalpha() else f" {case.section}"
        assert any(line.startswith("#") and heading in line for line in page.splitlines()), case
    for group in {group.name for groups in GROUPS.values() for group in groups} | {"terminal"}:
        for language in Language:
            assert text(f"conformance.group.{group}", language)


def test_the_guide_counts_the_cases() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
    assert f"plays {len(cases_of(Profile.ALL))} cases" in guide
    for fault in Fault:
        assert f"`{fault}`" in guide, fault
    for method, path in PATHS:
        assert re.search(rf"`[A-Z`, ]*{method}\b[A-Z`, ]* {path}\b", guide) or path == "/", path
    settings = re.findall(r"ONECARD_[A-Z_]+", guide)
    assert settings
    assert {one.removeprefix("ONECARD_").lower() for one in settings} <= Settings.model_fields.keys()
    for rule in judged([], 0, [], Profile.TILL):
        assert rule.case_id in guide, rule.case_id


VOIDS = {case.case_id for case in cases_of(Profile.TILL) if case.case_id.startswith("void-")}
CASHIERS = {case.case_id for case in cases_of(Profile.TILL) if case.case_id.startswith("cashier-")}
SHIFTS = {case.case_id for case in cases_of(Profile.TILL) if case.case_id.startswith("shift-")}


@pytest.mark.parametrize(
    ("fault", "path", "fail"),
    [
        ("unsigned", "/terminal/voids", VOIDS | {"body-unknown-member", "body-not-json", "body-types-of-a-void"}),
        ("epoch-wrong", "/terminal/voids", VOIDS | {"body-unknown-member", "body-not-json", "body-types-of-a-void"}),
        (
            "wrong-signature",
            "/terminal/shifts/closings",
            SHIFTS - {"shift-opening", "shift-closing-strict-body", "shift-list-of-requests"},
        ),
        ("altered-body", "/terminal/parameters", {"parameters-conditional", "parameters-version-spelling"}),
        ("error", "/terminal/block-list", {"block-list"}),
        ("replay", "/terminal/keys", {"key-renewal-refused"}),
        ("drop-answer", "/terminal/keys", {"key-renewal-refused"}),
    ],
)
def test_where_the_centre_fails_the_right_cases_do(desk: MakersDesk, fault: str, path: str, fail: set[str]) -> None:
    desk.desk.faults.set(fault, "always", path)
    broken = broken_of(run(desk.url, desk.fresh_kit(), Profile.TILL, with_slow=False))
    assert fail <= broken
    if path.startswith("/terminal/voids"):
        assert {one for one in broken - fail if not one.startswith("page-")} <= SHIFTS | CASHIERS, broken


def _no_counters(_: Credential, __: int) -> None:
    return None


def _no_tombstone(ledger: Ledger) -> Callable[..., Any]:
    void = Ledger.void

    def forgetful(self: Ledger, key: Any, digest: bytes, target: Any, *, in_use: bool) -> Any:
        known = target in self.requests
        answer = void(self, key, digest, target, in_use=in_use)
        if not known:
            self.requests.pop(target, None)
        return answer

    return forgetful


MUTATIONS: list[tuple[object, str, Any, set[str]]] = [
    (
        Credential, "counter_refusal", _no_counters,
        {"card-counters-in-any-order", "card-copied", "code-short-and-long", "vector-counters"},
    ),
    (Ledger, "void", _no_tombstone(Ledger()), {"void-before-the-charge"}),
    (
        incoming, "read_json", lambda body: json.loads(body or b"{}"),
        {"body-equal-keys", "body-depth", "sign-on-strict-body"},
    ),
    (messages, "check_request", lambda *_: None, {"signature-other-signature", "signature-created-out-of-range"}),
    (incoming, "check_epoch", lambda _: None, {"signature-epoch-to-come"}),
    (devices, "is_signing_key", lambda _: True, {"enrolment-weak-key"}),
    (tills, "must_be_till", lambda _: None, {"scale-takes-no-payments"}),
]  # fmt: skip


@pytest.mark.parametrize(("owner", "name", "instead", "fail"), MUTATIONS, ids=[name for _, name, _, _ in MUTATIONS])
def test_a_centre_with_a_mistake_is_found_out(
    desk: MakersDesk, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, instead: Any, fail: set[str]
) -> None:
    monkeypatch.setattr(owner, name, instead)
    broken = broken_of(run(desk.url, desk.fresh_kit(), Profile.ALL, with_slow=False))
    assert fail <= broken
    assert len(broken) < 60, broken


def test_how_a_centre_answers_does_not_depend_on_its_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a comparison with another one, which is faster, says nothing."""
    right, waited_s = time.time, 0.0

    def wait() -> None:
        nonlocal waited_s
        waited_s += pace_s

    monkeypatch.setattr(time, "time", lambda: right() + waited_s)
    tried = []
    for pace_s in (0.0, 1.1):
        desk = MakersDesk(tmp_path / str(pace_s))
        tried.append(answers(Bench(Line(desk.url), desk.fresh_kit()), random.Random(20261127), wait))
        desk.close()
    assert tried[0] == tried[1]


def test_without_a_kit_cases_are_not_run(desk: MakersDesk) -> None:
    results = list(run(desk.url, Kit(), Profile.TILL))
    assert {one.result for one in results} == {"passed", "not_run"}
    assert {one.group for one in results if one.result == "passed"} == {"vectors"}


def test_nobody_there(desk: MakersDesk) -> None:
    kit = desk.fresh_kit()
    desk.close()
    results = list(run(desk.url, kit, Profile.TILL, with_slow=False))
    assert {one.group for one in results if one.result == "passed"} == {"vectors"}


# Certificates


def made(key: Ed25519PrivateKey, **changes: Any) -> Certificate:
    results = [Result("a", "1", "bodies", "passed"), Result("b", "2", "voids", "passed")]
    found = certify(
        results, key, profile=Profile.TILL, subject="centre", software="x 1", address="http://centre.example"
    )
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def test_a_certificate_says_what_passed_and_who_says_so(tmp_path: Path) -> None:
    key = signing_key(tmp_path / "key")
    assert signing_key(tmp_path / "key").private_bytes_raw() == key.private_bytes_raw()
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    certificate = made(key)
    assert certificate.is_genuine()
    assert certificate.is_complete
    assert (certificate.passed, certificate.vectors) == (["a", "b"], vectors_digest())
    (tmp_path / "c.json").write_bytes(wire.format(wire.encode(certificate), indent=4))
    again = read_certificate(tmp_path / "c.json")
    assert again == certificate
    assert again.is_genuine()


@pytest.mark.parametrize(
    "changes",
    [
        {"passed": ["a", "b", "c"]}, {"failed": ["b"]}, {"profile": "scale"}, {"software": "y 2"}, {"made_at": 1},
        {"edition": 3}, {"vectors": "00" * 32}, {"signer": "11" * 32}, {"signature": "00" * 64}, {"signature": ""},
        {"signature": "x"}, {"not_run": [""]}, {"subject": "terminal"}, {"address": "x"}, {"suite": "x"},
        {"program": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_an_altered_certificate_is_not_genuine(changes: dict[str, Any]) -> None:
    assert not made(Ed25519PrivateKey.generate(), **changes).is_genuine()


ODD: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"passed": ["x"]}, "missing_cases other_cases"),
    ({"profile": Profile.SCALE}, "missing_cases other_cases"),
    ({"edition": 99}, "other_edition"),
    ({"vectors": "00" * 32}, "other_vectors"),
    ({"made_at": 2**33}, "in_the_future"),
    ({"failed": ["x"]}, "other_cases not_passed"),
]


@pytest.mark.parametrize(("changes", "expected"), ODD, ids=str)
def test_a_signed_certificate_may_prove_nothing(changes: dict[str, Any], expected: str) -> None:
    every = sorted(case_ids(Profile.TILL, "centre"))
    key = Ed25519PrivateKey.generate()
    found = made(key, **({"passed": every} | changes))
    found.sign(key)
    said = " ".join(one.code.rpartition(".")[2] for one in doubts(found, found.signer, time.time()))
    assert said == expected
    assert doubts(found, None, time.time())[0].code == "conformance.certificate.unknown_signer"


@pytest.mark.parametrize("made_at", [10**15, -(10**12), -1])
def test_an_odd_time_is_told(tmp_path: Path, made_at: int) -> None:
    (tmp_path / "c.json").write_bytes(wire.encode(made(Ed25519PrivateKey.generate(), made_at=made_at)))
    with pytest.raises(Explained):
        read_certificate(tmp_path / "c.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"edition": 2}', '{"edition": true}', "\x00"])
def test_what_is_no_certificate(tmp_path: Path, content: str) -> None:
    (tmp_path / "c.json").write_text(content)
    with pytest.raises(Explained):
        read_certificate(tmp_path / "c.json")


def test_a_file_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    with pytest.raises(Explained):
        signing_key(tmp_path / "key")


# The proxy


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[MakersDesk]:
    desk = MakersDesk(tmp_path, Profile.TILL)
    yield desk
    desk.close()


def test_our_own_client_keeps_to_the_page(proxied: MakersDesk) -> None:
    till = proxied.till()
    assert proxied.proxy is not None
    work(proxied.proxy, till, [proxied.card()])
    results = proxied.proxy.results()
    wrong = [(one.case_id, one.result, one.steps) for one in results if one.result != "passed"]
    assert wrong == []
    assert proxied.proxy.is_done
    assert proxied.proxy.is_complete
    assert len(results) > 20
    assert "software terminal" in proxied.proxy.device


def test_our_own_client_keeps_to_the_page_as_a_scale(tmp_path: Path) -> None:
    desk = MakersDesk(tmp_path, Profile.SCALE)
    assert desk.proxy is not None
    slip = EnrolmentSlip(**desk.kit["scale_slip"])
    scale = Terminal.enrol(desk.url, slip, tmp_path / "scale")
    scale.patience_s = 0.5
    planned = len(desk.proxy.faults)
    for n in range(planned + 2):
        weighed = {"weigh_in_id": str(uuid4()), "business_date": local_date_of(scale.now()), "meal": "lunch"}
        try:
            scale.weigh([weighed | {"stream": "plate", "weight_g": 1_000 + n}])
        except (OutcomeUnknown, Rejected):
            if n != planned:
                scale.resend_unknown()
    while scale.unknown():
        scale.resend_unknown()
    results = desk.proxy.results()
    desk.close()
    assert [(one.case_id, one.result, one.steps) for one in results if one.result != "passed"] == []
    assert desk.proxy.is_complete


def test_a_phone_that_asks_again_with_pauses_keeps_to_the_page(tmp_path: Path) -> None:
    desk = MakersDesk(tmp_path, Profile.PHONE)
    assert desk.proxy is not None
    made, key, pauses = desk.kit["activations"][0], Ed25519PrivateKey.generate(), Pauses()

    def until_known(ask: Callable[[], T]) -> T:
        while True:
            pauses.wait()
            try:
                known = ask()
            except OutcomeUnknown as unknown:
                pauses.failed(unknown.retry_after_s)
            else:
                pauses.succeeded()
                return known

    phone = until_known(lambda: activate_phone(desk.url, made["activation_id"], made["code"], key))
    until_known(lambda: renew_certificate(desk.url, phone))
    until_known(lambda: ask_account(desk.url, phone))
    number = uuid4()
    until_known(lambda: ask_top_up(desk.url, phone, number, 500))
    results = desk.proxy.results()
    is_done = desk.proxy.is_done
    desk.close()
    assert [(one.case_id, one.result, one.steps) for one in results if one.result != "passed"] == []
    assert is_done


class BadTill(Terminal):
    """A till as one should not write it: it takes what comes, does not wait, and writes a charge anew."""

    def _exchange(self, method: str, path: str, request_id: str, body: bytes) -> tuple[int, bytes]:
        session = self._signed_on()
        headers = self._signed(session, method, path, request_id, body)
        for _ in range(6):
            try:
                answer = self._http.request(method, self.url + path, body=body, headers=headers, timeout=0.5)
            except Exception:
                continue
            if answer.status == 401:
                self._session = None
                session = self._signed_on()
                headers = self._signed(session, method, path, request_id, body + b" ")
                body += b" "
                continue
            if answer.status == 503:
                continue
            return answer.status, answer.data
        raise OutcomeUnknown("tried six times")


def test_a_bad_client_is_found_out(proxied: MakersDesk) -> None:
    till = BadTill.enrol(proxied.url, proxied.till_slip(), proxied.folder / "bad")
    till.sign_on()
    card = proxied.card()
    assert proxied.proxy is not None
    for _ in range(len(proxied.proxy.faults) + 2):
        sequence = till._take_sequence()
        message = till._charge_message(sequence, card, "lunch", None)
        body = json.dumps(message).encode()
        with suppress(OutcomeUnknown):
            till._exchange("POST", "/terminal/charges", f"{till.epoch}/{sequence}", body)
    failed = {one.case_id for one in proxied.proxy.results() if one.result == "failed"}
    assert failed >= {
        "terminal-same-body-under-a-number",
        "terminal-signs-on-after-session-ended",
        "terminal-repeats-after-unsigned",
        "terminal-repeats-after-wrong-signature",
        "terminal-repeats-after-altered-body",
        "terminal-repeats-after-replay",
        "terminal-repeats-after-error",
        "terminal-repeats-after-epoch-wrong",
        "terminal-growing-pauses",
        "terminal-keeps-retry-after",
    }
    assert not failed & {"terminal-numbers-ascend", "terminal-signature-profile", "terminal-repeats-after-drop-answer"}


class BelievingTill(Terminal):
    """Checks no answer: takes an outcome once it came so often."""

    sightings = 1

    def _exchange(self, method: str, path: str, request_id: str, body: bytes) -> tuple[int, bytes]:
        session = self._signed_on()
        headers = self._signed(session, method, path, request_id, body) | {"content-type": "application/json"}
        try:
            answer = self._http.request(method, self.url + path, body=body, headers=headers, timeout=0.5)
        except urllib3.exceptions.HTTPError as error:
            raise OutcomeUnknown(str(error)) from None
        if answer.status == 401:
            self._session = None
        if answer.status != 200:
            raise OutcomeUnknown(str(answer.status), retry_after_s=float(answer.headers.get("retry-after", 0)))
        return answer.status, answer.data

    def exchange(self, method: str, path: str, request_id: str, body: bytes = b"") -> tuple[int, bytes]:
        came: list[str] = []
        while True:
            answer = super().exchange(method, path, request_id, body)
            came.append(json.loads(answer[1]).get("outcome"))
            if path != "/terminal/charges" or came.count(came[-1]) >= self.sightings:
                return answer
            time.sleep(0.1 * len(came))


INVENTED = {f"terminal-repeats-after-{one}" for one in ("unsigned", "wrong-signature", "altered-body", "replay")}


@pytest.mark.parametrize(
    ("sightings", "failed"),
    [(1, INVENTED), (2, INVENTED | {"terminal-keeps-final-answers"}), (3, {"terminal-keeps-final-answers"})],
)
def test_a_till_that_checks_no_answer_fails(
    proxied: MakersDesk, monkeypatch: pytest.MonkeyPatch, sightings: int, failed: set[str]
) -> None:
    monkeypatch.setattr(BelievingTill, "sightings", sightings)
    till = BelievingTill.enrol(proxied.url, proxied.till_slip(), proxied.folder / "believing")
    assert proxied.proxy is not None
    work(proxied.proxy, till, [proxied.card()])
    broken = {one.case_id for one in proxied.proxy.results() if one.result == "failed"}
    assert failed <= broken, broken


class ClockBelievingTill(Terminal):
    """Sets its clock by whatever a 401 says, and by nothing else."""

    told_s = 0.0

    @property
    def _clock_ahead_s(self) -> float:
        return self.told_s

    @_clock_ahead_s.setter
    def _clock_ahead_s(self, _: float) -> None:
        """What is signed is nothing to it."""

    def listen(self) -> None:
        """Read every answer."""
        ask = self._http.request

        def request(*given: Any, **named: Any) -> Any:
            answer = ask(*given, **named)
            if answer.status == 401 and "centre_time" in (said := json.loads(answer.data).get("params", {})):
                self.told_s = said["centre_time"] - time.time()
            return answer

        self._http.request = request  # type: ignore[method-assign]


def test_a_till_that_believes_an_unsigned_clock_fails(proxied: MakersDesk) -> None:
    till = ClockBelievingTill.enrol(proxied.url, proxied.till_slip(), proxied.folder / "clock")
    till.listen()
    assert proxied.proxy is not None
    work(proxied.proxy, till, [proxied.card()])
    results = {one.case_id: one.result for one in proxied.proxy.results()}
    assert till.told_s > 60
    assert results.pop("terminal-keeps-its-clock") == "failed"
    assert set(results.values()) == {"passed"}, results


def test_the_proxy_says_what_it_waits_for(proxied: MakersDesk) -> None:
    proxy, till = proxied.proxy, proxied.till()
    assert proxy is not None
    assert any(f"{len(proxy.faults) + 1} new messages" in line for line in proxy.missing), proxy.missing
    till.patience_s = 0.5
    with suppress(OutcomeUnknown):
        till.charge_card(proxied.card(), "lunch")
    with suppress(OutcomeUnknown):
        till.charge_card(proxied.card("visitor"), "lunch")
    assert any(f"{len(proxy.faults) - 1} new messages" in line for line in proxy.missing), proxy.missing
    assert any("outcome of POST /terminal/charges 1/2" in line for line in proxy.missing), proxy.missing
    till.resend_unknown()
    assert not any("outcome of" in line for line in proxy.missing), proxy.missing
    work(proxy, till, [proxied.card()])
    assert proxy.missing == []


def test_growing_pauses_have_bounds(proxied: MakersDesk) -> None:
    assert proxied.proxy is not None
    work(proxied.proxy, proxied.till(), [proxied.card()])
    [pauses] = [one for one in proxied.proxy.results() if one.case_id == "terminal-growing-pauses"]
    assert "0.125 to 0.25 s, 0.25 to 0.5 s, 0.5 to 1 s" in pauses.steps[0].expected


def test_a_certificate_names_the_device_that_worked(proxied: MakersDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, till = proxied.proxy, proxied.till()
    assert proxy is not None
    till.sign_on()
    till.charge_card(proxied.card(), "lunch")
    ours = proxy.device
    assert "software terminal" in ours

    def one_device() -> str:
        return next(one.result for one in proxy.results() if one.case_id == "terminal-one-device")

    till.sign_on()
    assert one_device() == "passed", "another session of the same device"
    other = proxied.till(1)
    with monkeypatch.context() as changed:
        changed.setattr(other, "identity", replace(other.identity, private_key=Ed25519PrivateKey.generate()))
        with suppress(OutcomeUnknown, Rejected):
            other.sign_on()
    assert one_device() == "passed", "the centre refused it"
    other.sign_on()
    assert (one_device(), proxy.device) == ("failed", ours)


def test_a_session_from_before_is_of_nobody(proxied: MakersDesk) -> None:
    till = proxied.till()
    till.url = proxied.centre_url
    till.sign_on()
    till.url = proxied.url
    with suppress(OutcomeUnknown, Rejected):
        till.charge_card(proxied.card(), "lunch")
    assert proxied.proxy is not None
    results = {one.case_id: one.result for one in proxied.proxy.results()}
    assert (results["terminal-one-device"], proxied.proxy.device) == ("failed", "")


def test_a_server_that_ends_answers_what_was_asked() -> None:
    async def slow(_: Request) -> Answer:
        await asyncio.sleep(0.3)
        return Answer(200, {}, b"answered")

    async def run_it() -> bytes:
        server = Server(slow)
        port = await server.start()
        idle, _ = await asyncio.open_connection("127.0.0.1", port)
        asking, out = await asyncio.open_connection("127.0.0.1", port)
        out.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.1)
        await server.finish()
        with suppress(ConnectionResetError):
            assert await idle.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        answer = await asking.read()
        out.close()
        return answer

    answer = asyncio.run(run_it())
    assert answer.endswith(b"answered")
    assert b"connection: close" in answer


@pytest.mark.parametrize("method", ["CONNECT", "GET", "POST"])
@pytest.mark.parametrize(
    "target", ["@127.0.0.1:{port}/secret", "http://127.0.0.1:{port}/secret", ":{port}/secret", "*"]
)
def test_the_proxy_asks_nobody_but_its_centre(proxied: MakersDesk, method: str, target: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.3)
        proxy = urllib3.util.parse_url(proxied.url)
        with socket.create_connection((proxy.host, proxy.port), timeout=60) as line:
            asked = target.format(port=other.getsockname()[1])
            line.sendall(f"{method} {asked} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            assert line.recv(65_536).startswith(b"HTTP/1.1 400 ")
        with pytest.raises(TimeoutError):
            other.accept()


def test_the_proxy_passes_a_target_on_as_it_was_spelled(proxied: MakersDesk) -> None:
    proxy = urllib3.util.parse_url(proxied.url)
    target = "/terminal//parameters/../x?y=%20"
    with socket.create_connection((proxy.host, proxy.port), timeout=60) as line:
        line.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert line.recv(65_536)
    assert proxied.desk.centre.seen[-1].path == target


@pytest.mark.parametrize(
    "url",
    ["http://centre.example", "http://192.0.2.1:8000", "centre.example", "http://127.0.0.1@centre.example", "http://"],
)
def test_passwords_go_in_clear_to_this_machine_only(url: str) -> None:
    with pytest.raises(Explained) as refused:
        make_kit(url, ("centre", "secret"), ("approver", "secret"))
    assert refused.value.code == "conformance.kit.in_clear"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://127.0.0.1:1", "127.0.0.1:1"]
)
def test_a_centre_here_or_under_tls_may_have_passwords(url: str) -> None:
    with pytest.raises(Explained) as refused:
        make_kit(url, ("centre", "secret"), ("approver", "secret"))
    assert refused.value.code == "conformance.kit.unreachable"


def test_of_nothing_nothing_is_said() -> None:
    results = judged([], 0, ["drop-answer"], Profile.TILL)
    assert {one.result for one in results} == {"not_run"}
