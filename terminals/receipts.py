"""Receipts: numbered, signed by the centre, verifiable without a network, marked as the regulation asks.

The host must give a receipt, which the traveller keeps; it is not for reimbursement, except where a region's rules say
that the canteen's slip is needed for the allowance (notice of July 2019; Xiantao). A receipt names a pseudonymous
account, no person. Its number is the posting's: 74 random bits, so that nobody finds another's.

* Signed: COSE_Sign1 (RFC 9052) with EdDSA over a deterministic CBOR array, context ``onecard receipt v1``. Ed25519 is
  deterministic: the signature is made whenever it is asked for and is always the same.
* Code: ``OR1:`` + base45 (RFC 9285) of the untagged COSE_Sign1.

What was given back since is shown beside it and is no part of what was signed.
"""

import html
import io
from datetime import date, datetime
from pathlib import Path
from string import Template
from uuid import UUID

import cbor2
import qrcode
from msgspec import Struct
from qrcode.image.svg import SvgPathImage

import web
from foundation.calendar import ZONE
from foundation.keys import KeyRing
from foundation.money import yuan
from foundation.pdf import render_pdf
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from foundation.strict_json import read_cbor
from settlement.ledger import QUERIES, rules_of
from settlement.tariff import in_force
from terminals import qr

PREFIX = "OR1:"
CODE_BYTES_MAX = 1_024
CONTEXT = b"onecard receipt v1"

EFFECTS = {
    "personal": ("个人留存,不作报销凭证", "Kept by the traveller; not a voucher for reimbursement"),
    "voucher": ("可作伙食补助凭据", "Proof of payment for the meal allowance"),
}
MEALS = {"breakfast": "早餐 breakfast", "lunch": "午餐 lunch", "dinner": "晚餐 dinner"}

FOLDER = Path(web.__file__).parent / "receipt"
PAGE = Template((FOLDER / "page.html").read_text(encoding="utf-8"))


class SignedReceipt(Struct, frozen=True):
    """What a receipt says; money in fen. ``effect`` is a key of ``EFFECTS``."""

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
    """A receipt with its code, and what was given back of it since."""

    receipt: SignedReceipt
    code: str
    payer_en: str
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
    return ReceiptShown(receipt, sign(keys, receipt), row["payer_en"], row["canteen_en"], row["given_back_fen"])


def page(shown: ReceiptShown) -> str:
    """The receipt as a page, Chinese and English."""
    receipt = shown.receipt
    effect_zh, effect_en = EFFECTS[receipt.effect]
    back = ""
    if shown.given_back_fen:
        back = f'<p class="back">已退 Given back since: ¥ {yuan(shown.given_back_fen)}</p>'
    texts = {
        "number": str(receipt.number),
        "amount": yuan(receipt.amount_fen),
        "effect_zh": effect_zh,
        "effect_en": effect_en,
    }
    escaped = {name: html.escape(text) for name, text in texts.items()}
    lines = "\n".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in _lines(shown))
    return PAGE.substitute(escaped, back=back, lines=lines, code=_picture(shown.code))


async def document(shown: ReceiptShown) -> bytes:
    """The receipt as a PDF of A5. Raises Problem(NO_FONT)."""
    receipt = shown.receipt
    effect_zh, effect_en = EFFECTS[receipt.effect]
    data = {
        "number": str(receipt.number),
        "amount": yuan(receipt.amount_fen),
        "given_back": yuan(shown.given_back_fen) if shown.given_back_fen else "",
        "lines": _lines(shown),
        "effect_zh": effect_zh,
        "effect_en": effect_en,
        "code": _picture(shown.code),
    }
    return await render_pdf(FOLDER / "page.typ", data)


def _lines(shown: ReceiptShown) -> list[tuple[str, str]]:
    """What both say, line by line: its name and its value."""
    receipt = shown.receipt
    return [
        ("付款单位 Payer", f"{receipt.payer_zh} {shown.payer_en}"),
        ("付款账户 Account", str(receipt.holder_id)),
        ("收款食堂 Canteen", f"{receipt.canteen_zh} {shown.canteen_en}"),
        ("餐次 Meal", MEALS[receipt.meal]),
        ("时间 Time", f"{datetime.fromtimestamp(receipt.purchased_at, ZONE):%Y-%m-%d %H:%M:%S}"),
        ("营业日 Business day", receipt.business_date),
        ("本人现金 Own money", yuan(receipt.cash_fen)),
        ("餐补 Subsidy", yuan(receipt.subsidy_fen)),
        ("接待单位 Host", yuan(receipt.host_fen)),
    ]


def _picture(code: str) -> str:
    picture = io.BytesIO()
    qrcode.make(code, image_factory=SvgPathImage, error_correction=qrcode.ERROR_CORRECT_L).save(picture)
    return picture.getvalue().decode().split("?>", 1)[-1]
