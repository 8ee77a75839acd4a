"""The kinds of people who eat at canteens: data, of which none is ever removed."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.models import PersonClass
from registry.schemas import NewPersonClass


async def person_classes(db: AsyncSession) -> list[PersonClass]:
    """Every person class."""
    return list(await db.scalars(select(PersonClass).order_by(PersonClass.code)))


async def set_person_class(db: AsyncSession, code: str, wanted: NewPersonClass) -> None:
    """Add a person class, or name it otherwise."""
    found = await db.get(PersonClass, code)
    if found is None:
        db.add(PersonClass(code=code, name_zh=wanted.name_zh, name_en=wanted.name_en))
    else:
        found.name_zh, found.name_en = wanted.name_zh, wanted.name_en
