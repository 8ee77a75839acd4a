"""The short code: 130 characters, one signature, nothing altered passes; keys of P-256."""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import qrcode
import zxingcpp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from qrcode.constants import ERROR_CORRECT_M

from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from terminals import qr, short_codes
from terminals.devices import SKIPPED_MAX, SoftwarePhone
from terminals.phone_keys import P256_ORDER, KeyAlgorithm, PhoneKey, PrivateKey, phone_key_of, phone_signer
from terminals.qr import Holder, NotGenuine, Token
from terminals.short_codes import COUNTER_MAX, LIMIT_MAX_FEN, make_short_code, open_short_code, read_short_code

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
NOW = 1_763_870_000
CANTEEN = 1_000_001
REFERENCE = bytes(range(6))
CENTRE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERSION = 255
CENTRE_KEYS = {VERSION: CENTRE.public_key().public_bytes_raw()}


@dataclass(frozen=True)
class Phone:
    key: PrivateKey

    @property
    def holder(self) -> Holder:
        numbers = (Book(330_200), AgencyId(1_000_000), HolderId(999_999_999), CredentialId(999_999_998))
        return Holder(*numbers, NOW + 604_800, phone_key_of(self.key))

    def shows(self, token: Token) -> str:
        return make_short_code(REFERENCE, self.key, token)


ED25519 = Phone(Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64))))
ES256 = Phone(ec.derive_private_key(int.from_bytes(bytes(range(32, 64)), "big"), ec.SECP256R1()))
both = pytest.mark.parametrize("phone", [ED25519, ES256], ids=["ed25519", "es256"])
TOKEN = Token(NOW, 9, CANTEEN, 10_000)

numbers = (
    st.integers(0, 2**32 - 1),
    st.integers(1, COUNTER_MAX),
    st.integers(1, 2**53 - 1),
    st.integers(1, LIMIT_MAX_FEN),
)
tokens = st.builds(Token, numbers[0], numbers[1], st.none() | numbers[2], st.none() | numbers[3])


def opened(code: str, phone: Phone, canteen_id: int = CANTEEN) -> Token | None:
    return open_short_code(read_short_code(code), phone.holder, canteen_id)


@both
@given(token=tokens)
def test_a_short_code_says_what_its_phone_allowed(phone: Phone, token: Token) -> None:
    code = phone.shows(token)
    assert len(code) == 130
    assert opened(code, phone, token.canteen_id or CANTEEN) == token
    assert read_short_code(code).reference == REFERENCE


@both
@given(token=tokens)
def test_the_key_of_a_phone_cannot_be_computed_from_its_codes(phone: Phone, token: Token) -> None:
    """From an ECDSA signature and all of its text anybody computes the key: a part of the text is the key itself."""
    read, canteen = read_short_code(phone.shows(token)), (token.canteen_id or 0).to_bytes(8, "big")
    key = phone.holder.key
    assert key.verify(b"onecard short code v2" + key.public + read.body + canteen, read.signature)
    for version in (b"1", b"2"):
        assert not key.verify(b"onecard short code v" + version + read.body + canteen, read.signature)


@both
def test_what_is_signed_as_before_is_not_genuine(phone: Phone) -> None:
    read = read_short_code(phone.shows(TOKEN))
    key = phone.holder.key.public
    for text in (b"onecard short code v1" + read.body, b"onecard short code v1" + key + read.body):
        old = phone_signer(phone.key)(text + CANTEEN.to_bytes(8, "big"))
        code = short_codes.PREFIX + qr.base45_encode(read.body + old)
        with pytest.raises(NotGenuine):
            opened(code, phone)


@both
def test_a_short_code_fits_version_6(phone: Phone) -> None:
    code = phone.shows(TOKEN)
    image = qrcode.QRCode(error_correction=ERROR_CORRECT_M)
    image.add_data(code)
    image.make(fit=True)
    assert image.version <= 6
    assert zxingcpp.read_barcodes(image.make_image().get_image().convert("L"))[0].text == code


