"""Issuing credentials: cards for the personaliser to write, certificates for phones."""

import secrets
import time
from datetime import UTC, datetime

from nacl.bindings import crypto_core_ed25519_is_valid_point
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.keys import KeyRing
from foundation.problems import CONFLICT, INVALID, NOT_ALLOWED, NOT_FOUND, Problem
from registry.access import Person
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from registry.models import Credential, Database, Official, next_numbers
from registry.officials import find_officials
from terminals import cards, qr
from terminals.blocking import set_blocked
from terminals.enrolment import CODE_LIFE, CODE_TRIES, code_hash, new_code
from terminals.errors import BAD_SIGNATURE, ENROLMENT_REFUSED
from terminals.models import PhoneActivation
from terminals.schemas import (
    ActivatePhone,
    Activation,
    CardIssued,
    NewActivations,
    NewCard,
    NewCards,
    NewReplacement,
    PhoneCertificate,
    to_bytes,
    to_text,
)

ACTIVATION_LIFE = 144 * CODE_LIFE
"""A day: the agency sends the code by a channel of its own, and the official enters it when convenient."""


async def _own_officials(
    db: AsyncSession, person: Person, agency_id: int, holder_ids: list[int]
) -> dict[int, Official]:
    person.must_act_for(agency_id)
    officials = await find_officials(db, holder_ids)
    if any(official.agency_id != agency_id for official in officials.values()):
        raise Problem(NOT_ALLOWED, "terminals.official_of_another_agency")
    return officials


async def issue_cards(db: AsyncSession, keys: KeyRing, person: Person, wanted: NewCards) -> list[CardIssued]:
    """Issue cards for officials of one agency. Raises Problem; CONFLICT when a chip's UID is in use."""
    officials = await _own_officials(db, person, wanted.agency_id, [card.holder_id for card in wanted.cards])
    uids = [bytes.fromhex(card.uid) for card in wanted.cards]
    used = await db.scalar(select(Credential.credential_id).where(Credential.card_uid.in_(uids)).limit(1))
    if used is not None or len(set(uids)) != len(uids):
        raise Problem(CONFLICT, "terminals.uid_in_use")
    numbers = await next_numbers(db, len(uids))
    return [
        _issue_card(db, keys, Book(officials[card.holder_id].book), card, CredentialId(number))
        for card, number in zip(wanted.cards, numbers, strict=True)
    ]


def _issue_card(db: AsyncSession, keys: KeyRing, book: Book, card: NewCard, number: CredentialId) -> CardIssued:
    uid = bytes.fromhex(card.uid)
    db.add(
        Credential(
            book=book,
            credential_id=number,
            holder_id=card.holder_id,
            kind="card",
            card_uid=uid,
            issued_at=datetime.now(UTC),
        )
    )
    key = cards.card_key(keys.card_master_key, uid, cards.CardFile(book, HolderId(card.holder_id), number))
    return CardIssued(uid.hex(), book, card.holder_id, number, to_text(key))


async def replace_card(
    db: AsyncSession, keys: KeyRing, person: Person, wanted: NewReplacement
) -> tuple[CardIssued, Official]:
    """Block a card and issue another for the same account.

    Raises Problem: NOT_FOUND, NOT_ALLOWED, CONFLICT (no card, an account that is closed, a UID in use).
    """
    old = await db.scalar(select(Credential).where(Credential.credential_id == wanted.credential_id).with_for_update())
    if old is None:
        raise Problem(NOT_FOUND, "terminals.credential_unknown", credential_id=wanted.credential_id)
    official = await db.get_one(Official, (old.book, old.holder_id))
    person.must_act_for(official.agency_id)
    if old.kind != "card" or official.state != "active":
        raise Problem(CONFLICT, "terminals.not_replaceable")
    if old.state == "active":
        await set_blocked(db, person, old.credential_id, True, wanted.reason)
    cards_wanted = NewCards(official.agency_id, [NewCard(official.holder_id, wanted.uid)])
    [card] = await issue_cards(db, keys, person, cards_wanted)
    return card, official


