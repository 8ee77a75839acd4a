"""Tables of bulletins."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, number_key


class Bulletin(Base):
    """A bulletin (通报) about a quarter: its texts, and the facts (``waste.bulletins.facts.Facts``) in ``found``."""

    __tablename__ = "bulletin"
    __table_args__ = (CheckConstraint("state IN ('draft', 'published')", name="state"),)

    bulletin_id: Mapped[int] = number_key()
    quarter: Mapped[date]
    state: Mapped[str]
    texts: Mapped[dict[str, Any]]
    found: Mapped[dict[str, Any]]
    written_by: Mapped[list[str]] = mapped_column(JSONB)
    drafted_at: Mapped[datetime]
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None]
