"""The code of a canteen's sheet: an address of the centre with a signed number, or an EMVCo payload with the same.

* **Code**: base64url of 74 bytes: 1, the version of the centre's key, the number of the sheet (6 bytes), its version (2
  bytes), and an Ed25519 signature of ``onecard sheet v1`` and the ten bytes before it. It names no canteen and no
  price: the centre knows them, and whether the sheet still holds.
* **Address**: ``<public address>/s/<code>``, so that a phone's own camera finds the way, too.
* **EMVCo payload** (EMV QR Code Specification for Payment Systems, merchant-presented mode, version 1.1): for a sheet
  that another scheme's application reads as well. Our templates have the identifier ``cn.onecard`` in field 00 and a
  part of the code in field 01: a template holds 99 characters, and the code is longer.
"""

import re
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ed25519_zebra import ed_verify
from msgspec import Struct

from foundation.problems import Problem
from terminals.qr import NotGenuine
from terminals.schemas import to_bytes

FORMAT = 1
CONTEXT = b"onecard sheet v1"
NUMBER_BYTES = 6
VERSION_MAX = 2**16 - 1
_SIGNED_BYTES, _SIGNATURE_BYTES = 10, 64
CODE_CHARACTERS = 99

PATH = "/s/"


class SheetName(Struct, frozen=True):
    """What a genuine code says: the sheet's number and version."""

    sheet_id: int
    version: int

    @property
    def short(self) -> str:
        """As it is printed."""
        return f"{self.sheet_id}-{self.version}"


def sign_sheet(key: Ed25519PrivateKey, key_version: int, sheet: SheetName) -> bytes:
    """The 74 bytes of a sheet's code, by this version of the centre's key."""
    said = (
        bytes([FORMAT, key_version]) + sheet.sheet_id.to_bytes(NUMBER_BYTES, "big") + sheet.version.to_bytes(2, "big")
    )
    return said + key.sign(CONTEXT + said)


def read_sheet(centre_keys: Mapping[int, bytes], code: str) -> SheetName:
    """Verify a code; raises ``NotGenuine``. Whether the sheet still holds the caller asks the table."""
    try:
        signed = to_bytes(code)
    except Problem:
        raise NotGenuine("not base64url") from None
    if len(signed) != _SIGNED_BYTES + _SIGNATURE_BYTES or signed[0] != FORMAT:
        raise NotGenuine("not a sheet's code")
    said, signature = signed[:_SIGNED_BYTES], signed[_SIGNED_BYTES:]
    public_key = centre_keys.get(said[1])
    if public_key is None or not ed_verify(signature, CONTEXT + said, public_key):
        raise NotGenuine("no key of the centre signed it")
    return SheetName(int.from_bytes(said[2:8], "big"), int.from_bytes(said[8:], "big"))


def address_of(public_address: str, code: str) -> str:
    """The address that the sheet's code leads to."""
    return f"{public_address}{PATH}{code}"


def code_in(scanned: str) -> str | None:
    """The code in what a scanner read: an address of any centre, an EMVCo payload with a right CRC, or itself."""
    bare = scanned.strip()
    if bare.startswith("000201"):
        return code_of_emvco(bare)
    found = _ADDRESS.fullmatch(bare)
    return found["code"] if found else None


_ADDRESS = re.compile(rf"(?:https?://[^/?#\s]+{PATH})?(?P<code>[A-Za-z0-9_-]{{{CODE_CHARACTERS}}})")


IDENTIFIER = "cn.onecard"
_TEMPLATES = range(26, 52)
"""Data objects of merchant account information that schemes of their own may use (table 3.1 of the specification)."""
_VALUE_MAX = 99
_PAYLOAD_MAX = 512
_PRINTABLE = re.compile(rf"[ -~]{{1,{_PAYLOAD_MAX}}}")
"""Beyond it lengths are in bytes for some readers and in characters for others, and line ends get lost on the way."""
_CRC = "63"


class NotEmvco(ValueError):
    """The text is no merchant-presented payload, or its checksum is wrong."""


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE (polynomial 1021, start FFFF) of the payload's characters, as four hexadecimal digits."""
    crc = 0xFFFF
    for byte in text.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return f"{crc:04X}"


def read_objects(text: str) -> dict[str, str]:
    """The data objects of a text, in its order: identifier (2 digits), length (2 digits), value. Raises NotEmvco."""
    objects: dict[str, str] = {}
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if not re.fullmatch("[0-9]{4}", head, re.ASCII) or head[:2] in objects:
            raise NotEmvco
        value = text[at + 4 : at + 4 + int(head[2:])]
        if len(value) != int(head[2:]):
            raise NotEmvco
        objects[head[:2]] = value
        at += 4 + len(value)
    return objects


def read_payload(payload: str) -> dict[str, str]:
    """The data objects of a whole payload, whose checksum is right; raises NotEmvco."""
    if not _PRINTABLE.fullmatch(payload) or not payload.startswith("000201") or payload[-8:-4] != f"{_CRC}04":
        raise NotEmvco
    if crc16(payload[:-4]) != payload[-4:]:
        raise NotEmvco
    return read_objects(payload)


def code_of_emvco(payload: str) -> str | None:
    """The code in our templates of a payload; None where it has none, or is no payload."""
    try:
        objects = read_payload(payload)
        ours = [read_objects(value) for name, value in sorted(objects.items()) if _is_template(name)]
    except NotEmvco:
        return None
    code = "".join(one.get("01", "") for one in ours if one.get("00") == IDENTIFIER)
    return code if len(code) == CODE_CHARACTERS else None


def _is_template(name: str) -> bool:
    return int(name) in _TEMPLATES


def emvco_payload(code: str, canteen: str, city: str, beside: str | None = None) -> str:
    """A payload with our code; ``beside``: another scheme's payload, whose other data stay. Raises NotEmvco.

    ``canteen`` and ``city`` in the letters of the specification's alphanumeric special set (ASCII); cut to 25 and 15.
    """
    objects = {"00": "01", "01": "11"} if beside is None else read_payload(beside)
    objects.pop(_CRC, None)
    for name in [name for name, value in objects.items() if _is_template(name) and _is_ours(value)]:
        del objects[name]
    objects |= {"52": "5812", "53": "156", "58": "CN", "59": canteen[:25] or "CANTEEN", "60": city[:15] or "CN"} | {
        name: objects[name] for name in ("52", "53", "58", "59", "60") if name in objects
    }
    free = (f"{n:02}" for n in _TEMPLATES if f"{n:02}" not in objects)
    room = _VALUE_MAX - len(_object("00", IDENTIFIER)) - len(_object("01", ""))
    for part in (code[at : at + room] for at in range(0, len(code), room)):
        template = next(free, None)
        if template is None:
            raise NotEmvco
        objects[template] = _object("00", IDENTIFIER) + _object("01", part)
    text = "".join(_object(name, objects[name]) for name in sorted(objects)) + f"{_CRC}04"
    if len(text) + 4 > _PAYLOAD_MAX:
        raise NotEmvco
    payload = text + crc16(text)
    if code_of_emvco(payload) != code:
        raise NotEmvco
    return payload


def _is_ours(template: str) -> bool:
    try:
        return read_objects(template).get("00") == IDENTIFIER
    except NotEmvco:
        return False


def _object(name: str, value: str) -> str:
    return f"{name}{len(value):02}{value}"
