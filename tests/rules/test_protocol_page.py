"""docs/terminal-protocol.md is run: its test vectors, its lists of reasons."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from settlement.errors import Refusal
from terminals import cards, qr, signatures
from terminals.cards import CardFile
from terminals.schemas import SignedOn, to_bytes
from terminals.sessions import agree_key

PAGE = (Path(__file__).parents[2] / "docs" / "terminal-protocol.md").read_text(encoding="utf-8")
VECTORS: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[-1])
KEYS = {name: bytes.fromhex(value) for name, value in VECTORS["keys"].items()}


@pytest.mark.parametrize("who", ["terminal", "centre", "phone"])
def test_keys(who: str) -> None:
    private = Ed25519PrivateKey.from_private_bytes(KEYS[f"{who}_private"])
    assert private.public_key().public_bytes_raw() == KEYS[f"{who}_public"]


def test_sign_on() -> None:
    v = VECTORS["sign_on"]
    body, answer = v["request_body"].encode(), v["answer_body"].encode()
    terminal = Ed25519PrivateKey.from_private_bytes(KEYS["terminal_private"])
    headers = signatures.sign_request(
        "POST", "/terminal/sessions", body, created=v["created"], key_id="2001", sign=terminal.sign
    )
    assert headers == v["request_headers"]
    request = signatures.read_signature("POST", "/terminal/sessions", headers, body, in_session=False)
    assert request.base().decode() == v["request_base"]
    signatures.check_request(request, signatures.ed25519_verifier(KEYS["terminal_public"]), v["created"])
    centre = signatures.ed25519_verifier(KEYS["centre_public"])
    signatures.check_answer(headers, 201, v["answer_headers"], answer, key_id="centre", verify=centre)
    terminal_side = agree_key(
        X25519PrivateKey.from_private_bytes(KEYS["terminal_ephemeral_private"]),
        to_bytes(json.loads(answer)["ephemeral"]),
        body,
        answer,
    )
    centre_side = agree_key(
        X25519PrivateKey.from_private_bytes(KEYS["centre_ephemeral_private"]),
        to_bytes(json.loads(body)["ephemeral"]),
        body,
        answer,
    )
    assert terminal_side == centre_side == bytes.fromhex(v["session_key"])
    assert json.loads(answer).keys() == set(SignedOn.__struct_fields__)


def test_card() -> None:
    v = VECTORS["card"]
    uid, file = bytes.fromhex(v["uid"]), CardFile(v["book"], v["holder_id"], v["credential_id"])
    key = cards.card_key(KEYS["card_master_key"], uid, file)
    challenge = cards.challenge(
        signatures.hmac_signer(bytes.fromhex(VECTORS["sign_on"]["session_key"])), v["epoch"], v["sequence"]
    )
    assert file.encode().hex() == v["file"]
    assert key.hex() == v["card_key"]
    assert challenge.hex() == v["challenge"]
    assert cards.response(key, challenge, v["counter"]).hex() == v["mac"]


def test_code() -> None:
    v = VECTORS["qr"]
    holder, token = qr.read_code(KEYS["centre_public"], v["code"])
    assert (holder.book, holder.agency_id, holder.holder_id) == (v["book"], v["agency_id"], v["holder_id"])
    assert (holder.credential_id, holder.expires_at) == (v["credential_id"], v["expires_at"])
    assert (token.issued_at, token.counter, token.canteen_id) == (v["issued_at"], v["counter"], v["canteen_id"])
    phone = Ed25519PrivateKey.from_private_bytes(KEYS["phone_private"])
    assert qr.make_code(bytes.fromhex(v["certificate"]), phone, token) == v["code"]


def test_charge() -> None:
    v, session = VECTORS["charge"], bytes.fromhex(VECTORS["sign_on"]["session_key"])
    body, path = v["request_body"].encode(), "/terminal/charges"
    session_id = json.loads(body)["card"]["session_id"]
    headers = signatures.sign_request(
        "POST", path, body, request_id=v["request_id"], created=v["created"], key_id=session_id,
        sign=signatures.hmac_signer(session),
    )  # fmt: skip
    assert headers == v["request_headers"]
    request = signatures.read_signature("POST", path, headers, body, in_session=True)
    assert request.base().decode() == v["request_base"]
    answer = signatures.sign_answer(
        request, v["answer_status"], v["answer_body"].encode(), block_list=7, created=v["answer_created"],
        key_id=session_id, sign=signatures.hmac_signer(session),
    )  # fmt: skip
    assert answer == v["answer_headers"]


def test_the_page_names_every_reason() -> None:
    assert [reason for reason in Refusal if f"`{reason}`" not in PAGE] == []
