"""Receipts: numbered, signed by the centre, verifiable without a network, with the sentence that the notice asks for.

The host must give a receipt, which the payer keeps; it is no basis for reimbursement, except where a region's rules say
that the canteen's slip is needed for the allowance (notice of July 2019; Xiantao). The payer is the official himself,
or the host of a working meal. A receipt names no person and no account: whoever finds a number or a code must not
recognise the same official on another. Its number is the posting's: 74 random bits, so that nobody can guess another's.
Page and PDF are in one language each; what is signed is Chinese.

* Signed: COSE_Sign1 (RFC 9052) with EdDSA over a deterministic CBOR array of the fields of ``SignedReceipt`` in order
  (the number as 16 bytes), context ``onecard receipt v2``. Ed25519 is deterministic: the signature is made whenever it
  is asked for and is always the same. Codes of context v1 were printed before; they had the holder's number third.
* Code: ``OR1:`` + base45 (RFC 9285) of the untagged COSE_Sign1.

The payee, what was sold, what was given back, and whether the payment came late are shown beside it; they are not
signed.
"""

import html
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from string import Template
from types import MappingProxyType
from typing import Any
from uuid import UUID

import cbor2
from msgspec import Struct

from foundation.aside import Aside
from foundation.calendar import ZONE
from foundation.catalogue import Language, text
from foundation.codes import picture
from foundation.keys import KeyRing
from foundation.money import in_words, yuan
from foundation.pages import OTHER, WEB, page_file
from foundation.pdf import render
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from foundation.strict_json import read_cbor
from registry.former_names import Noun, names_on
from settlement.ledger import QUERIES, rules_of
from settlement.sale_lines import lines_of as lines_of_sale
from settlement.schemas import SaleLine
from settlement.tariff import in_force
from settlement.transfers import TransferKind
from terminals import qr
from terminals.sessions import QUERIES as TERMINAL_QUERIES

PREFIX = "OR1:"
CODE_BYTES_MAX = 1_024
CONTEXT = b"onecard receipt v2"
FIRST_CONTEXT = b"onecard receipt v1"
_FORM = re.compile(re.escape(PREFIX) + r"[0-9A-Z $%*+\-./:]+")

TEMPLATE = WEB / "receipt" / "page.typ"
PAGE = Template(page_file("receipt/page.html"))


class SignedReceipt(Struct, frozen=True):
    """What a receipt says; money in fen. ``effect`` is the region's ``receipt_effect``."""

    number: UUID
    kind: str
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
    """A receipt with its code, what is shown beside it, and what was given back since.

    ``late``: the payment reached the centre at ``posted_at``, long after its purchase.
    """

    receipt: SignedReceipt
    code: str
    payer_en: str
    payee_zh: str
    payee_en: str
    canteen_en: str
    given_back_fen: int
    voided: bool
    late: bool
    posted_at: int
    sold: list[SaleLine]

    @property
    def net_fen(self) -> int:
        """What the payer paid in the end."""
        return self.receipt.amount_fen - self.given_back_fen


def sign(keys: KeyRing, receipt: SignedReceipt) -> str:
    """The receipt's code."""
    values = [getattr(receipt, name) for name in receipt.__struct_fields__]
    signed = qr.sign1(keys.centre_signing_key, CONTEXT, [receipt.number.bytes, *values[1:]])
    return PREFIX + qr.base45_encode(cbor2.dumps(signed, canonical=True))


def is_code(given: str) -> bool:
    """Whether a text has the form of a receipt's code, whoever signed it, and whatever became of it since."""
    return _FORM.fullmatch(given) is not None


def read(centre_public_keys: Sequence[bytes], code: str) -> SignedReceipt:
    """Verify a receipt's code without a network, by any version of the centre's key; raises ``qr.NotGenuine``."""
    if not code.startswith(PREFIX):
        raise qr.NotGenuine("not a receipt of this network")
    try:
        signed = read_cbor(qr.base45_decode(code.removeprefix(PREFIX)), CODE_BYTES_MAX)
        number, *values = _values(centre_public_keys, signed)
        return SignedReceipt(UUID(bytes=number), *values)
    except (ValueError, TypeError, Problem):
        raise qr.NotGenuine("not a receipt of this network") from None


def _values(centre_public_keys: Sequence[bytes], signed: object) -> list[Any]:
    """What was signed, in the order of ``SignedReceipt``."""
    for key in centre_public_keys:
        with suppress(qr.NotGenuine):
            return list(qr.open_sign1(key, CONTEXT, signed))
        with suppress(qr.NotGenuine):
            number, kind, _holder_id, *values = qr.open_sign1(key, FIRST_CONTEXT, signed)
            return [number, kind, *values]
    raise qr.NotGenuine("no key of the centre signed it")


