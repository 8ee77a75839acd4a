"""Passkeys (WebAuthn level 2): signing in with a key in the person's device, which a PIN or a finger unlocks.

The device signs our challenge together with the address of the page, so a copied page gets nothing of use. It proves
possession and the person in one step. A passkey stands beside password and one-time code, which remain for who has
lost the device: without a second factor there is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import webauthn
from msgspec import json
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from webauthn.helpers import parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from foundation.keys import KeyRing
from foundation.problems import CONFLICT, NOT_FOUND, Problem
from registry import second_factor
from registry.challenges import end_of, new_challenge, use_up
from registry.errors import WRONG_CODE
from registry.models import Passkey, next_numbers

NAME = "onecard"
CHALLENGE_LIFE_S = 120
PASSKEYS_MAX = 10
"""Passkeys of one person: a computer, a phone, keys for the drawer."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who the devices make keys for: the centre's own address."""

    origin: str
    """Scheme, host and port, as browsers name the page."""

    @property
    def id(self) -> str:
        """The host alone: keys are bound to it."""
        return urlsplit(self.origin).hostname or ""

    @classmethod
    def of(cls, url: str) -> "RelyingParty":
        """That of the centre's public URL."""
        parts = urlsplit(url)
        return cls(f"{parts.scheme}://{parts.netloc}")


def _ends_at(keys: KeyRing, purpose: str, challenge: bytes) -> datetime:
    """When a challenge ends; raises Problem(WRONG_CODE) unless it is one of ours that has not."""
    ends_at = end_of(keys, purpose, challenge)
    if ends_at is None:
        raise Problem(WRONG_CODE, "passkey.refused")
    return ends_at


async def _use_up(db: AsyncSession, challenge: bytes, ends_at: datetime) -> None:
    if not await use_up(db, challenge, ends_at):
        raise Problem(WRONG_CODE, "passkey.refused")


async def creation_options(db: AsyncSession, keys: KeyRing, party: RelyingParty, user_id: int, login: str) -> Any:
    """What a page passes to ``navigator.credentials.create``; raises Problem(CONFLICT) without a second factor."""
    await _may_have_one_more(db, user_id)
    known = await passkeys_of(db, user_id)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=NAME,
        user_name=login,
        user_id=user_id.to_bytes(8, "big"),
        challenge=new_challenge(keys, str(user_id), CHALLENGE_LIFE_S),
        timeout=CHALLENGE_LIFE_S * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(one.credential_id) for one in known],
    )
    return json.decode(webauthn.options_to_json(options))


async def _may_have_one_more(db: AsyncSession, user_id: int) -> None:
    if (await second_factor.state_of(db, user_id))[0] is None:
        raise Problem(CONFLICT, "passkey.no_second_factor")
    if len(await passkeys_of(db, user_id)) >= PASSKEYS_MAX:
        raise Problem(CONFLICT, "passkey.too_many", most=PASSKEYS_MAX)


async def register(
    db: AsyncSession, keys: KeyRing, party: RelyingParty, user_id: int, credential: dict[str, Any], name: str
) -> Passkey:
    """Keep the key that a device has made. Raises Problem WRONG_CODE, CONFLICT."""
    await _may_have_one_more(db, user_id)
    try:
        challenge = _challenge_in(credential)
        ends_at = _ends_at(keys, str(user_id), challenge)
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _MALFORMED:
        raise Problem(WRONG_CODE, "passkey.refused") from None
    await _use_up(db, challenge, ends_at)
    if await db.scalar(select(Passkey.passkey_id).where(Passkey.credential_id == made.credential_id)):
        raise Problem(CONFLICT, "passkey.known")
    [passkey_id] = await next_numbers(db, 1)
    passkey = Passkey(
        passkey_id=passkey_id,
        user_id=user_id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
        made_at=datetime.now(UTC),
    )
    db.add(passkey)
    try:
        await db.flush()
    except IntegrityError:
        raise Problem(CONFLICT, "passkey.known") from None
    return passkey


def request_options(keys: KeyRing, party: RelyingParty) -> Any:
    """What a page passes to ``navigator.credentials.get``: the device offers the people whom it knows here."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=new_challenge(keys, "", CHALLENGE_LIFE_S),
        timeout=CHALLENGE_LIFE_S * 1000,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return json.decode(webauthn.options_to_json(options))


async def sign_in(db: AsyncSession, keys: KeyRing, party: RelyingParty, credential: dict[str, Any]) -> int:
    """Whose passkey has signed our challenge (the user's number). Raises Problem(WRONG_CODE).

    A counter that does not rise shows a copied key (WebAuthn, section 6.1.1); keys that never count send 0.
    """
    try:
        credential_id = parse_authentication_credential_json(credential).raw_id
        challenge = _challenge_in(credential)
        ends_at = _ends_at(keys, "", challenge)
        passkey = await db.scalar(
            select(Passkey).where(Passkey.credential_id == credential_id).with_for_update(key_share=True)
        )
        if passkey is None:
            raise Problem(WRONG_CODE, "passkey.refused")
        shown = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except _MALFORMED:
        raise Problem(WRONG_CODE, "passkey.refused") from None
    await _use_up(db, challenge, ends_at)
    passkey.sign_count, passkey.last_used_at = shown.new_sign_count, datetime.now(UTC)
    return passkey.user_id


async def prove(db: AsyncSession, keys: KeyRing, party: RelyingParty, credential: dict[str, Any], user_id: int) -> None:
    """Make sure that a user's own passkey has signed our challenge. Raises Problem(WRONG_CODE)."""
    if await sign_in(db, keys, party, credential) != user_id:
        raise Problem(WRONG_CODE, "passkey.refused")


_MALFORMED = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What the library raises for what no device of ours has said, such as JSON of 5,000 levels; a Problem is none of
these."""


def _challenge_in(credential: dict[str, Any]) -> bytes:
    """The challenge that a device says it has signed; whether it did, its signature shows."""
    encoded = credential["response"]["clientDataJSON"]
    return parse_client_data_json(webauthn.base64url_to_bytes(encoded)).challenge


async def passkeys_of(db: AsyncSession, user_id: int) -> Sequence[Passkey]:
    """A person's passkeys, the oldest first."""
    rows = await db.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.passkey_id))
    return list(rows)


async def remove(db: AsyncSession, user_id: int, passkey_id: int) -> None:
    """Remove one of a person's own passkeys; raises Problem(NOT_FOUND)."""
    removed = delete(Passkey).where(Passkey.user_id == user_id, Passkey.passkey_id == passkey_id)
    if await db.scalar(removed.returning(Passkey.passkey_id)) is None:
        raise Problem(NOT_FOUND, "passkey.none")
