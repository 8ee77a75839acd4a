"""Tables of bulletins."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, number_key


class Bulletin(Base):
    """A bulletin (通报) about a quarter: its texts, and the facts (``waste.bulletins.facts.Facts``) in ``found``.

    The other columns are the elements of an official document (GB/T 9704-2012). ``issuers``: none for a notice to the
    public (公告版). ``serial``: none until the office registers the document. ``addressees``: 主送机关, ``copy_to``:
    抄送. ``annexes``: which of ``waste.bulletins.bulletins.Annex`` are printed; null in those of earlier releases.
    ``version``: grows with every edit; ``saved_by`` and ``saved_at``: of the last one.
    """

    __tablename__ = "bulletin"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'published')", name="state"),
        Index(
            "uq_bulletin_serial", "issuer_code", "year", "serial", unique=True,
            postgresql_where=sql("serial IS NOT NULL"),
        ),
    )  # fmt: skip

    bulletin_id: Mapped[int] = number_key()
    quarter: Mapped[date]
    state: Mapped[str]
    texts: Mapped[dict[str, Any]]
    found: Mapped[dict[str, Any]]
    issuers: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    issuer_code: Mapped[str] = mapped_column(server_default="")
    year: Mapped[int | None]
    serial: Mapped[int | None]
    addressees: Mapped[str] = mapped_column(server_default="")
    copy_to: Mapped[str] = mapped_column(server_default="")
    signed_on: Mapped[date | None]
    annexes: Mapped[list[str] | None] = mapped_column(JSONB)
    written_by: Mapped[list[str]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(server_default="1")
    saved_by: Mapped[str | None]
    saved_at: Mapped[datetime | None]
    drafted_at: Mapped[datetime]
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None]
