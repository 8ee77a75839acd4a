"""The demo city: Ningbo's pilot (city administrative centre, Yinzhou, Yuyao) and the neighbours from Hangzhou."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from clearing.models import BankAccountRow
from foundation.calendar import Calendar
from loadtest.town import PASSWORD
from onecard.past import load_past
from onecard.settings import Settings
from registry.access import hash_password
from registry.models import Agency, Book, Canteen, ConsoleUser, MealPeriod, RegionAgreement, next_numbers
from settlement.models import BookDay, Jurisdiction, Tariff

NINGBO, HANGZHOU = 3302, 3301

BOOKS = [(NINGBO, "宁波市", "Ningbo"), (HANGZHOU, "杭州市", "Hangzhou")]

MEAL_TIMES = {
    "breakfast": (time(6, 30), time(9, 0)),
    "lunch": (time(11, 0), time(13, 30)),
    "dinner": (time(17, 0), time(19, 30)),
}

AGENCIES = [
    (
        "city",
        NINGBO,
        "宁波市行政中心",
        "Ningbo City Administrative Centre",
        ["一食堂 First", "二食堂 Second"],
    ),
    (
        "yinzhou",
        NINGBO,
        "鄞州区机关事务中心",
        "Yinzhou District",
        ["区府食堂 District Hall", "南部食堂 South"],
    ),
    ("yuyao", NINGBO, "余姚市机关事务中心", "Yuyao City", ["市府食堂 City Hall", "泗门食堂 Simen"]),
    ("hangzhou", HANGZHOU, "杭州市机关事务局", "Hangzhou", ["市民中心食堂 Citizen Centre"]),
]
"""Short name (of its console users), book, names, canteens."""

TARIFFS: dict[str, dict[str, tuple[int | None, int | None, int | None]]] = {
    "city": {
        "breakfast": (500, 1000, None),
        "lunch": (1200, 2000, None),
        "dinner": (1200, 2000, None),
    },
    "yinzhou": {
        "breakfast": (400, None, None),
        "lunch": (1000, None, None),
        "dinner": (1000, None, None),
    },
    "yuyao": {
        "breakfast": (400, 1000, None),
        "lunch": (None, None, 5000),
        "dinner": (None, None, 5000),
    },
    "hangzhou": {"lunch": (1500, 2500, None)},
}
"""Home price, visitor price (none: the 20/40/40 rule), or a limit for free amounts; in fen."""

PLACES = {
    "First": (29.870, 121.544),
    "Second": (29.871, 121.546),
    "District Hall": (29.817, 121.547),
    "South": (29.802, 121.539),
    "City Hall": (30.037, 121.154),
    "Simen": (30.182, 121.040),
    "Citizen Centre": (30.247, 120.210),
}
"""Where the canteens are: latitude and longitude in degrees, to a hundred metres."""

RULES: dict[str, Any] = {
    "visitors": "agreement",
    "visitor_floor": "home_price",
    "visitor_cap": "allowance_share",
    "payment_max_fen": 20_000,
    "day_max_fen": 30_000,
    "meals_max": 4,
    "receipt_effect": "personal",
    "subsidy_expires": "never",
}
"""Of both regions. Four meals a period: an official may pay for the colleagues at his table."""

ALLOWANCE_FEN = 10_000
"""100 yuan a day, in most places."""

VALID_FROM = date(2024, 1, 1)

CENTRE_NAME = "食堂结算清算中心"
BANK = "102332000018"
"""A CNAPS number: 12 digits, the bank, the place, the branch, a check digit."""

CENTRE_USERS = [
    ("centre", "centre_operator"),
    ("approver", "centre_approver"),
    ("supervisor", "supervisor"),
]
AGENCY_USERS = [
    ("admin", "agency_admin"),
    ("finance", "agency_finance"),
    ("kitchen", "canteen_manager"),
]


async def load_city(session: AsyncSession, calendar: Calendar, now: datetime) -> bool:
    """Load the city into an empty database; False when there is a book already."""
    if await session.scalar(select(Book.book).limit(1)) is not None:
        return False
    for book, name_zh, name_en in BOOKS:
        session.add(Book(book=book, name_zh=name_zh, name_en=name_en))
    await session.flush()
    for book, _, _ in BOOKS:
        session.add(BookDay(book=book, business_date=calendar.business_date_at(now)))
        session.add(Jurisdiction(book=book, valid_from=VALID_FROM, **RULES))
        for guest in {other for other, _, _ in BOOKS} - {book}:
            session.add(RegionAgreement(book=book, guest_book=guest, valid_from=VALID_FROM))
    password_hash = hash_password(PASSWORD)
    for login, role in CENTRE_USERS:
        await _add_user(session, login, role, None, password_hash)
    for short, book, name_zh, name_en, canteens in AGENCIES:
        agency_id = await _add_agency(session, book, name_zh, name_en)
        for prefix, role in AGENCY_USERS:
            await _add_user(session, f"{prefix}-{short}", role, agency_id, password_hash)
        for canteen in canteens:
            canteen_zh, _, canteen_en = canteen.partition(" ")
            names = name_zh + canteen_zh, f"{name_en}, {canteen_en}"
            await _add_canteen(session, book, agency_id, names, TARIFFS[short], PLACES[canteen_en])
        number = f"3901{agency_id:012d}"
        session.add(BankAccountRow(agency_id=agency_id, holder_name=name_zh, number=number, bank=BANK))
    await load_past(session, calendar.business_date_at(now) - timedelta(days=1))
    session.add(BankAccountRow(agency_id=0, holder_name=CENTRE_NAME, number="3901000000000000", bank=BANK))
    return True


async def _add_user(session: AsyncSession, login: str, role: str, agency_id: int | None, password_hash: str) -> None:
    [user_id] = await next_numbers(session, 1)
    session.add(ConsoleUser(user_id=user_id, login=login, role=role, agency_id=agency_id, password_hash=password_hash))


async def _add_agency(session: AsyncSession, book: int, name_zh: str, name_en: str) -> int:
    agency_id, float_account, grant_account, working_meal_account = await next_numbers(session, 4)
    session.add(
        Agency(
            book=book,
            agency_id=agency_id,
            name_zh=name_zh,
            name_en=name_en,
            float_account=float_account,
            grant_account=grant_account,
            working_meal_account=working_meal_account,
            meal_allowance_fen=ALLOWANCE_FEN,
        )
    )
    await session.flush()
    return agency_id


async def _add_canteen(
    session: AsyncSession,
    book: int,
    agency_id: int,
    names: tuple[str, str],
    tariffs: dict[str, tuple[int | None, int | None, int | None]],
    place: tuple[float, float],
) -> None:
    canteen_id, account_id = await next_numbers(session, 2)
    (name_zh, name_en), (latitude, longitude) = names, place
    session.add(
        Canteen(
            book=book,
            canteen_id=canteen_id,
            agency_id=agency_id,
            account_id=account_id,
            name_zh=name_zh,
            name_en=name_en,
            latitude=latitude,
            longitude=longitude,
        )
    )
    await session.flush()
    for meal, (home_fen, visitor_fen, limit_fen) in tariffs.items():
        starts, ends = MEAL_TIMES[meal]
        session.add(MealPeriod(book=book, canteen_id=canteen_id, meal=meal, starts=starts, ends=ends))
        session.add(
            Tariff(
                book=book,
                canteen_id=canteen_id,
                meal=meal,
                valid_from=VALID_FROM,
                mode="fixed" if home_fen is not None else "free",
                home_fen=home_fen,
                visitor_fen=visitor_fen,
                limit_fen=limit_fen,
            )
        )


async def load_demo_city(settings: Settings) -> bool:
    """Load the demo city when the database is empty; True when it did."""
    engine = create_async_engine(settings.sqlalchemy_url)
    try:
        async with async_sessionmaker(engine).begin() as session:
            return await load_city(session, settings.calendar, datetime.now(UTC))
    finally:
        await engine.dispose()
