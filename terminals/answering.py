"""The answer to a charge or a void, made from the ledger's record alone: a repeat gets the same one.

Only what was voided since is added: an approval that no longer holds must not look like one that does.
"""

from functools import lru_cache

from foundation.catalogue import Language, text
from settlement.charging import ChargeOrder, Remembered
from settlement.errors import Refusal
from settlement.transfers import Channel
from terminals.schemas import Answer, Receipt

CLONE_SIGNS = frozenset({"already_used", "counter_too_low"})
"""Refusals that a genuine card causes only when a message of it arrives late."""


def answer_of(remembered: Remembered, note: str = "", reversed_fen: int = 0) -> Answer:
    """The answer to a request.

    ``note``: what a receipt says about its use (``receipt_note``). ``reversed_fen``: what a void gave back of an
    approved charge since.
    """
    if remembered.refusal is not None:
        return refused(remembered.refusal)
    if remembered.outcome == "voided":
        gave_back = remembered.amount_fen > 0
        day = remembered.business_date if gave_back else None
        return Answer("voided", reversed_fen=remembered.amount_fen, business_date=day)
    assert remembered.outcome == "approved", remembered.outcome
    assert remembered.posting_id is not None
    assert remembered.business_date is not None
    receipt = Receipt(
        number=str(remembered.posting_id),
        amount_fen=remembered.amount_fen,
        cash_fen=remembered.cash_fen,
        subsidy_fen=remembered.subsidy_fen,
        host_fen=remembered.host_fen,
        cash_balance_fen=remembered.cash_balance_fen or 0,
        subsidy_balance_fen=remembered.subsidy_balance_fen or 0,
        business_date=remembered.business_date.isoformat(),
        posted_at=int(remembered.answered_at.timestamp()),
        note=note,
    )
    return Answer("approved", receipt=receipt, reversed_fen=reversed_fen or None)


@lru_cache(maxsize=len(Refusal))
def refused(reason: str) -> Answer:
    """The answer of a refusal, in both languages: it is signed, and the till stores it."""
    title, advice = f"refusal.{reason}.title", f"refusal.{reason}.advice"
    return Answer(
        "refused",
        reason=reason,
        title_zh=text(title, Language.CHINESE),
        title_en=text(title, Language.ENGLISH),
        advice_zh=text(advice, Language.CHINESE),
        advice_en=text(advice, Language.ENGLISH),
    )


@lru_cache(maxsize=8)
def receipt_note(effect: str) -> str:
    """What the till's receipt says about its use."""
    return effect_text(effect, Language.CHINESE)


def effect_text(effect: str, language: Language) -> str:
    """What a receipt may be used for: ``effect`` is a region's ``receipt_effect``."""
    return text(f"receipt.effect.{effect}", language)


def shows_a_clone(order: ChargeOrder, remembered: Remembered) -> bool:
    """Whether there may be two of the card: ``block_clone`` finds out."""
    return remembered.refusal in CLONE_SIGNS and order.channel == Channel.CARD
