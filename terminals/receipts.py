"""Receipts: numbered, signed by the centre, verifiable without a network, with the sentence that the notice asks for.

The host must give a receipt, which the payer keeps; it is no basis for reimbursement, except where a region's rules say
that the canteen's slip is needed for the allowance (notice of July 2019; Xiantao). A receipt names a pseudonymous
account, no person. Its number is the posting's: 74 random bits, so that nobody can guess another's. Page and PDF are in
one language each; what is signed is Chinese.

* Signed: COSE_Sign1 (RFC 9052) with EdDSA over a deterministic CBOR array, context ``onecard receipt v1``. Ed25519 is
  deterministic: the signature is made whenever it is asked for and is always the same.
* Code: ``OR1:`` + base45 (RFC 9285) of the untagged COSE_Sign1.

The payee and refunds are shown beside it and are no part of what was signed.
"""

import html
from datetime import date, datetime
from pathlib import Path
from string import Template
from uuid import UUID

import cbor2
from msgspec import Struct

import web
from foundation.aside import Aside
from foundation.calendar import ZONE
from foundation.catalogue import Language, text
from foundation.codes import picture
from foundation.keys import KeyRing
from foundation.money import in_words, yuan
from foundation.pdf import render
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from foundation.strict_json import read_cbor
from settlement.ledger import QUERIES, rules_of
from settlement.tariff import in_force
from terminals import qr
from terminals.sessions import QUERIES as TERMINAL_QUERIES

PREFIX = "OR1:"
CODE_BYTES_MAX = 1_024
CONTEXT = b"onecard receipt v1"

FOLDER = Path(web.__file__).parent / "receipt"
PAGE = Template((FOLDER / "page.html").read_text(encoding="utf-8"))


class SignedReceipt(Struct, frozen=True):
    """What a receipt says; money in fen. ``effect`` is the region's ``receipt_effect``."""

    number: UUID
    kind: str
    holder_id: int
    payer_zh: str
    canteen_zh: str
    meal: str
    purchased_at: int
    business_date: str
    cash_fen: int
    subsidy_fen: int
    host_fen: int
    effect: str

    @property
    def amount_fen(self) -> int:
        """What was paid, by whomever."""
        return self.cash_fen + self.subsidy_fen + self.host_fen


class ReceiptShown(Struct):
    """A receipt with its code, what is shown beside it, and what was refunded since."""

    receipt: SignedReceipt
    code: str
    payer_en: str
    payee_zh: str
    payee_en: str
    canteen_en: str
    given_back_fen: int


def sign(keys: KeyRing, receipt: SignedReceipt) -> str:
    """The receipt's code."""
    values = [getattr(receipt, name) for name in receipt.__struct_fields__]
    signed = qr.sign1(keys.centre_signing_key, CONTEXT, [receipt.number.bytes, *values[1:]])
    return PREFIX + qr.base45_encode(cbor2.dumps(signed, canonical=True))


def read(centre_public_key: bytes, code: str) -> SignedReceipt:
    """Verify a receipt's code without a network; raises ``qr.NotGenuine``."""
    try:
        signed = read_cbor(qr.base45_decode(code.removeprefix(PREFIX)), CODE_BYTES_MAX)
        number, *values = qr.open_sign1(centre_public_key, CONTEXT, signed)
        return SignedReceipt(UUID(bytes=number), *values)
    except (ValueError, TypeError, Problem):
        raise qr.NotGenuine("not a receipt of this network") from None


async def find(pool: Pool, keys: KeyRing, number: UUID) -> ReceiptShown:
    """The receipt of a payment; raises Problem(NOT_FOUND)."""
    row = await pool.fetchrow(QUERIES["receipt"], number)
    if row is None:
        raise Problem(NOT_FOUND, "terminals.receipt_unknown", number=number)
    business_date: date = row["business_date"]
    purchased_at: datetime = row["purchased_at"]
    rules = in_force(await rules_of(pool, row["host_book"]), purchased_at.astimezone(ZONE).date())
    receipt = SignedReceipt(
        number=number,
        kind=row["kind"],
        holder_id=row["holder_id"],
        payer_zh=row["payer_zh"],
        canteen_zh=row["canteen_zh"],
        meal=row["meal"],
        purchased_at=int(purchased_at.timestamp()),
        business_date=business_date.isoformat(),
        cash_fen=row["cash_fen"],
        subsidy_fen=row["subsidy_fen"],
        host_fen=row["host_fen"],
        effect="personal" if rules is None else rules.receipt_effect,
    )
    payee = await pool.fetchrow(TERMINAL_QUERIES["receipt_payee"], number)
    assert payee is not None
    return ReceiptShown(
        receipt,
        sign(keys, receipt),
        row["payer_en"],
        payee["name_zh"],
        payee["name_en"],
        row["canteen_en"],
        row["given_back_fen"],
    )