async def find(pool: Pool, keys: KeyRing, number: UUID) -> ReceiptShown:
    """The receipt of a payment; raises Problem(NOT_FOUND)."""
    found = await pool.fetchrow(QUERIES["receipt"], number)
    if found is None:
        raise Problem(NOT_FOUND, "terminals.receipt_unknown", number=number)
    row = dict(found)
    business_date: date = row["business_date"]
    purchased_at: datetime = row["purchased_at"]
    rules = in_force(await rules_of(pool, row["host_book"]), purchased_at.astimezone(ZONE).date())
    payee = dict(await pool.fetchrow(TERMINAL_QUERIES["receipt_payee"], number) or {})
    await _take_names_of(pool, business_date, row, payee)
    payer_zh, payer_en = (_payer(row, payee, language) for language in (Language.CHINESE, Language.ENGLISH))
    receipt = SignedReceipt(
        number=number,
        kind=row["kind"],
        payer_zh=payer_zh,
        canteen_zh=row["canteen_zh"],
        meal=row["meal"],
        purchased_at=int(purchased_at.timestamp()),
        business_date=business_date.isoformat(),
        cash_fen=row["cash_fen"],
        subsidy_fen=row["subsidy_fen"],
        host_fen=row["host_fen"],
        effect="personal" if rules is None else rules.receipt_effect,
    )
    return ReceiptShown(
        receipt,
        sign(keys, receipt),
        payer_en,
        payee["name_zh"],
        payee["name_en"],
        row["canteen_en"],
        row["given_back_fen"],
        row["voided"],
        row["late"],
        int(row["posted_at"].timestamp()),
        await lines_of_sale(pool, number),
    )


async def _take_names_of(pool: Pool, day: date, row: dict[str, Any], payee: dict[str, Any]) -> None:
    """Put the names of the payment's business day in the place of today's: its receipt says for ever the same."""
    issuer, host = (Noun.AGENCY, row["issuer_id"]), (Noun.AGENCY, row["host_id"])
    canteen = Noun.CANTEEN, row["canteen_id"]
    names = await names_on(pool, day, {issuer, host, canteen})
    row["issuer_zh"], row["issuer_en"] = names.get(issuer, (row["issuer_zh"], row["issuer_en"]))
    row["canteen_zh"], row["canteen_en"] = names.get(canteen, (row["canteen_zh"], row["canteen_en"]))
    payee["name_zh"], payee["name_en"] = names.get(host, (payee["name_zh"], payee["name_en"]))


def _payer(row: Mapping[str, Any], host: Mapping[str, Any], language: Language) -> str:
    """Who paid: the official, with his agency, or the host of a working meal."""
    name = "name_zh" if language is Language.CHINESE else "name_en"
    issuer = "issuer_zh" if language is Language.CHINESE else "issuer_en"
    if row["kind"] == TransferKind.WORKING_MEAL:
        return text("receipt.payer.host", language, agency=host[name])
    return text("receipt.payer.official", language, agency=row[issuer])


async def page(shown: ReceiptShown, language: Language, documents: Aside, caller: str, *, from_phone: bool) -> str:
    """The receipt as a page in one language, with the way back to where it was opened from.

    Raises Problem(UNAVAILABLE) when too many ask.
    """
    texts = {name: html.escape(value) for name, value in _texts(shown, language).items()}
    texts |= {"lines": _listed(_lines(shown, language)), "sold": _listed(_sold(shown, language))}
    texts["code"] = await _picture(shown, documents, caller)
    texts |= {"download": text("receipt.download", language), "parameter": language.value}
    texts["check"] = text("check.title", language)
    texts["other_tag"], texts["other_name"] = OTHER[language]
    texts["from"] = "&amp;from=phone" if from_phone else ""
    back = html.escape(text("receipt.back", language))
    texts["back"] = f'<a class="back" href="/phone/#bills">‹ {back}</a>' if from_phone else ""
    return PAGE.substitute(texts)


def _listed(lines: list[tuple[str, str]]) -> str:
    return "\n".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in lines)


async def document(shown: ReceiptShown, language: Language, documents: Aside, caller: str) -> bytes:
    """The receipt as a PDF of A5, in one language. Raises Problem NO_FONT or UNAVAILABLE (too many ask)."""
    code = await _picture(shown, documents, caller)
    lines, sold = _lines(shown, language), _sold(shown, language)
    data = {**_texts(shown, language), "lines": lines, "sold": sold, "code": code}
    return await documents.remembered(render, TEMPLATE, data, caller=caller)


