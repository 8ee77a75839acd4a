"""Message signatures: another implementation agrees, and nothing altered passes."""

import time
from typing import Any

import http_sf
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.problems import Problem
from terminals import signatures
from terminals.client_messages import authority_of
from terminals.signatures import (
    check_answer,
    check_request,
    ed25519_signer,
    ed25519_verifier,
    hmac_signer,
    hmac_verifier,
    read_signature,
    sign_answer,
    sign_request,
)

KEY = bytes(range(32))
BODY = b'{"meal":"lunch"}'
PATH = "/terminal/charges"
AUTHORITY = "centre.example"
NOW = 1_763_870_000


def signed(**changes: Any) -> dict[str, str]:
    arguments: dict[str, Any] = {
        "authority": AUTHORITY,
        "request_id": "1/7",
        "created": NOW,
        "key_id": "s" * 22,
        "sign": hmac_signer(KEY),
    } | changes
    return sign_request("POST", PATH, BODY, **arguments)


def check(
    headers: dict[str, str], *, method: str = "POST", path: str = PATH, body: bytes = BODY, key: bytes = KEY
) -> None:
    check_request(read_signature(method, path, headers, body, in_session=True), hmac_verifier(hmac_signer(key)), NOW)


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, key: Any) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> Any:
        return self._key

    def resolve_private_key(self, key_id: str) -> Any:
        return self._key


def test_another_implementation_verifies_a_holders_own_request() -> None:
    private = Ed25519PrivateKey.generate()
    headers = sign_request(
        "GET", "/me/movements", b"", authority=AUTHORITY, created=int(time.time()), key_id="phone",
        sign=ed25519_signer(private), query="?month=2026-11&limit=20", certificate="A" * 300,
    )  # fmt: skip
    prepared = requests.Request("GET", f"https://{AUTHORITY}/me/movements?month=2026-11&limit=20").prepare()
    prepared.headers.update(headers)
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=_Keys(private.public_key()))
    [result] = verifier.verify(prepared)
    assert set(result.covered_components) == {
        '"@method"', '"@authority"', '"@path"', '"@query"', '"content-digest"', '"onecard-certificate"',
        '"@signature-params"',
    }  # fmt: skip


@pytest.mark.parametrize("in_session", [True, False])
def test_another_implementation_verifies_our_request(in_session: bool) -> None:
    private = Ed25519PrivateKey.generate()
    if in_session:
        headers, algorithm, key = signed(created=int(time.time())), algorithms.HMAC_SHA256, KEY
    else:
        headers = signed(request_id="", created=int(time.time()), sign=ed25519_signer(private))
        algorithm, key = algorithms.ED25519, private.public_key()  # type: ignore[assignment]
    request = requests.Request("POST", f"https://centre.example{PATH}", data=BODY, headers=headers).prepare()
    [result] = HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=_Keys(key)).verify(request)
    assert '"content-digest"' in result.covered_components


def test_our_header_fields_are_structured_fields() -> None:
    headers = signed()
    for name in ("signature-input", "signature", "content-digest"):
        assert http_sf.parse(headers[name].encode(), tltype="dictionary")


def test_an_honest_request_passes() -> None:
    check(signed())


@pytest.mark.parametrize(
    "change",
    [
        {"method": "DELETE"},
        {"path": "/terminal/voids"},
        {"body": b'{"meal":"dinner"}'},
        {"key": bytes(32)},
    ],
)
def test_a_signature_fits_nothing_else(change: dict[str, Any]) -> None:
    with pytest.raises(Problem) as refused:
        check(signed(), **change)
    assert refused.value.kind.slug == "bad-signature"


@pytest.mark.parametrize("field", ["host", "signature", "signature-input", "content-digest", "onecard-request"])
def test_every_field_is_needed(field: str) -> None:
    headers = signed()
    del headers[field]
    with pytest.raises(Problem):
        check(headers)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("onecard-request", "1/8"),
        ("host", "other.example"),
        ("host", "CENTRE.example"),
        ("host", "centre.example:443"),
        ("host", "centre.example, centre.example"),
        ("signature-input", 'onecard=();created=1763870000;keyid="x";alg="hmac-sha256";tag="onecard-2"'),
        ("signature-input", 'onecard=("@method");created=1763870000;keyid="x";alg="none";tag="onecard-2"'),
        ("signature", "onecard=::"),
        ("signature", "onecard=:AAAA:"),
        ("signature", "onecard=:AAAAAAAAAAAAAAAAAAAAA:"),
        ("content-digest", "sha-256=:AAAA:"),
    ],
)
def test_an_altered_field_is_refused(field: str, value: str) -> None:
    with pytest.raises(Problem) as refused:
        check(signed() | {field: value})
    assert refused.value.kind.slug == "bad-signature"