@both
@given(at=st.integers(0, 129), character=st.sampled_from(ALPHABET))
def test_an_altered_short_code_pays_nothing(phone: Phone, at: int, character: str) -> None:
    code = phone.shows(TOKEN)
    altered = code[:at] + character + code[at + 1 :]
    if altered == code:
        return
    try:
        read = read_short_code(altered)
    except NotGenuine:
        return
    if read.reference == REFERENCE and read.canteen in (0, short_codes.canteen_hint(CANTEEN)):
        with pytest.raises(NotGenuine):
            open_short_code(read, phone.holder, CANTEEN)
    with pytest.raises(NotGenuine):
        qr.read_code(CENTRE_KEYS, altered)


@given(st.text(max_size=300) | st.text(ALPHABET, min_size=120, max_size=132).map(lambda text: f"OC2:{text}"))
def test_any_text_is_read_or_not_genuine(text: str) -> None:
    try:
        read = read_short_code(text)
    except NotGenuine:
        return
    with suppress(NotGenuine):
        assert open_short_code(read, ED25519.holder, CANTEEN) is None, "for another canteen"


def test_a_short_code_for_another_canteen_says_so() -> None:
    code = ED25519.shows(TOKEN)
    assert opened(code, ED25519, CANTEEN + 1) is None
    # The same three bytes: the whole number is signed.
    with pytest.raises(NotGenuine):
        opened(code, ED25519, CANTEEN + 2**24 - 1)
    anywhere = ED25519.shows(Token(NOW, 9, None, None))
    assert opened(anywhere, ED25519, CANTEEN) == opened(anywhere, ED25519, 7) == Token(NOW, 9, None, None)


@pytest.mark.parametrize("canteen_id", [1, 2**24 - 2, 2**24 - 1, 2**24, 2 * (2**24 - 1), 2**53 - 1])
def test_no_canteen_is_taken_for_any(canteen_id: int) -> None:
    assert 0 < short_codes.canteen_hint(canteen_id) < 2**24
    assert opened(ED25519.shows(Token(NOW, 1, canteen_id, None)), ED25519, canteen_id) == Token(
        NOW, 1, canteen_id, None
    )


def test_counter_0_is_none() -> None:
    with pytest.raises(NotGenuine):
        read_short_code(ED25519.shows(Token(NOW, 0, None, None)))


@both
@pytest.mark.parametrize("change", [("", "0"), ("0", ""), ("", "\n"), ("", " ")])
def test_a_short_code_has_one_length(phone: Phone, change: tuple[str, str]) -> None:
    taken, added = change
    code = phone.shows(TOKEN)
    with pytest.raises(NotGenuine):
        read_short_code(code[: len(code) - len(taken)] + added)


@both
def test_another_phones_short_code_is_not_genuine(phone: Phone) -> None:
    stranger = Phone(Ed25519PrivateKey.generate() if phone is ED25519 else ec.generate_private_key(ec.SECP256R1()))
    for other in (stranger, ED25519, ES256):
        if other is not phone:
            with pytest.raises(NotGenuine):
                opened(other.shows(TOKEN), phone)


@given(st.binary(max_size=80))
def test_a_signature_of_p256_has_one_spelling(message: bytes) -> None:
    key, sign = phone_key_of(ES256.key), phone_signer(ES256.key)
    signature = sign(message)
    r, s = signature[:32], int.from_bytes(signature[32:], "big")
    assert key.verify(message, signature)
    twin = r + (P256_ORDER - s).to_bytes(32, "big")
    assert not key.verify(message, twin), "the same signature, as anybody could write it"
    assert not key.verify(message + b"\n", signature)
    for wrong in (
        b"",
        signature[:-1],
        signature + b"\0",
        bytes(64),
        r + bytes(32),
        bytes(32) + signature[32:],
        b"\xff" * 64,
    ):
        assert not key.verify(message, wrong)