async def create_activations(
    db: AsyncSession, person: Person, wanted: NewActivations
) -> tuple[list[Activation], datetime]:
    """One-time codes for officials' phones, and when they expire. Raises Problem."""
    officials = await _own_officials(db, person, wanted.agency_id, list(wanted.holder_ids))
    expires_at = datetime.now(UTC) + ACTIVATION_LIFE
    activations = []
    numbers = await next_numbers(db, len(wanted.holder_ids))
    for holder_id, number in zip(wanted.holder_ids, numbers, strict=True):
        code = new_code()
        db.add(
            PhoneActivation(
                book=officials[holder_id].book,
                activation_id=number,
                holder_id=holder_id,
                code_hash=code_hash(code),
                expires_at=expires_at,
                tries_left=CODE_TRIES,
            )
        )
        activations.append(Activation(number, holder_id, code))
    return activations, expires_at


async def activate_phone(database: Database, keys: KeyRing, asked: ActivatePhone) -> PhoneCertificate:
    """Redeem a code: the phone's key becomes a credential. Raises Problem ENROLMENT_REFUSED, INVALID (no key)."""
    if not crypto_core_ed25519_is_valid_point(to_bytes(asked.public_key)):
        # Anybody can sign under a key of small order.
        raise Problem(INVALID, "terminals.public_key")
    async with database.begin() as db:
        activation = await db.scalar(
            select(PhoneActivation).where(PhoneActivation.activation_id == asked.activation_id).with_for_update()
        )
        if activation is None or activation.tries_left <= 0 or activation.expires_at <= datetime.now(UTC):
            raise Problem(ENROLMENT_REFUSED)
        if secrets.compare_digest(activation.code_hash, code_hash(asked.code)):
            activation.tries_left = 0
            return await _issue_certificate(db, keys, activation, to_bytes(asked.public_key))
        activation.tries_left -= 1
    raise Problem(ENROLMENT_REFUSED)


async def _issue_certificate(
    db: AsyncSession, keys: KeyRing, activation: PhoneActivation, public_key: bytes
) -> PhoneCertificate:
    [activation.credential_id] = await next_numbers(db, 1)
    official = await db.get_one(Official, (activation.book, activation.holder_id))
    credential = Credential(
        book=official.book,
        credential_id=activation.credential_id,
        holder_id=official.holder_id,
        kind="phone",
        public_key=public_key,
        issued_at=datetime.now(UTC),
    )
    db.add(credential)
    return _certificate(keys, official, credential)


async def renew_certificate(database: Database, keys: KeyRing, certificate: bytes) -> PhoneCertificate:
    """A fresh certificate for a phone that proved its key. Raises Problem(BAD_SIGNATURE) for an unknown one.

    An expired certificate can be renewed, a blocked credential's cannot.
    """
    credential, official = await holder_of(database, keys, certificate)
    return _certificate(keys, official, credential)


async def holder_of(database: Database, keys: KeyRing, certificate: bytes) -> tuple[Credential, Official]:
    """Credential and official of a certificate, expired or not. Raises Problem(BAD_SIGNATURE): unknown or blocked."""
    try:
        holder = qr.read_certificate(keys.centre_public_key, certificate)
    except qr.NotGenuine:
        raise Problem(BAD_SIGNATURE, "terminals.certificate_unknown") from None
    async with database() as db:
        credential = await db.get(Credential, (holder.book, holder.credential_id))
        if credential is None or credential.state != "active" or credential.public_key != holder.public_key:
            raise Problem(BAD_SIGNATURE, "terminals.credential_blocked")
        return credential, await db.get_one(Official, (credential.book, credential.holder_id))


def _certificate(keys: KeyRing, official: Official, credential: Credential) -> PhoneCertificate:
    assert credential.public_key is not None
    expires_at = int(time.time()) + qr.CERTIFICATE_LIFE_S
    holder = qr.Holder(
        Book(official.book),
        AgencyId(official.agency_id),
        HolderId(official.holder_id),
        CredentialId(credential.credential_id),
        expires_at,
        credential.public_key,
    )
    certificate = qr.issue_certificate(keys.centre_signing_key, holder)
    return PhoneCertificate(to_text(certificate), credential.credential_id, expires_at)
