"""Bulletins (通报): drafted from a frozen quarter's results, edited by people, published by another person.

The facts are computed once, when the bulletin is drafted, and kept with it; people edit the texts. A published bulletin
never changes, and is open to everybody. Of a quarter's published bulletins the last one holds: it replaces the one
before it, and both say so.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import convert, to_builtins
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import ZONE
from foundation.pdf import first_unsettable
from foundation.postgres import Pool
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.duties import Duty, must_be_another
from registry.models import Database, next_numbers
from waste.bulletins.facts import Facts, Line, facts_of, revised_lines
from waste.bulletins.models import Bulletin
from waste.bulletins.wording import TEXTS, draft_texts
from waste.evaluation.appeals import AppealState, appeals_until
from waste.evaluation.models import Appeal
from waste.evaluation.quarters import lock_state, quarter_of, state_of, year_and_quarter


class BulletinState(StrEnum):
    """A draft is published once."""

    DRAFT = "draft"
    PUBLISHED = "published"


class Annex(StrEnum):
    """What a bulletin may have on pages of their own, in this order."""

    RANKING = "ranking"
    OVERDUE = "overdue"
    METHOD = "method"


class Issue(NamedTuple):
    """A bulletin, the ones of its quarter that it replaces and that replaces it, and results that were revised since.

    ``replaces`` of a draft: what it would replace if it were published now.
    """

    bulletin: Bulletin
    replaces: Bulletin | None = None
    replaced_by: Bulletin | None = None
    revised: tuple[Line, ...] = ()


def bulletin_subject(bulletin_id: int) -> str:
    """How the audit log names a bulletin."""
    return f"bulletin/{bulletin_id}"


def kept_facts(bulletin: Bulletin) -> Facts:
    """The facts that are kept with a bulletin."""
    return convert(bulletin.found, Facts)


async def draft_bulletin(database: Database, ledger: Pool, person: Person, quarter: date) -> int:
    """Draft a bulletin from a quarter's results; returns its number. Raises Problem INVALID, CONFLICT (not frozen)."""
    quarter_of(quarter)
    state = await state_of(ledger, quarter)
    if state is None or not state.frozen:
        raise Problem(CONFLICT, "evaluation.not_frozen", **year_and_quarter(quarter))
    facts = await facts_of(ledger, quarter)
    detail = {"quarter": str(quarter)}
    now = datetime.now(UTC)
    async with audit.change(database, person.login, "draft_bulletin", detail=detail) as change:
        [number] = await next_numbers(change.db, 1)
        change.note.subject = bulletin_subject(number)
        change.db.add(
            Bulletin(
                bulletin_id=number, quarter=quarter, state=BulletinState.DRAFT, texts=draft_texts(facts),
                found=to_builtins(facts), issuers=[], issuer_code="", year=now.astimezone(ZONE).year, addressees="",
                copy_to="", annexes=list(Annex), written_by=[person.login], drafted_at=now, version=1,
            )
        )  # fmt: skip
    return number


def change_bulletin(bulletin: Bulletin, changes: dict[str, Any]) -> None:
    """Put texts (``waste.bulletins.wording.TEXTS``) and columns into a bulletin."""
    bulletin.texts = bulletin.texts | {name: text for name, text in changes.items() if name in TEXTS}
    for name in changes.keys() - set(TEXTS):
        setattr(bulletin, name, changes[name])


def must_be_version(bulletin: Bulletin, version: int | None) -> None:
    """Raise Problem(CONFLICT) if another version than the one that was read is there by now; None: any will do."""
    if version not in (None, bulletin.version):
        raise Problem(CONFLICT, "bulletins.saved_meanwhile", login=bulletin.saved_by or bulletin.written_by[0])


async def edit_bulletin(
    database: Database, person: Person, bulletin_id: int, changes: dict[str, Any], version: int | None = None
) -> int:
    """Replace texts and columns of a draft; returns its new version. Its editors cannot publish it.

    ``version``: the one that the person has read; None overwrites any.

    Raises Problem NOT_FOUND, CONFLICT (published; another version was saved meanwhile; another bulletin has the
    number), INVALID (a character that cannot be printed).
    """
    for name, value in changes.items():
        character = await first_unsettable("".join(value) if isinstance(value, (str, list)) else "")
        if character is not None:
            raise Problem(INVALID, "bulletins.cannot_be_printed", field=name, character=f"U+{ord(character):04X}")
    subject = bulletin_subject(bulletin_id)
    async with audit.change(database, person.login, "edit_bulletin", subject, to_builtins(changes)) as change:
        bulletin = await _lock_draft(change.db, bulletin_id)
        must_be_version(bulletin, version)
        change_bulletin(bulletin, changes)
        bulletin.version += 1
        bulletin.saved_by, bulletin.saved_at = person.login, datetime.now(UTC)
        bulletin.written_by = sorted({*bulletin.written_by, person.login})
        number = f"{bulletin.issuer_code}〔{bulletin.year}〕{bulletin.serial}号"
        try:
            await change.db.flush()
        except IntegrityError:
            raise Problem(CONFLICT, "bulletins.number_taken", number=number) from None
        return bulletin.version


