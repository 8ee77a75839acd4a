"""The official's code: verified offline, fits a small QR, and nothing altered passes."""

import time

import cbor2
import pytest
import qrcode
import zxingcpp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ed25519_zebra import ed_verify
from hypothesis import given
from hypothesis import strategies as st
from pycose.headers import Algorithm
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message
from qrcode.constants import ERROR_CORRECT_L

from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from terminals import qr
from terminals.devices import SoftwarePhone
from terminals.phone_keys import phone_key_of
from terminals.qr import Holder, NotGenuine, Token

CENTRE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CENTRE_PUBLIC = CENTRE.public_key().public_bytes_raw()
PHONE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
NOW = 1_763_870_000
HOLDER = Holder(
    Book(330_200), AgencyId(1_000_000), HolderId(999_999_999), CredentialId(999_999_998), NOW + 604_800,
    phone_key_of(PHONE_KEY),
)  # fmt: skip
VERSION = 255
CENTRE_KEYS = {1: PHONE_KEY.public_key().public_bytes_raw(), VERSION: CENTRE_PUBLIC}
CERTIFICATE = qr.issue_certificate(CENTRE, VERSION, HOLDER)
TOKEN = Token(NOW, 1_000_000, 1_000_001, 1_000_000)
CODE = qr.make_code(CERTIFICATE, PHONE_KEY, TOKEN)


def test_a_code_says_who_and_when() -> None:
    assert qr.read_code(CENTRE_KEYS, CODE) == (HOLDER, TOKEN)


def test_the_largest_code_fits_version_10() -> None:
    image = qrcode.QRCode(error_correction=ERROR_CORRECT_L)
    image.add_data(CODE)
    image.make(fit=True)
    assert image.version <= 10
    assert zxingcpp.read_barcodes(image.make_image().get_image().convert("L"))[0].text == CODE


@given(st.integers(0, len(CODE) - 1), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"))
def test_an_altered_code_is_not_genuine(at: int, character: str) -> None:
    altered = CODE[:at] + character + CODE[at + 1 :]
    if altered != CODE:
        with pytest.raises(NotGenuine):
            qr.read_code(CENTRE_KEYS, altered)


@given(
    st.text(max_size=500) | st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=395).map("OC1:".__add__)
)
def test_any_text_is_a_code_or_not_genuine(text: str) -> None:
    with pytest.raises(NotGenuine):
        qr.read_code(CENTRE_KEYS, text)


@given(st.binary(max_size=80), st.integers(0, 63), st.integers(1, 255))
def test_the_signature_library_agrees_with_openssl(message: bytes, at: int, flip: int) -> None:
    public, signature = PHONE_KEY.public_key(), PHONE_KEY.sign(message)
    assert ed_verify(signature, message, public.public_bytes_raw())
    altered = signature[:at] + bytes([signature[at] ^ flip]) + signature[at + 1 :]
    assert not ed_verify(altered, message, public.public_bytes_raw())
    with pytest.raises(InvalidSignature):
        public.verify(altered, message)


@pytest.mark.parametrize("length", [0, 31, 63, 65])
def test_keys_and_signatures_of_other_lengths_fit_nothing(length: int) -> None:
    assert not ed_verify(bytes(length), b"", PHONE_KEY.public_key().public_bytes_raw())
    assert not ed_verify(PHONE_KEY.sign(b""), b"", bytes(length))


@given(st.binary(max_size=40))
def test_a_phone_cannot_sign_nonsense(payload: bytes) -> None:
    signed = qr.sign1(PHONE_KEY, b"onecard token v2", payload)
    data = cbor2.dumps([cbor2.loads(CERTIFICATE), signed], canonical=True)
    if len(data) <= 250:
        with pytest.raises(NotGenuine):
            qr.read_code(CENTRE_KEYS, "OC1:" + qr.base45_encode(data))


RIGHT: list[object] = [NOW, 1, 7, 1_000]
WRONG: list[object] = [True, False, -1, 2**53, 2**64, 1.0, "1", b"1", [1], {}]
WRONG_TOKENS: list[list[object]] = [
    *([*RIGHT[:at], value, *RIGHT[at + 1 :]] for at in range(4) for value in WRONG),
    *([*RIGHT[:at], 0, *RIGHT[at + 1 :]] for at in (1, 2, 3)),
    *([*RIGHT[:at], None, *RIGHT[at + 1 :]] for at in (0, 1)),
    *(RIGHT[:length] for length in range(4)),
    [*RIGHT, None],
]


@pytest.mark.parametrize("token", WRONG_TOKENS, ids=repr)
def test_a_token_has_four_members_of_their_kinds(token: list[object]) -> None:
    signed = qr.sign1(PHONE_KEY, b"onecard token v2", token)
    data = cbor2.dumps([cbor2.loads(CERTIFICATE), signed], canonical=True)
    with pytest.raises(NotGenuine):
        qr.read_code(CENTRE_KEYS, "OC1:" + qr.base45_encode(data))


