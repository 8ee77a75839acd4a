"""Tables of materials: what a kitchen bought, has in stock and gave away."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key, number_key


class MaterialEntry(Base):
    """One entry: food bought or counted in stock (``item``: its kind), or waste collected (``item``: where it went).

    Never changed: a correction is an entry that ``replaces`` another, with 0 grams to cancel it.
    """

    __tablename__ = "material_entry"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("kind IN ('purchase', 'stock', 'collected')", name="kind"),
        CheckConstraint("weight_g > 0 OR weight_g = 0 AND (kind = 'stock' OR replaces IS NOT NULL)", name="weight"),
        CheckConstraint("(kind = 'purchase') = (cost_fen IS NOT NULL) AND coalesce(cost_fen, 0) >= 0", name="cost"),
        CheckConstraint("source IN ('person', 'file')", name="source"),
        Index("ix_material_entry_canteen", "book", "canteen_id", "on_day"),
        Index("ix_material_entry_day", "on_day", "book", "entry_id"),
        Index(
            "uq_material_entry_replaces", "book", "replaces", unique=True, postgresql_where=sql("replaces IS NOT NULL")
        ),
    )  # fmt: skip

    book: Mapped[int] = book_key()
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    on_day: Mapped[date]
    item: Mapped[str]
    weight_g: Mapped[int] = mapped_column(BigInteger)
    cost_fen: Mapped[int | None] = mapped_column(BigInteger)
    source: Mapped[str]
    replaces: Mapped[UUID | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class KitchenDestinations(Base):
    """Where a kitchen's waste goes from a day on, as it declared."""

    __tablename__ = "kitchen_destinations"
    __table_args__ = (ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),)

    book: Mapped[int] = book_key()
    canteen_id: Mapped[int] = number_key()
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    destinations: Mapped[list[str]] = mapped_column(JSONB)
    declared_by: Mapped[str]
    declared_at: Mapped[datetime]