async def publish_bulletin(
    database: Database, ledger: Pool, person: Person, bulletin_id: int, reason: str | None = None
) -> None:
    """Publish a draft; it is signed today unless it says otherwise.

    If it replaces a published bulletin, or appeals may still come or are open, it takes a reason, which is audited.

    Raises Problem NOT_FOUND, CONFLICT (published; the quarter's results are not those of the draft, or are being
    evaluated; a reason is missing), SECOND_PERSON (the person edited it).
    """
    detail = {} if reason is None else {"reason": reason}
    async with audit.change(
        database, person.login, "publish_bulletin", bulletin_subject(bulletin_id), detail
    ) as change:
        bulletin = await _lock_draft(change.db, bulletin_id)
        await must_be_another(change.db, Duty.BULLETIN, person, bulletin.written_by, bulletin_id=bulletin_id)
        # One bulletin of a quarter after the other, and no evaluation meanwhile.
        state = await lock_state(await change.connection(), bulletin.quarter)
        if state is None or state.frozen_at is None or not state.current:
            raise Problem(CONFLICT, "bulletins.being_evaluated", **year_and_quarter(bulletin.quarter))
        if await revised_lines(ledger, kept_facts(bulletin)):
            raise Problem(CONFLICT, "bulletins.results_changed", bulletin_id=bulletin_id)
        if reason is None:
            await _must_need_no_reason(change.db, bulletin.quarter, appeals_until(state.frozen_at))
        bulletin.state, bulletin.published_by = BulletinState.PUBLISHED, person.login
        bulletin.published_at = now = datetime.now(UTC)
        bulletin.signed_on = bulletin.signed_on or now.astimezone(ZONE).date()


async def _must_need_no_reason(db: AsyncSession, quarter: date, appeals_until: date) -> None:
    if published := await _published(db, quarter):
        raise Problem(CONFLICT, "bulletins.replacing_takes_a_reason", bulletin_id=published[-1].bulletin_id)
    if datetime.now(ZONE).date() <= appeals_until:
        raise Problem(CONFLICT, "bulletins.appeals_may_come", until=appeals_until)
    undecided = Appeal.quarter == quarter, Appeal.state == AppealState.OPEN
    if count := await db.scalar(select(func.count()).select_from(Appeal).where(*undecided)):
        raise Problem(CONFLICT, "bulletins.appeals_open", count=count)


async def _published(db: AsyncSession, quarter: date) -> list[Bulletin]:
    """The published bulletins of a quarter, in order: each replaces the one before it."""
    published = Bulletin.quarter == quarter, Bulletin.state == BulletinState.PUBLISHED
    return list(await db.scalars(select(Bulletin).where(*published).order_by(Bulletin.published_at)))


async def _lock_draft(db: AsyncSession, bulletin_id: int) -> Bulletin:
    bulletin = await db.get(Bulletin, bulletin_id, with_for_update=True)
    if bulletin is None:
        raise Problem(NOT_FOUND, "bulletins.no_bulletin", bulletin_id=bulletin_id)
    if bulletin.state != BulletinState.DRAFT:
        raise Problem(CONFLICT, "bulletins.published", bulletin_id=bulletin_id)
    return bulletin


async def published_bulletins(db: AsyncSession) -> list[Bulletin]:
    """All that are published, the newest first."""
    published = select(Bulletin).where(Bulletin.state == BulletinState.PUBLISHED)
    return list(await db.scalars(published.order_by(Bulletin.bulletin_id.desc()).limit(200)))


async def read_issue(db: AsyncSession, ledger: Pool, bulletin_id: int, *, drafts: bool) -> Issue:
    """One bulletin. Raises Problem(NOT_FOUND), also for a draft unless drafts may be seen."""
    bulletin = await db.get(Bulletin, bulletin_id)
    if bulletin is None or (bulletin.state == BulletinState.DRAFT and not drafts):
        raise Problem(NOT_FOUND, "bulletins.no_bulletin", bulletin_id=bulletin_id)
    published = await _published(db, bulletin.quarter)
    place = published.index(bulletin) if bulletin in published else len(published)
    return Issue(
        bulletin,
        replaces=published[place - 1] if place else None,
        replaced_by=published[place + 1] if place + 1 < len(published) else None,
        revised=await _revised_since(ledger, bulletin),
    )


async def _revised_since(ledger: Pool, bulletin: Bulletin) -> tuple[Line, ...]:
    """Results that were revised after a bulletin was published."""
    state = await state_of(ledger, bulletin.quarter)
    # Evaluations alone revise results, and none ran while the bulletin was published.
    evaluated_at, published_at = state.evaluated_at if state else None, bulletin.published_at
    if evaluated_at is None or published_at is None or evaluated_at < published_at:
        return ()
    return tuple(await revised_lines(ledger, kept_facts(bulletin)))