def test_a_signature_has_one_spelling() -> None:
    """The last character of 32 bytes in base64 carries two bits beyond them."""
    headers = signed()
    field = headers["signature"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(field[-3])
    for beyond in (1, 2, 3):
        with pytest.raises(Problem) as refused:
            check(headers | {"signature": f"{field[:-3]}{alphabet[last + beyond]}=:"})
        assert refused.value.code == "terminals.signature_field"


@pytest.mark.parametrize("tag", ["", ';tag="onecard-1"', ';tag="onecard-3"', ';tag="onecard-22"', ';tag="other"'])
@pytest.mark.parametrize("in_session", [True, False])
def test_a_message_of_another_edition_is_told_which_editions_the_centre_speaks(tag: str, in_session: bool) -> None:
    headers = signed() if in_session else signed(request_id="", sign=ed25519_signer(Ed25519PrivateKey.generate()))
    headers["signature-input"] = headers["signature-input"].replace(f';tag="{signatures.TAG}"', tag)
    with pytest.raises(Problem) as refused:
        read_signature("POST", PATH, headers, BODY, in_session=in_session)
    assert (refused.value.kind.slug, refused.value.kind.status) == ("protocol-unknown", 400)
    assert refused.value.params["editions"] == "2"


def test_the_edition_is_covered_by_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = signed()
    monkeypatch.setattr(signatures, "TAG", "onecard-3")
    headers["signature-input"] = headers["signature-input"].replace("onecard-2", "onecard-3")
    with pytest.raises(Problem) as refused:
        check(headers)
    assert refused.value.code == "terminals.signature_wrong"


SIGNED_FIELDS = ["host", "signature", "signature-input", "content-digest", "onecard-request"]


@settings(max_examples=2_000)
@given(st.sampled_from(SIGNED_FIELDS), st.integers(0, 300), st.integers(0, 2), st.characters(max_codepoint=255))
def test_a_message_with_any_character_changed_added_or_left_out_is_refused(
    field: str, at: int, left_out: int, put_in: str
) -> None:
    headers = signed()
    value = headers[field]
    at %= len(value) + 1
    altered = value[:at] + put_in * (left_out < 2) + value[at + min(left_out, 1) :]
    if altered == value:
        return
    with pytest.raises(Problem) as refused:
        check(headers | {field: altered})
    assert refused.value.kind.status in (400, 401)


@pytest.mark.parametrize(
    "host",
    ["a.example:80", "a.example:443", "A.example", "a.example:0", "a.example:08", "a.example:", "", " a", "a\n", "a b",
     "a/b", "a,b", "user@a", "[::1", "[::1]:443", "ä.example", "a:123456", "-a"],
)  # fmt: skip
def test_an_authority_has_one_spelling(host: str) -> None:
    with pytest.raises(Problem) as refused:
        check(signed(authority=host))
    assert refused.value.code == "terminals.authority_spelling"


@pytest.mark.parametrize(
    "host", ["a", "a.example", "a.example:8443", "127.0.0.1:8000", "[::1]", "[fe80::1]:8443", "x_y"]
)
def test_authorities(host: str) -> None:
    check(signed(authority=host))


def test_a_centre_that_knows_its_hosts_takes_no_message_for_another() -> None:
    headers, hosts = signed(authority="evil.example"), frozenset({"centre.example", "centre.lan:8443"})
    with pytest.raises(Problem) as refused:
        read_signature("POST", PATH, headers, BODY, in_session=True, hosts=hosts)
    assert refused.value.code == "terminals.authority_other"
    for host in hosts:
        read_signature("POST", PATH, signed(authority=host), BODY, in_session=True, hosts=hosts)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://Centre.Example", "centre.example"),
        ("https://centre.example:443/", "centre.example"),
        ("http://centre.example:80", "centre.example"),
        ("https://centre.example:8443", "centre.example:8443"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("https://[::1]:8443", "[::1]:8443"),
    ],
)
def test_the_authority_of_an_address(url: str, authority: str) -> None:
    """RFC 9421 section 2.2.3."""
    assert authority_of(url) == authority


@pytest.mark.parametrize("off_s", [-301, 301, -86_400])
def test_created_out_of_range(off_s: int) -> None:
    with pytest.raises(Problem) as refused:
        check(signed(created=NOW + off_s))
    assert refused.value.kind.slug == "created-out-of-range"


@pytest.mark.parametrize("off_s", [-300, 0, 300])
def test_created_within_range(off_s: int) -> None:
    check(signed(created=NOW + off_s))


def test_an_answer_is_bound_to_its_request() -> None:
    first, second = signed(), signed(created=NOW + 1)
    request = read_signature("POST", PATH, first, BODY, in_session=True)
    answer = sign_answer(request, 200, b"{}", block_list=3, created=NOW, key_id="s", sign=hmac_signer(KEY))
    accept = {"key_id": "s", "verify": hmac_verifier(hmac_signer(KEY))}
    assert check_answer(first, 200, answer, b"{}", **accept) == NOW  # type: ignore[arg-type]
    for sent, status, fields, body in [
        (second, 200, answer, b"{}"),
        (first, 503, answer, b"{}"),
        (first, 200, answer, b"[]"),
        (first, 200, answer | {"onecard-block-list": "2"}, b"{}"),
        (first, 200, {}, b"{}"),
    ]:
        with pytest.raises(Problem):
            check_answer(sent, status, fields, body, **accept)  # type: ignore[arg-type]


def test_an_ed25519_key_that_is_none() -> None:
    assert not ed25519_verifier(b"short")(b"base", bytes(64))
    assert not ed25519_verifier(bytes(32))(b"base", bytes(64))


def test_the_profile_is_what_the_document_says() -> None:
    assert signatures.IN_SESSION == '("@method" "@authority" "@path" "content-digest" "onecard-request")'
