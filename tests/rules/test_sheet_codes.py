"""The code of a canteen's sheet: no other than the centre's is taken, in whatever form it comes."""

import string

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from terminals.qr import NotGenuine
from terminals.schemas import to_text
from terminals.sheet_codes import (
    NotEmvco,
    SheetName,
    address_of,
    code_in,
    crc16,
    emvco_payload,
    read_payload,
    read_sheet,
    sign_sheet,
)

KEYS = {version: Ed25519PrivateKey.from_private_bytes(bytes([version]) * 32) for version in (1, 2)}
CENTRE = {version: key.public_key().public_bytes_raw() for version, key in KEYS.items()}
FOREIGN = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
SHEET = SheetName(10_234, 2)
GENUINE = sign_sheet(KEYS[1], 1, SHEET)
CODE = to_text(GENUINE)


def is_taken(code: str) -> bool:
    try:
        return read_sheet(CENTRE, code) is not None
    except NotGenuine:
        return False


def test_the_centre_knows_its_own() -> None:
    assert read_sheet(CENTRE, CODE) == SHEET
    assert read_sheet(CENTRE, to_text(sign_sheet(KEYS[2], 2, SHEET))) == SHEET
    assert len(CODE) == 99
    assert SHEET.short == "10234-2"


def test_every_bit_of_a_code_counts() -> None:
    flipped = [
        to_text(GENUINE[:at] + bytes([GENUINE[at] ^ 1 << bit]) + GENUINE[at + 1 :])
        for at in range(len(GENUINE))
        for bit in range(8)
    ]
    assert len(flipped) == 592
    assert not any(map(is_taken, flipped))


@settings(max_examples=4_000, deadline=None)
@given(st.integers(0, 2**48 - 1), st.integers(0, 2**16 - 1), st.integers(0, 255), st.booleans())
def test_a_code_of_another_centre_is_not_taken(sheet_id: int, version: int, key_version: int, is_foreign: bool) -> None:
    key = FOREIGN if is_foreign else KEYS[1]
    code = to_text(sign_sheet(key, key_version, SheetName(sheet_id, version)))
    assert is_taken(code) is (not is_foreign and key_version == 1)


@settings(max_examples=4_000, deadline=None)
@given(st.binary(min_size=10, max_size=10), st.binary(min_size=64, max_size=64) | st.just(GENUINE[10:]))
def test_a_made_up_code_is_not_taken(said: bytes, signature: bytes) -> None:
    assert is_taken(to_text(said + signature)) is (said + signature == GENUINE)


@settings(max_examples=2_000, deadline=None)
@given(st.text(string.printable, max_size=120) | st.text(max_size=120))
def test_any_other_text_is_not_taken(text: str) -> None:
    assert not is_taken(text)


@settings(max_examples=1_000, deadline=None)
@given(st.integers(0, 98), st.sampled_from(string.ascii_letters + string.digits + "-_= +/"))
def test_a_code_with_another_character_is_not_taken(at: int, letter: str) -> None:
    other = CODE[:at] + letter + CODE[at + 1 :]
    assert is_taken(other) is (other == CODE)


def test_a_signature_of_another_context_is_not_taken() -> None:
    said = GENUINE[:10]
    for context in (b"", b"onecard sheet v0", b"onecard receipt v2", b"onecard token v2"):
        assert not is_taken(to_text(said + KEYS[1].sign(context + said)))


def test_scanners_find_the_code() -> None:
    assert code_in(address_of("https://centre.example", CODE)) == CODE
    assert code_in(f" {CODE}\n") == CODE
    assert code_in(emvco_payload(CODE, "CANTEEN 1007", "NINGBO")) == CODE
    for text in ("", CODE[:-1], f"https://centre.example/r/{CODE}", f"https://centre.example/s/{CODE}?x", "000201"):
        assert code_in(text) is None


def test_the_checksum_is_that_of_the_specification() -> None:
    assert crc16("123456789") == "29B1", "the check value of CRC-16/CCITT-FALSE"


def other_scheme() -> str:
    body = "000201010211" + "26" + "16" + "0012com.unionpay" + "520458125303156" + "5802CN5902AB6002NB" + "6304"
    return body + crc16(body)


def test_a_sheet_stands_beside_another_schemes_code() -> None:
    payload = emvco_payload(CODE, "CANTEEN 1007", "NINGBO", other_scheme())
    objects = read_payload(payload)
    assert objects["26"] == "0012com.unionpay"
    assert (objects["59"], objects["60"]) == ("AB", "NB"), "the other scheme's merchant stays"
    assert code_in(payload) == CODE
    again = emvco_payload(CODE, "CANTEEN 1007", "NINGBO", payload)
    assert again == payload, "a sheet is not added twice"


@pytest.mark.parametrize("change", ["letter", "short", "no crc", "twice"])
def test_a_payload_that_does_not_fit_is_not_read(change: str) -> None:
    payload = emvco_payload(CODE, "CANTEEN 1007", "NINGBO")
    wrong = {
        "letter": payload.replace("NINGBO", "NINGBA"),
        "short": payload[:-1],
        "no crc": payload[:-8],
        "twice": payload[:-8] + payload[12:-4],
    }[change]
    assert code_in(wrong) is None
    with pytest.raises(NotEmvco):
        read_payload(wrong)


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 250), st.sampled_from(string.ascii_uppercase + string.digits))
def test_one_wrong_character_of_a_payload_is_noticed(at: int, letter: str) -> None:
    payload = emvco_payload(CODE, "CANTEEN 1007", "NINGBO", other_scheme())
    wrong = payload[: at % len(payload)] + letter + payload[at % len(payload) + 1 :]
    assert code_in(wrong) == (CODE if wrong == payload else None)


@pytest.mark.parametrize("template", ["éééé", "\n\n\n\n", "abc\x7f", "\uff10000"])
def test_what_no_scanner_reads_alike_is_no_payload(template: str) -> None:
    text = f"0002012604{template}53031566304"
    with pytest.raises(NotEmvco):
        emvco_payload(CODE, "CANTEEN 1", "3302", text + crc16(text))