async def page(shown: ReceiptShown, language: Language, documents: Aside, caller: str) -> str:
    """The receipt as a page in one language. Raises Problem(UNAVAILABLE) when too many ask."""
    texts = {name: html.escape(value) for name, value in _texts(shown, language).items()}
    lines = "\n".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in _lines(shown, language))
    texts |= {"lines": lines, "code": await _picture(shown, documents, caller)}
    texts |= {"download": text("receipt.download", language), "parameter": language.value}
    return PAGE.substitute(texts)


async def document(shown: ReceiptShown, language: Language, documents: Aside, caller: str) -> bytes:
    """The receipt as a PDF of A5, in one language. Raises Problem NO_FONT or UNAVAILABLE (too many ask)."""
    code = await _picture(shown, documents, caller)
    data = {**_texts(shown, language), "lines": _lines(shown, language), "code": code}
    return await documents.remembered(render, FOLDER / "page.typ", data, caller=caller)


async def _picture(shown: ReceiptShown, documents: Aside, caller: str) -> str:
    return (await documents.remembered(picture, shown.code, caller=caller)).decode()


def _texts(shown: ReceiptShown, language: Language) -> dict[str, str]:
    """What page and PDF say around the lines."""
    receipt = shown.receipt
    return {
        "lang": language.tag,
        "title": text("receipt.title", language),
        "number": str(receipt.number),
        "amount": f"¥{yuan(receipt.amount_fen)}",
        "effect": text(f"receipt.effect.{receipt.effect}", language),
        "code_note": text("receipt.code_note", language),
    }


def _lines(shown: ReceiptShown, language: Language) -> list[tuple[str, str]]:
    """What page and PDF say line by line: name and value, in the order of a Chinese receipt."""
    receipt, chinese = shown.receipt, language is Language.CHINESE
    purchased_at = datetime.fromtimestamp(receipt.purchased_at, ZONE)
    business_date = date.fromisoformat(receipt.business_date)
    amount = f"¥{yuan(receipt.amount_fen)}"
    if chinese:
        amount += f"（大写：{in_words(receipt.amount_fen)}）"
    parts = {"cash": receipt.cash_fen, "subsidy": receipt.subsidy_fen, "host": receipt.host_fen}
    values = {
        "number": short_number(receipt),
        "payee": shown.payee_zh if chinese else shown.payee_en,
        "canteen": receipt.canteen_zh if chinese else shown.canteen_en,
        "payer": receipt.payer_zh if chinese else shown.payer_en,
        "account": str(receipt.holder_id),
        "meal": text(f"receipt.meal.{receipt.meal}", language),
        "time": f"{_day(purchased_at, language)} {purchased_at:%H:%M}",
        "recorded": _day(business_date, language),
        "amount": amount,
        **{name: f"¥{yuan(fen)}" for name, fen in parts.items() if fen},
        "status": _status(shown, language),
    }
    return [(text(f"receipt.{name}", language), value) for name, value in values.items()]


def short_number(receipt: SignedReceipt) -> str:
    """The number for people to read out: the business date and the last 32 random bits of the receipt's number."""
    last = receipt.number.hex[-8:].upper()
    return f"{receipt.business_date.replace('-', '')} {last[:4]} {last[4:]}"


def _day(day: date, language: Language) -> str:
    if language is Language.CHINESE:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%B} {day.year}"


def _status(shown: ReceiptShown, language: Language) -> str:
    if not shown.given_back_fen:
        return text("receipt.status.paid", language)
    if shown.given_back_fen >= shown.receipt.amount_fen:
        return text("receipt.status.refunded", language)
    return text("receipt.refunded", language, amount=yuan(shown.given_back_fen))
