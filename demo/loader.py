"""Writes the demo city into an empty database."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from clearing.models import BankAccountRow
from demo.city import (
    AGENCIES,
    AGENCY_USERS,
    AGREEMENTS,
    ALLOWANCE_FEN,
    BANK,
    BOOKS,
    CENTRE_ACCOUNT,
    CENTRE_NAME,
    CENTRE_USERS,
    MEAL_TIMES,
    OFFICIALS,
    PASSWORD,
    RULES,
    VALID_FROM,
    VISIT_DAYS,
    DemoAgency,
    DemoCanteen,
)
from demo.menus import load_menus
from demo.simulated_sign_on import OPENID, WORK_APP, subject_of
from foundation.calendar import ZONE, Calendar
from foundation.keys import KeyRing
from foundation.postgres import SERVER_SETTINGS
from registry.models import (
    Agency,
    BookRow,
    Canteen,
    ConsoleUser,
    DemoCity,
    Identity,
    MealPeriod,
    RegionAgreement,
    Visit,
    next_numbers,
)
from registry.officials import register_officials
from registry.passwords import hash_password
from registry.schemas import NewOfficial
from settlement.models import BookDay, RegionRulesRow, TariffRow

NO_LATE_LIMITS = {"late_payments_max": None, "late_fen_max": None}


async def load_city(
    db: AsyncSession, calendar: Calendar, keys: KeyRing, now: datetime, *, any_hour: bool = False
) -> bool:
    """Load the city into an empty database; False when there is a book already.

    ``any_hour``: days are played there whose hours the clock is not at, so that no payment counts as late.
    """
    if await db.scalar(select(BookRow.book).limit(1)) is not None:
        return False
    # Here, since it needs numpy, and most starts of a system find their city.
    from demo.kitchen_history import load_kitchen_history

    db.add(DemoCity(loaded_at=now))
    for book, name_zh, name_en in BOOKS:
        db.add(BookRow(book=book, name_zh=name_zh, name_en=name_en))
    await db.flush()
    for book, _, _ in BOOKS:
        db.add(BookDay(book=book, business_date=calendar.business_date_at(now)))
        db.add(RegionRulesRow(book=book, valid_from=VALID_FROM, **RULES | (NO_LATE_LIMITS if any_hour else {})))
    for book, guest in AGREEMENTS:
        db.add(RegionAgreement(book=book, guest_book=guest, valid_from=VALID_FROM))
    password_hash = hash_password(PASSWORD)
    for login, role in CENTRE_USERS:
        await _add_user(db, login, role, None, password_hash)
    agencies = {}
    for agency in AGENCIES:
        agencies[agency.short] = await _add_agency(db, agency)
        agency_id = agencies[agency.short].agency_id
        for prefix, role in AGENCY_USERS:
            await _add_user(db, f"{prefix}-{agency.short}", role, agency_id, password_hash)
        for canteen in agency.canteens:
            await _add_canteen(db, agency_id, agency, canteen)
        number = f"3901{agency_id:012d}"
        db.add(_account(agency_id, agency.name_zh, number))
    await _add_officials(db, keys, agencies, calendar.business_date_at(now))
    await load_kitchen_history(db, calendar.business_date_at(now) - timedelta(days=1))
    await load_menus(db, now.astimezone(ZONE).date(), now)
    db.add(_account(0, CENTRE_NAME, CENTRE_ACCOUNT))
    return True


def _account(agency_id: int, holder_name: str, number: str) -> BankAccountRow:
    since = datetime.combine(VALID_FROM, time.min, ZONE)
    return BankAccountRow(agency_id=agency_id, valid_from=since, holder_name=holder_name, number=number, bank=BANK)


async def _add_user(db: AsyncSession, login: str, role: str, agency_id: int | None, password_hash: str) -> None:
    """A user, who also signs on at both simulated providers."""
    [user_id] = await next_numbers(db, 1)
    db.add(ConsoleUser(user_id=user_id, login=login, role=role, agency_id=agency_id, password_hash=password_hash))
    await db.flush()
    await _bind(db, login, agency_id, user_id=user_id)


async def _bind(
    db: AsyncSession, login: str, agency_id: int | None, *, user_id: int | None = None, holder_id: int | None = None
) -> None:
    """Let somebody sign on at both simulated providers: a user, or an official."""
    now = datetime.now(UTC)
    for provider, identity_id in zip((WORK_APP, OPENID), await next_numbers(db, 2), strict=True):
        db.add(
            Identity(
                identity_id=identity_id,
                provider=provider,
                subject=subject_of(provider, login),
                agency_id=agency_id,
                user_id=user_id,
                holder_id=holder_id,
                bound_by="demo",
                bound_at=now,
                confirmed_by="demo city",
                confirmed_at=now,
            )
        )


async def _add_officials(db: AsyncSession, keys: KeyRing, agencies: dict[str, Agency], today: date) -> None:
    """Officials who sign on at the simulated providers, and the visit of one of them."""
    for one in OFFICIALS:
        agency = agencies[one.agency]
        newcomer = NewOfficial(name=one.name, staff_number=one.login)
        [official] = await register_officials(db, keys, agency, [newcomer])
        await db.flush()
        await _bind(db, one.login, agency.agency_id, holder_id=official.holder_id)
        if one.visits is not None:
            [visit_id] = await next_numbers(db, 1)
            db.add(
                Visit(
                    book=official.book,
                    visit_id=visit_id,
                    holder_id=official.holder_id,
                    host_agency_id=agencies[one.visits].agency_id,
                    first_day=today,
                    last_day=today + timedelta(days=VISIT_DAYS - 1),
                )
            )


async def _add_agency(db: AsyncSession, agency: DemoAgency) -> Agency:
    agency_id, float_account, grant_account, working_meal_account = await next_numbers(db, 4)
    added = Agency(
        book=agency.book,
        agency_id=agency_id,
        name_zh=agency.name_zh,
        name_en=agency.name_en,
        float_account=float_account,
        grant_account=grant_account,
        working_meal_account=working_meal_account,
        meal_allowance_fen=ALLOWANCE_FEN,
    )
    db.add(added)
    await db.flush()
    return added


async def _add_canteen(db: AsyncSession, agency_id: int, agency: DemoAgency, canteen: DemoCanteen) -> None:
    canteen_id, account_id = await next_numbers(db, 2)
    latitude, longitude = canteen.place
    db.add(
        Canteen(
            book=agency.book,
            canteen_id=canteen_id,
            agency_id=agency_id,
            account_id=account_id,
            name_zh=agency.name_zh + canteen.name_zh,
            name_en=f"{agency.name_en}, {canteen.name_en}",
            address=canteen.address,
            latitude=latitude,
            longitude=longitude,
            capacity=canteen.seats,
        )
    )
    await db.flush()
    for meal, (home_fen, visitor_fen, limit_fen) in agency.prices.items():
        starts, ends = MEAL_TIMES[meal]
        db.add(MealPeriod(book=agency.book, canteen_id=canteen_id, meal=meal, starts=starts, ends=ends))
        db.add(
            TariffRow(
                book=agency.book,
                canteen_id=canteen_id,
                meal=meal,
                valid_from=VALID_FROM,
                mode="fixed" if home_fen is not None else "free",
                home_fen=home_fen,
                visitor_fen=visitor_fen,
                limit_fen=limit_fen,
            )
        )


async def load_demo_city(sqlalchemy_url: str, calendar: Calendar, keys: KeyRing, *, any_hour: bool = False) -> bool:
    """Load the demo city when the database is empty; True when it did. ``keys`` seal the names of its officials."""
    engine = create_async_engine(
        sqlalchemy_url, hide_parameters=True, connect_args={"server_settings": SERVER_SETTINGS}
    )
    try:
        async with async_sessionmaker(engine).begin() as db:
            return await load_city(db, calendar, keys, datetime.now(UTC), any_hour=any_hour)
    finally:
        await engine.dispose()
