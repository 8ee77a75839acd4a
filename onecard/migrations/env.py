"""Alembic's environment: synchronous psycopg, a transaction for each migration, all tables of the house."""

from typing import Any

from alembic import context
from sqlalchemy import NullPool, create_engine, event

import clearing.models
import dining.models
import settlement.models
import terminals.models
import travellers.models
import waste.bulletins.models
import waste.evaluation.models
import waste.flags.models
import waste.forecast.models
import waste.materials.models
import waste.measures.models
import waste.supervision.models
import waste.weighing.models
from onecard.migrate import LOCK_WAIT_MS
from registry.models import metadata

TABLES = (
    clearing.models,
    dining.models,
    settlement.models,
    terminals.models,
    travellers.models,
    waste.bulletins.models,
    waste.evaluation.models,
    waste.flags.models,
    waste.forecast.models,
    waste.materials.models,
    waste.measures.models,
    waste.supervision.models,
    waste.weighing.models,
)

url = context.config.attributes["url"].replace("postgresql://", "postgresql+psycopg://", 1)


def include_object(_item: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out what the job runner's library keeps for itself."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


engine = create_engine(url, poolclass=NullPool)


@event.listens_for(engine, "before_cursor_execute")
def limit_waiting(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
    """Limit the wait for a lock; what works concurrently makes nobody wait, and waits as long as it must."""
    cursor.execute(f"SET lock_timeout = {0 if 'CONCURRENTLY' in statement else LOCK_WAIT_MS}")


with engine.connect() as connection:
    context.configure(
        connection,
        target_metadata=metadata,
        include_object=include_object,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
