"""What is processed of an official and on which ground, and the consents that he gave or withdrew.

The ground of most is a task of the agency or the contract of the account (PIPL, article 13, paragraph 1, items 2 and
3): it needs no consent, and he is told of it (article 17). What goes beyond needs one, given separately for each
purpose, and withdrawn as easily (articles 14 and 15). A text that changes its meaning gets the next version, and the
consent to the one before counts no more.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from foundation.catalogue import Language, Phrase, text
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import CONFLICT, TOO_MANY_TRIES, Problem
from registry.audit import Change
from registry.models import next_numbers
from travellers.callers import Caller
from travellers.errors import CONSENT_NEEDED
from travellers.models import ConsentChange
from travellers.schemas import Consent, Consents, Ground, Processing

QUERIES = load_queries(Path(__file__).parent / "sql" / "consents.sql")


class Purpose(StrEnum):
    """What needs an official's consent."""

    NEARBY = "nearby"
    """His place, at the moment when he asks for canteens near him."""


DAY = timedelta(days=1)
GIVEN_A_DAY_MAX = 5
"""Of one purpose. Each is a row of the audit log, which nothing is ever taken from."""
RETRY_AFTER_S = 3_600

VERSIONS = {Purpose.NEARBY: 1}
"""The version of each purpose's text; the text is ``consent.<purpose>.<version>``, its name ``consent.<purpose>``."""

PROCESSED = {
    "identity": Ground.TASK,
    "payments": Ground.CONTRACT,
    "visits": Ground.TASK,
    "credentials": Ground.CONTRACT,
    "covers": Ground.TASK,
    "access_log": Ground.LAW,
}
"""What is processed without a consent, and on which ground; the text is ``processing.<name>``."""


async def consents_of(ledger: Pool, caller: Caller) -> Consents:
    """What is processed of an official, and what he has consented to."""
    rows = await ledger.fetch(QUERIES["consents"], caller.book, caller.holder_id)
    said = {row["purpose"]: row for row in rows}
    return Consents(
        [Processing(name, ground, *_texts(f"processing.{name}")) for name, ground in PROCESSED.items()],
        [
            Consent(
                purpose,
                VERSIONS[purpose],
                *_texts(f"consent.{purpose}.{VERSIONS[purpose]}"),
                given=purpose in said and _holds(said[purpose]["given"], said[purpose]["version"], purpose),
                decided_at=said[purpose]["at"] if purpose in said else None,
                decided_version=said[purpose]["version"] if purpose in said else None,
            )
            for purpose in Purpose
        ],
    )


async def history_of(ledger: Pool, caller: Caller) -> list[dict[str, Any]]:
    """All that an official ever said of consents, latest first."""
    return [dict(row) for row in await ledger.fetch(QUERIES["history"], caller.book, caller.holder_id)]


async def must_consent(ledger: Pool, caller: Caller, purpose: Purpose) -> None:
    """Raise Problem(CONSENT_NEEDED) unless the official's consent holds."""
    for row in await ledger.fetch(QUERIES["consents"], caller.book, caller.holder_id):
        if row["purpose"] == purpose and _holds(row["given"], row["version"], purpose):
            return
    raise Problem(CONSENT_NEEDED, "consent.needed", purpose=Phrase(purpose, f"consent.{purpose}", {}))


async def decide(change: Change, caller: Caller, purpose: Purpose, version: int, given: bool) -> None:
    """Note that an official gave or withdrew a consent; what he said already is not noted again.

    Raises Problem CONFLICT (he was shown an older text), TOO_MANY_TRIES (he gave it too often today; to withdraw it is
    always possible).
    """
    if given and version != VERSIONS[purpose]:
        raise Problem(CONFLICT, "consent.other_version", version=VERSIONS[purpose])
    his = (
        ConsentChange.book == caller.book,
        ConsentChange.holder_id == caller.holder_id,
        ConsentChange.purpose == purpose,
    )
    last = await change.db.scalar(select(ConsentChange).where(*his).order_by(ConsentChange.change_id.desc()).limit(1))
    if last is not None and last.given == given and (not given or last.version == version):
        change.is_repeat = True
        return
    lately = ConsentChange.given, ConsentChange.at > datetime.now(UTC) - DAY
    times = await change.db.scalar(select(func.count()).select_from(ConsentChange).where(*his, *lately)) or 0
    if given and times >= GIVEN_A_DAY_MAX:
        raise Problem(TOO_MANY_TRIES, "consent.too_often", most=GIVEN_A_DAY_MAX, retry_after_s=RETRY_AFTER_S)
    [number] = await next_numbers(change.db, 1)
    change.db.add(
        ConsentChange(
            book=caller.book,
            change_id=number,
            holder_id=caller.holder_id,
            purpose=purpose,
            version=version,
            given=given,
            at=datetime.now(UTC),
            credential_id=caller.credential_id,
        )
    )


def _holds(given: bool, version: int, purpose: str) -> bool:
    return given and version == VERSIONS[Purpose(purpose)]


def _texts(message_id: str) -> tuple[str, str]:
    return text(message_id, Language.CHINESE), text(message_id, Language.ENGLISH)
