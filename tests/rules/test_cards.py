"""Card arithmetic against published vectors."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from registry.meals import Meal
from terminals import cards
from terminals.cards import CardFile
from terminals.devices import AnsweredAlready, SoftwareCard
from terminals.signatures import hmac_signer

MASTER = bytes(range(16))
UID = bytes.fromhex("04782e21801d80")
LUNCH = cards.binding(1010, Meal.LUNCH, 1_763_870_582, None, False)
FILE = CardFile(1, Book(3302), AgencyId(1003), HolderId(1042), CredentialId(1043))


def test_an10922_example() -> None:
    """NXP AN10922, section 2.2.1: AES-128 key diversification example."""
    key = cards.diversify(
        bytes.fromhex("00112233445566778899aabbccddeeff"),
        bytes.fromhex("04782e21801d80"),
        bytes.fromhex("3042f5"),
        bytes.fromhex("4e585020416275"),
    )
    assert key.hex() == "a8dd63a3b89d54b37ca802473fda9175"


def test_rfc_4493_examples() -> None:
    """RFC 4493 section 4, examples 1 and 3."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    message = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411")
    assert cards.cmac(key, b"").hex() == "bb1d6929e95937287fa37d129b756746"
    assert cards.cmac(key, message).hex() == "dfa66747de9ae63030ca32611497c827"


def test_a_card_answers_its_challenge() -> None:
    card = SoftwareCard(UID, FILE, cards.card_key(MASTER, UID, FILE))
    challenge = cards.challenge(hmac_signer(bytes(32)), 1, 1, LUNCH)
    counter, mac = card.tap().respond(challenge)
    assert cards.is_genuine(MASTER, UID, FILE, challenge, counter, mac)


def test_a_card_answers_once_a_tap() -> None:
    card = SoftwareCard(UID, FILE, cards.card_key(MASTER, UID, FILE))
    tap = card.tap()
    first = tap.respond(bytes(16))
    for _ in range(3):
        with pytest.raises(AnsweredAlready):
            tap.respond(bytes(16))
    assert (first[0], card.counter, card.tap().respond(bytes(16))[0]) == (1, 1, 2)


PAYMENTS = st.tuples(
    st.integers(1, 2**53 - 1),
    st.sampled_from(Meal),
    st.integers(0, 2**34),
    st.none() | st.integers(1, 1_000_000),
    st.booleans(),
)


@given(PAYMENTS, PAYMENTS, st.integers(0, 4))
def test_each_part_of_a_payment_is_bound_by_itself(one: Any, other: Any, at: int) -> None:
    changed = (*one[:at], other[at], *one[at + 1 :])
    assert (cards.binding(*changed) == cards.binding(*one)) == (changed == one)


@given(PAYMENTS, PAYMENTS)
def test_two_payments_have_two_bindings_and_two_challenges(one: Any, other: Any) -> None:
    bound = [cards.binding(*payment) for payment in (one, other)]
    assert {len(b) for b in bound} == {26}
    assert (bound[0] == bound[1]) == (one == other)
    challenges = {cards.challenge(hmac_signer(bytes(32)), 1, 1, b) for b in bound}
    assert len(challenges) == len({one, other})


@given(st.integers(0, 3), st.integers(0, 255))
def test_an_answer_fits_nothing_else(what: int, change: int) -> None:
    card = SoftwareCard(UID, FILE, cards.card_key(MASTER, UID, FILE))
    counter, mac = card.tap().respond(cards.challenge(hmac_signer(bytes(32)), 1, 1, LUNCH))
    session, sequence, file, uid = bytes(32), 1, FILE, UID
    match what:
        case 0:
            session = bytes(31) + bytes([change or 1])
        case 1:
            sequence = 2 + change
        case 2:
            name = FILE.__struct_fields__[change % 5]
            file = structs.replace(FILE, **{name: getattr(FILE, name) + change % 200 + 1})
        case _:
            uid = bytes([UID[0] ^ (change or 1)]) + UID[1:]
    challenge = cards.challenge(hmac_signer(session), 1, sequence, LUNCH)
    assert not cards.is_genuine(MASTER, uid, file, challenge, counter, mac)
    right = cards.challenge(hmac_signer(bytes(32)), 1, 1, LUNCH)
    assert not cards.is_genuine(MASTER, UID, FILE, right, counter + 1, mac)
