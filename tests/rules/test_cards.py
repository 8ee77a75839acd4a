"""Card arithmetic against published vectors."""

from hypothesis import given
from hypothesis import strategies as st

from registry.identifiers import Book, CredentialId, HolderId
from terminals import cards
from terminals.cards import CardFile
from terminals.devices import SoftwareCard
from terminals.signatures import hmac_signer

MASTER = bytes(range(16))
UID = bytes.fromhex("04782e21801d80")
FILE = CardFile(Book(3302), HolderId(1042), CredentialId(1043))


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
    challenge = cards.challenge(hmac_signer(bytes(32)), 1, 1)
    counter, mac = card.respond(challenge)
    assert cards.is_genuine(MASTER, UID, FILE, challenge, counter, mac)


@given(st.integers(0, 3), st.integers(0, 255))
def test_an_answer_fits_nothing_else(what: int, change: int) -> None:
    card = SoftwareCard(UID, FILE, cards.card_key(MASTER, UID, FILE))
    counter, mac = card.respond(cards.challenge(hmac_signer(bytes(32)), 1, 1))
    session, sequence, file, uid = bytes(32), 1, FILE, UID
    match what:
        case 0:
            session = bytes(31) + bytes([change or 1])
        case 1:
            sequence = 2 + change
        case 2:
            file = CardFile(FILE.book, HolderId(1042 + change + 1), FILE.credential_id)
        case _:
            uid = bytes([UID[0] ^ (change or 1)]) + UID[1:]
    challenge = cards.challenge(hmac_signer(session), 1, sequence)
    assert not cards.is_genuine(MASTER, uid, file, challenge, counter, mac)
    assert not cards.is_genuine(MASTER, UID, FILE, cards.challenge(hmac_signer(bytes(32)), 1, 1), counter + 1, mac)