def test_another_centres_certificate_is_not_genuine() -> None:
    with pytest.raises(NotGenuine):
        qr.read_code({VERSION: Ed25519PrivateKey.generate().public_key().public_bytes_raw()}, CODE)


def test_another_phones_token_is_not_genuine() -> None:
    stolen = qr.make_code(CERTIFICATE, Ed25519PrivateKey.generate(), TOKEN)
    with pytest.raises(NotGenuine):
        qr.read_code(CENTRE_KEYS, stolen)


@pytest.mark.parametrize(
    ("age_s", "canteen_id", "refusal"),
    [
        (0, 1_000_001, None),
        (60, 1_000_001, None),
        (61, 1_000_001, "qr_expired"),
        (-15, 1_000_001, None),
        (-16, 1_000_001, "qr_expired"),
        (604_800, 1_000_001, "credential_expired"),
        (0, 7, "wrong_canteen"),
    ],
)
def test_when_and_where_a_code_may_pay(age_s: int, canteen_id: int, refusal: str | None) -> None:
    assert qr.refusal_of(HOLDER, TOKEN, NOW + age_s, canteen_id) == refusal


@pytest.mark.parametrize(
    ("canteen_id", "limit_fen", "price_fen", "refusal"),
    [
        (7, 1_500, 1_500, None),
        (7, None, 99_999, None),
        (7, 1_500, 1_501, "code_limit_exceeded"),
        (None, 1_500, 1_000, "wrong_canteen"),
        (8, 1_500, 1_000, "wrong_canteen"),
    ],
)
def test_without_a_network_a_code_pays_at_its_own_canteen_and_within_its_limit(
    canteen_id: int | None, limit_fen: int | None, price_fen: int, refusal: str | None
) -> None:
    token = Token(NOW, 1, canteen_id, limit_fen)
    assert qr.offline_refusal_of(HOLDER, token, NOW, 7, price_fen) == refusal
    assert qr.offline_refusal_of(HOLDER, token, NOW + 61, 7, price_fen) in ("qr_expired", "wrong_canteen")


@pytest.mark.parametrize(("data", "text"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581")])
def test_base45_examples_of_rfc_9285(data: bytes, text: str) -> None:
    assert qr.base45_encode(data) == text
    assert qr.base45_decode(text) == data


@given(st.binary(max_size=300))
def test_base45_round_trip(data: bytes) -> None:
    assert qr.base45_decode(qr.base45_encode(data)) == data


@pytest.mark.parametrize("text", ["A", "GGW5", ":::", "ab", "::", "GGW000", "000GGX", "V5"])
def test_wrong_base45(text: str) -> None:
    with pytest.raises(ValueError, match=r"base45|group"):
        qr.base45_decode(text)


def test_another_cose_library_agrees() -> None:
    """pycose verifies our certificate: the bytes are COSE, not merely ours."""
    protected, unprotected, payload, signature = cbor2.loads(CERTIFICATE)
    message = Sign1Message.from_cose_obj([protected, unprotected, payload, signature], allow_unknown_attributes=False)
    message.key = OKPKey(crv="ED25519", x=CENTRE_PUBLIC, optional_params={})
    message.external_aad = b"onecard certificate v1"  # type: ignore[misc]
    algorithm = message.get_attr(Algorithm)
    assert algorithm is not None
    assert algorithm.fullname == "EDDSA"
    assert message.verify_signature()


def test_a_phone_counts_up() -> None:
    phone = SoftwarePhone(PHONE_KEY, CERTIFICATE)
    tokens = [qr.read_code(CENTRE_KEYS, phone.show_code())[1] for _ in range(3)]
    assert [token.counter for token in tokens] == [1, 2, 3]
    assert abs(tokens[-1].issued_at - time.time()) < 5


@pytest.mark.parametrize("keys", [{}, {1: CENTRE_PUBLIC}, {0: CENTRE_PUBLIC}, {254: CENTRE_PUBLIC}])
def test_a_certificate_fits_the_version_that_it_names_alone(keys: dict[int, bytes]) -> None:
    with pytest.raises(NotGenuine):
        qr.read_code(keys, CODE)


def test_a_certificate_whose_version_was_altered_does_not_fit() -> None:
    both = {1: CENTRE_PUBLIC, VERSION: CENTRE_PUBLIC}
    altered = CERTIFICATE.replace(bytes([VERSION]), b"\x01", 1)
    with pytest.raises(NotGenuine):
        qr.read_certificate(both, altered)
    without = cbor2.loads(CERTIFICATE)
    without[0] = cbor2.dumps({1: -8})
    for certificate in (cbor2.dumps(without), b"", CERTIFICATE[:8], CERTIFICATE[:7]):
        with pytest.raises(NotGenuine):
            qr.read_certificate(both, certificate)
