"""Alembic's environment: synchronous psycopg, one transaction, all tables of the house."""

from alembic import context
from sqlalchemy import NullPool, create_engine

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


with create_engine(url, poolclass=NullPool).connect() as connection:
    context.configure(connection, target_metadata=metadata, include_object=include_object, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