async def _picture(shown: ReceiptShown, documents: Aside, caller: str) -> str:
    return (await documents.remembered(picture, shown.code, caller=caller)).decode()


def _texts(shown: ReceiptShown, language: Language) -> dict[str, str]:
    """What page and PDF say around the lines."""
    receipt = shown.receipt
    return {
        "lang": language.tag,
        "title": text("receipt.title", language),
        "number": str(receipt.number),
        "amount": f"¥{yuan(shown.net_fen)}",
        "original": _original(shown, language),
        "sold_title": text("receipt.sold", language) if shown.sold else "",
        "effect": text(f"receipt.effect.{receipt.effect}", language),
        "code_note": text("receipt.code_note", language),
    }


def _lines(shown: ReceiptShown, language: Language) -> list[tuple[str, str]]:
    """What page and PDF say line by line: what was signed, and what stands beside it."""
    chinese = language is Language.CHINESE
    beside = {
        "payee": shown.payee_zh if chinese else shown.payee_en,
        "late": _late(shown, language),
        "status": _status(shown, language),
    }
    if not chinese:
        beside |= {"canteen": shown.canteen_en, "payer": shown.payer_en}
    return lines_of(shown.receipt, language, beside)


def _sold(shown: ReceiptShown, language: Language) -> list[tuple[str, str]]:
    """The sale lines under a title of their own, since the till names the articles: how much of each for how much."""
    return [(line.article, _quantity(line, language)) for line in shown.sold]


def _quantity(line: SaleLine, language: Language) -> str:
    kind, quantity = ("grams", line.grams) if line.portions is None else ("portions", line.portions)
    value = f"{text(f'receipt.line.{kind}', language, **{kind: quantity})} ¥{yuan(line.amount_fen)}"
    return f"{text('receipt.line.take_away', language)} · {value}" if line.take_away else value


def lines_of(
    receipt: SignedReceipt, language: Language, beside: Mapping[str, str] = MappingProxyType({})
) -> list[tuple[str, str]]:
    """A receipt line by line, name and value, in the order of a Chinese receipt; ``beside`` adds and translates."""
    purchased_at = datetime.fromtimestamp(receipt.purchased_at, ZONE)
    business_date = date.fromisoformat(receipt.business_date)
    amount = f"¥{yuan(receipt.amount_fen)}"
    if language is Language.CHINESE:
        amount += f"（大写：{in_words(receipt.amount_fen)}）"
    parts = {"cash": receipt.cash_fen, "subsidy": receipt.subsidy_fen, "host": receipt.host_fen}
    values = {
        "number": short_number(receipt),
        "payee": "",
        "canteen": receipt.canteen_zh,
        "payer": receipt.payer_zh,
        "meal": text(f"receipt.meal.{receipt.meal}", language),
        "time": f"{_day(purchased_at, language)} {purchased_at:%H:%M}",
        "recorded": _day(business_date, language),
        "late": "",
        "amount": amount,
        **{name: f"¥{yuan(fen)}" for name, fen in parts.items() if fen},
        "status": "",
        **beside,
    }
    return [(text(f"receipt.{name}", language), value) for name, value in values.items() if value]


def short_number(receipt: SignedReceipt) -> str:
    """The number for people to read out: the business date and the last 32 random bits of the receipt's number."""
    last = receipt.number.hex[-8:].upper()
    return f"{receipt.business_date.replace('-', '')} {last[:4]} {last[4:]}"


def _day(day: date, language: Language) -> str:
    if language is Language.CHINESE:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%B} {day.year}"


def _late(shown: ReceiptShown, language: Language) -> str:
    """When the payment came, if that was long after its purchase: the payer should know what he did not see."""
    if not shown.late:
        return ""
    posted_at = datetime.fromtimestamp(shown.posted_at, ZONE)
    minutes = (shown.posted_at - shown.receipt.purchased_at) // 60
    at = f"{_day(posted_at, language)} {posted_at:%H:%M}"
    return text("receipt.late.value", language, at=at, minutes=minutes)


def _original(shown: ReceiptShown, language: Language) -> str:
    """Small beside the amount: what was paid at first, once something was given back."""
    if not shown.given_back_fen:
        return ""
    return text("receipt.original", language, amount=yuan(shown.receipt.amount_fen), status=_status(shown, language))


def _status(shown: ReceiptShown, language: Language) -> str:
    if not shown.given_back_fen:
        return text("receipt.status.paid", language)
    if shown.voided:
        return text("receipt.status.voided", language)
    if not shown.net_fen:
        return text("receipt.status.refunded", language)
    return text("receipt.refunded", language, amount=yuan(shown.given_back_fen))
