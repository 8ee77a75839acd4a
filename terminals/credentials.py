"""Issuing credentials: cards for the personaliser to write, certificates for phones."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.keys import KeyRing
from foundation.problems import CONFLICT, INVALID, NOT_ALLOWED, NOT_FOUND, Problem
from registry.access import Person
from registry.holder_sessions import Session
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from registry.models import Credential, Database, Identity, Official, next_numbers
from registry.officials import find_officials, must_be_open
from terminals import cards, qr
from terminals.blocking import must_not_be_replaced, phone_is_withheld, set_blocked, void_codes
from terminals.enrolment import CODE_LIFE, TRIES_OF_OLD, code_hash, new_code
from terminals.errors import CREDENTIAL_BLOCKED, ENROLMENT_REFUSED
from terminals.models import PhoneActivation
from terminals.phone_keys import KeyAlgorithm, PhoneKey
from terminals.references import reference_for
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

ISSUED_IN_STEPS_OF_S = 3600
"""Certificates of one hour are one and the same: a renewal can be repeated, and a phone has 170 references at most."""
ACTIVATION_LIFE = 144 * CODE_LIFE
"""A day: the agency sends the code by a channel of its own, and the official enters it when convenient. An official has
one open code: it ends with the next one, and with every block, suspension or leaving of his (``blocking``)."""


async def _own_officials(
    db: AsyncSession, person: Person, agency_id: int, holder_ids: list[int]
) -> dict[int, Official]:
    person.must_act_for(agency_id)
    officials = await find_officials(db, holder_ids, keep_open=True)
    if any(official.agency_id != agency_id for official in officials.values()):
        raise Problem(NOT_ALLOWED, "terminals.official_of_another_agency")
    must_be_open(*officials.values())
    return officials


async def issue_cards(db: AsyncSession, keys: KeyRing, person: Person, wanted: NewCards) -> list[CardIssued]:
    """Issue cards for officials of one agency.

    Raises Problem: NOT_FOUND, NOT_ALLOWED, ACCOUNT_CLOSED, CONFLICT (a chip's UID is in use).
    """
    officials = await _own_officials(db, person, wanted.agency_id, [card.holder_id for card in wanted.cards])
    uids = [bytes.fromhex(card.uid) for card in wanted.cards]
    used = await db.scalar(select(Credential.credential_id).where(Credential.card_uid.in_(uids)).limit(1))
    if used is not None or len(set(uids)) != len(uids):
        raise Problem(CONFLICT, "terminals.uid_in_use")
    numbers = await next_numbers(db, len(uids))
    return [
        _issue_card(db, keys, officials[card.holder_id], card, CredentialId(number))
        for card, number in zip(wanted.cards, numbers, strict=True)
    ]


def _issue_card(db: AsyncSession, keys: KeyRing, official: Official, card: NewCard, number: CredentialId) -> CardIssued:
    uid = bytes.fromhex(card.uid)
    version = keys.card_master_version
    master = keys.card_master_key(version)
    assert master is not None, "the version in use has not ended"
    file = cards.CardFile(version, official.book, official.agency_id, official.holder_id, number)
    db.add(
        Credential(
            book=official.book,
            credential_id=number,
            holder_id=official.holder_id,
            kind="card",
            card_uid=uid,
            issued_at=datetime.now(UTC),
        )
    )
    key = to_text(cards.card_key(master, uid, file))
    return CardIssued(uid.hex(), file.key_version, file.book, file.agency_id, file.holder_id, file.credential_id, key)


async def replace_card(
    db: AsyncSession, keys: KeyRing, person: Person, wanted: NewReplacement
) -> tuple[CardIssued, Official]:
    """Block a card and issue another for the same account.

    Raises Problem: NOT_FOUND, NOT_ALLOWED, ACCOUNT_CLOSED, CONFLICT (no card, or one that was replaced before; a
    UID in use).
    """
    old = await db.scalar(select(Credential).where(Credential.credential_id == wanted.credential_id))
    if old is None:
        raise Problem(NOT_FOUND, "terminals.credential_unknown", credential_id=wanted.credential_id)
    official = await db.get_one(Official, (old.book, old.holder_id))
    person.must_act_for(official.agency_id)
    must_be_open(official)
    if old.kind != "card":
        raise Problem(CONFLICT, "terminals.not_replaceable")
    # The account is locked before the credential, as a closure locks them.
    cards_wanted = NewCards(official.agency_id, [NewCard(official.holder_id, wanted.uid)])
    [card] = await issue_cards(db, keys, person, cards_wanted)
    await set_blocked(db, person, old.credential_id, True, wanted.reason)
    await must_not_be_replaced(db, old)
    await db.flush()
    (await db.get_one(Credential, (old.book, card.credential_id))).replaces = old.credential_id
    return card, official


async def create_activations(
    db: AsyncSession, person: Person, wanted: NewActivations
) -> tuple[list[Activation], datetime]:
    """One-time codes for officials' phones, and when they expire. Raises Problem as ``issue_cards``."""
    if len(set(wanted.holder_ids)) < len(wanted.holder_ids):
        raise Problem(INVALID, "terminals.official_twice")
    # Locked here first, for this alone: from a shared lock two who want the same would wait for each other.
    await find_officials(db, wanted.holder_ids, alone=True)
    officials = await _own_officials(db, person, wanted.agency_id, list(wanted.holder_ids))
    return await _new_activations(db, [officials[holder_id] for holder_id in wanted.holder_ids], None)


async def new_own_activation(db: AsyncSession, session: Session, actor: str) -> tuple[Activation, datetime]:
    """A code that an official makes for himself in his session, with whose identity it ends, and when it expires.

    Raises Problem NOT_ALLOWED (somebody else has blocked his phone, and the agency has given him none since),
    ACCOUNT_CLOSED.
    """
    official = (await find_officials(db, [session.holder_id], alone=True))[session.holder_id]
    must_be_open(official)
    if await phone_is_withheld(db, official, actor):
        raise Problem(NOT_ALLOWED, "terminals.phone_withheld")
    [made], expires_at = await _new_activations(db, [official], session)
    return made, expires_at


async def _new_activations(
    db: AsyncSession, officials: Sequence[Official], session: Session | None
) -> tuple[list[Activation], datetime]:
    """For officials who are active and locked; their earlier codes end."""
    expires_at = datetime.now(UTC) + ACTIVATION_LIFE
    activations = []
    for book in {official.book for official in officials}:
        await void_codes(db, book, [official.holder_id for official in officials if official.book == book])
    numbers = await next_numbers(db, len(officials))
    for official, number in zip(officials, numbers, strict=True):
        code = new_code()
        db.add(
            PhoneActivation(
                book=official.book,
                activation_id=number,
                holder_id=official.holder_id,
                code_hash=code_hash(code),
                expires_at=expires_at,
                tries_left=TRIES_OF_OLD,
                identity_id=session and session.identity_id,
                session_number=session and session.number,
            )
        )
        activations.append(Activation(number, official.holder_id, code))
    return activations, expires_at


async def activate_phone(database: Database, keys: KeyRing, asked: ActivatePhone) -> PhoneCertificate:
    """Redeem a code: the phone's key becomes a credential. Raises Problem ENROLMENT_REFUSED, ACCOUNT_CLOSED.

    The same code and key get the same certificate for as long as the code lives.
    """
    key = key_of(asked)
    async with database.begin() as db:
        activation = await db.scalar(
            select(PhoneActivation).where(PhoneActivation.activation_id == asked.activation_id)
        )
        if activation is None:
            raise Problem(ENROLMENT_REFUSED)
        # The account before the code, as who blocks or suspends locks them.
        official = (await find_officials(db, [activation.holder_id], keep_open=True))[activation.holder_id]
        await db.refresh(activation, with_for_update=True)
        if activation.expires_at <= datetime.now(UTC) or not secrets.compare_digest(
            activation.code_hash, code_hash(asked.code)
        ):
            raise Problem(ENROLMENT_REFUSED)
        if activation.credential_id is None:
            must_be_open(official)
            await _must_be_open_code(db, activation)
            return await _issue_certificate(db, keys, activation, official, key)
        made = await db.get(Credential, (activation.book, activation.credential_id))
        if made is None or made.state != "active" or _key_of(made) != key:
            raise Problem(ENROLMENT_REFUSED)
        return await _certificate(db, keys, official, made, made.issued_at)


async def _must_be_open_code(db: AsyncSession, activation: PhoneActivation) -> None:
    """Raise Problem(ENROLMENT_REFUSED) for one that was ended, by itself or with the identity that made it."""
    if activation.tries_left == 0:
        raise Problem(ENROLMENT_REFUSED)
    if activation.identity_id is not None:
        identity = await db.get_one(Identity, activation.identity_id)
        if identity.ended_at is not None:
            raise Problem(ENROLMENT_REFUSED)


async def _issue_certificate(
    db: AsyncSession, keys: KeyRing, activation: PhoneActivation, official: Official, key: PhoneKey
) -> PhoneCertificate:
    activation.tries_left = 0
    [activation.credential_id] = await next_numbers(db, 1)
    credential = Credential(
        book=official.book,
        credential_id=activation.credential_id,
        holder_id=official.holder_id,
        kind="phone",
        public_key=key.public,
        key_algorithm=key.algorithm,
        issued_at=datetime.now(UTC),
        replaces=await _blocked_phone(db, official),
    )
    db.add(credential)
    await db.flush()
    return await _certificate(db, keys, official, credential, credential.issued_at)


async def _blocked_phone(db: AsyncSession, official: Official) -> CredentialId | None:
    """The last phone of an official, if it is blocked: the next one replaces it."""
    phones = select(Credential).where(
        Credential.book == official.book, Credential.holder_id == official.holder_id, Credential.kind == "phone"
    )
    last = await db.scalar(phones.order_by(Credential.credential_id.desc()).limit(1))
    return None if last is None or last.state == "active" else last.credential_id


async def renew_certificate(database: Database, keys: KeyRing, holder: qr.Holder) -> PhoneCertificate:
    """A fresh certificate for a phone that proved the key of an earlier one. Raises Problem(CREDENTIAL_BLOCKED).

    An expired certificate can be renewed, a blocked credential's cannot. Within the same hour it is the same one.
    """
    credential, official = await holder_of(database, holder)
    async with database.begin() as db:
        return await _certificate(db, keys, official, credential, datetime.now(UTC))


async def holder_of(database: Database, holder: qr.Holder) -> tuple[Credential, Official]:
    """Credential and official of a certificate, expired or not. Raises Problem(CREDENTIAL_BLOCKED)."""
    async with database() as db:
        credential = await db.get(Credential, (holder.book, holder.credential_id))
        if credential is None or credential.state != "active" or _key_of(credential) != holder.key:
            raise Problem(CREDENTIAL_BLOCKED)
        return credential, await db.get_one(Official, (credential.book, credential.holder_id))


def key_of(asked: ActivatePhone) -> PhoneKey:
    """The key of a phone's first message; raises Problem(INVALID) for one under which anybody can sign."""
    key = PhoneKey(to_bytes(asked.public_key), asked.algorithm)
    if not key.is_valid():
        raise Problem(INVALID, "terminals.public_key")
    return key


def _key_of(phone: Credential) -> PhoneKey:
    return PhoneKey(phone.public_key or b"", KeyAlgorithm(phone.key_algorithm or KeyAlgorithm.ED25519))


async def _certificate(
    db: AsyncSession, keys: KeyRing, official: Official, credential: Credential, issued_at: datetime
) -> PhoneCertificate:
    issued_at_s = int(issued_at.timestamp()) // ISSUED_IN_STEPS_OF_S * ISSUED_IN_STEPS_OF_S
    expires_at = issued_at_s + qr.CERTIFICATE_LIFE_S
    reference = await reference_for(db, credential, datetime.fromtimestamp(expires_at, UTC))
    holder = qr.Holder(
        Book(official.book),
        AgencyId(official.agency_id),
        HolderId(official.holder_id),
        CredentialId(credential.credential_id),
        expires_at,
        _key_of(credential),
    )
    version = keys.centre_version
    signing_key = keys.signing_key(version)
    assert signing_key is not None, "the version in use has not ended"
    certificate = qr.issue_certificate(signing_key, version, holder)
    return PhoneCertificate(to_text(certificate), to_text(reference), credential.credential_id, expires_at)