@given(st.binary(max_size=80))
def test_signatures_of_p256_are_openssls(message: bytes) -> None:
    key: Any = ES256.key
    der = key.sign(message, ec.ECDSA(SHA256()))
    key.public_key().verify(der, message, ec.ECDSA(SHA256()))
    r_length = der[3]
    r, s = int.from_bytes(der[4 : 4 + r_length], "big"), int.from_bytes(der[6 + r_length :], "big")
    raw = r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")
    assert phone_key_of(key).verify(message, raw)


POINT = phone_key_of(ES256.key).public


@pytest.mark.parametrize(
    "public",
    [b"", POINT[:-1], POINT + b"\0", b"\x04" + POINT[1:], b"\x00" * 33, b"\x02" + b"\xff" * 32, bytes([0]) + POINT[1:]],
)
def test_what_is_no_point_of_p256_is_no_key(public: bytes) -> None:
    assert PhoneKey(POINT, KeyAlgorithm.ES256).is_valid()
    assert not PhoneKey(public, KeyAlgorithm.ES256).is_valid()
    assert not PhoneKey(public, KeyAlgorithm.ES256).verify(b"", phone_signer(ES256.key)(b""))


def test_a_key_is_of_its_own_algorithm() -> None:
    assert not PhoneKey(POINT).is_valid()
    assert not PhoneKey(phone_key_of(ED25519.key).public, KeyAlgorithm.ES256).is_valid()


def test_the_largest_long_code_of_a_p256_phone_fits_version_10() -> None:
    certificate = qr.issue_certificate(CENTRE, VERSION, ES256.holder)
    token = Token(NOW, 1_000_000, CANTEEN, 1_000_000)
    code = qr.make_code(certificate, ES256.key, token)
    assert len(code) <= 395
    assert qr.read_code(CENTRE_KEYS, code) == (ES256.holder, token)
    with pytest.raises(NotGenuine):
        qr.read_code(CENTRE_KEYS, qr.make_code(certificate, ED25519.key, token))


def renewed_counter(shown_at: float | None = None, *, counter: int = 7, **code: Any) -> int:
    """How many counters a phone skips at a renewal, after it has shown a long code (or, ``short``, a short one)."""
    certificate = qr.issue_certificate(CENTRE, VERSION, ED25519.holder)
    phone = SoftwarePhone(ED25519.key, certificate, counter, reference=REFERENCE)
    if shown_at is not None:
        show = phone.show_short_code if code.pop("short", False) else phone.show_code
        show(at=shown_at, **code)
    before = phone.counter
    phone.renewed(certificate, REFERENCE[::-1])
    assert phone.reference == REFERENCE[::-1]
    return phone.counter - before


def test_a_phone_skips_counters_when_its_certificate_is_renewed() -> None:
    skipped = [renewed_counter() for _ in range(200)]
    assert all(0 < n <= SKIPPED_MAX for n in skipped)
    assert max(skipped) - min(skipped) > SKIPPED_MAX // 4, "at random"
    phone = SoftwarePhone(ED25519.key, b"", 7, reference=REFERENCE)
    phone.renewed(b"", REFERENCE)
    assert phone.counter == 7, "within the hour it is the same certificate"


@pytest.mark.parametrize(
    ("age_s", "code", "skips"),
    [
        (60, {"short": True}, False),
        (570, {"short": True, "canteen_id": 1}, False),
        (630, {"short": True, "canteen_id": 1}, True),
        (570, {}, False),
        (630, {}, True),
        (86_400, {"canteen_id": 1}, False),
        (86_490, {"canteen_id": 1}, True),
    ],
)
def test_no_counters_are_skipped_while_a_code_is_on_its_way(age_s: int, code: dict[str, Any], skips: bool) -> None:
    """A till without a network sends a long code up to a day later: it would be 256 below the latest, and refused."""
    assert (renewed_counter(time.time() - age_s, **code) > 0) is skips


def test_no_counter_is_skipped_to_that_a_short_code_does_not_hold() -> None:
    assert {renewed_counter(counter=COUNTER_MAX - 1) for _ in range(20)} == {0}
    assert 0 < renewed_counter(counter=COUNTER_MAX - SKIPPED_MAX - 1) <= SKIPPED_MAX
