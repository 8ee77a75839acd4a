"""The demo city, described once: Ningbo's pilot and a neighbour from Hangzhou. Constants only.

``demo/loader.py`` writes it into an empty database, ``demo/kitchen_history.py`` adds eighteen months of covers and
weighings, ``demo/network.py`` finds it again over HTTP, and ``demo/day.py`` plays a day in it.
"""

from dataclasses import dataclass
from datetime import date, time
from typing import Any, Literal

PASSWORD = "onecard-demo"  # noqa: S105 - published: the demo city's, printed at start

NINGBO, HANGZHOU = 3302, 3301
BOOKS = [(NINGBO, "宁波市", "Ningbo"), (HANGZHOU, "杭州市", "Hangzhou")]
"""Number, Chinese and English name of each region."""

MEAL_TIMES = {
    "breakfast": (time(6, 30), time(9, 0)),
    "lunch": (time(11, 0), time(13, 30)),
    "dinner": (time(17, 0), time(19, 30)),
}


Manner = Literal["honest", "careless", "gaming"]


@dataclass(frozen=True, slots=True)
class DemoCanteen:
    """A canteen: names, address, latitude and longitude in degrees (to a hundred metres), seats, and how its kitchen
    works.

    ``lunches``: diners of a usual working day. ``waste``: how much of the usual share its kitchen wastes. ``manner``:
    how it keeps its records (``demo/kitchen_manners.py``).
    """

    name_zh: str
    name_en: str
    address: str
    place: tuple[float, float]
    seats: int
    lunches: int
    waste: float
    serving: str = "buffet"
    operating: str = "self_run"
    manner: Manner = "honest"


@dataclass(frozen=True, slots=True)
class DemoAgency:
    """An agency with its canteens; ``short`` is what its console users' log-ins end in.

    ``prices``: by meal, the home price, the visitor price (None: the 20/40/40 rule) or a limit for free amounts, in
    fen.
    """

    short: str
    book: int
    name_zh: str
    name_en: str
    prices: dict[str, tuple[int | None, int | None, int | None]]
    canteens: tuple[DemoCanteen, ...]


AGENCIES = (
    DemoAgency(
        "city",
        NINGBO,
        "宁波市机关事务管理局（演示）",
        "Ningbo City Administration (demo)",
        {"breakfast": (500, 1000, None), "lunch": (1200, 2000, None), "dinner": (1200, 2000, None)},
        (
            DemoCanteen(
                "第一食堂", "First Canteen", "宁波市鄞州区宁穿路2001号（演示）", (29.870, 121.544), 260, 620, 0.8
            ),
            DemoCanteen(
                "第二食堂",
                "Second Canteen",
                "宁波市鄞州区和济街118号（演示）",
                (29.871, 121.546),
                180,
                430,
                1.1,
                manner="gaming",
            ),
        ),
    ),
    DemoAgency(
        "yinzhou",
        NINGBO,
        "鄞州区机关事务中心（演示）",
        "Yinzhou District (demo)",
        {"breakfast": (400, None, None), "lunch": (1000, None, None), "dinner": (1000, None, None)},
        (
            DemoCanteen(
                "区府食堂",
                "District Hall",
                "宁波市鄞州区惠风东路568号（演示）",
                (29.817, 121.547),
                160,
                380,
                0.7,
                "buffet",
                "contracted",
            ),
            DemoCanteen(
                "南部食堂",
                "South",
                "宁波市鄞州区泰康中路999号（演示）",
                (29.802, 121.539),
                70,
                140,
                1.3,
                manner="careless",
            ),
        ),
    ),
    DemoAgency(
        "yuyao",
        NINGBO,
        "余姚市机关事务中心（演示）",
        "Yuyao City (demo)",
        {"breakfast": (400, 1000, None), "lunch": (None, None, 5000), "dinner": (None, None, 5000)},
        (
            DemoCanteen(
                "市府食堂", "City Hall", "余姚市南滨江路168号（演示）", (30.037, 121.154), 130, 300, 0.9, "a_la_carte"
            ),
            DemoCanteen(
                "泗门食堂",
                "Simen",
                "余姚市泗门镇光明路1号（演示）",
                (30.182, 121.040),
                50,
                90,
                1.0,
                "buffet",
                "contracted",
            ),
        ),
    ),
    DemoAgency(
        "hangzhou",
        HANGZHOU,
        "杭州市机关事务管理局（演示）",
        "Hangzhou City Administration (demo)",
        {"lunch": (1500, 2500, None)},
        (
            DemoCanteen(
                "市民中心食堂", "Citizen Centre", "杭州市上城区解放东路18号（演示）", (30.247, 120.210), 220, 510, 0.6
            ),
        ),
    ),
)

CANTEENS = tuple(canteen for agency in AGENCIES for canteen in agency.canteens)
"""In the order in which they are loaded, which is that of their numbers."""

AGREEMENTS = [(NINGBO, HANGZHOU)]
"""Host and guest region: the host takes the guests' officials without a registered visit. Hangzhou takes nobody so."""

RULES: dict[str, Any] = {
    "visitors": "agreement",
    "visitor_floor": "home_price",
    "visitor_cap": "allowance_share",
    "payment_max_fen": 20_000,
    "day_max_fen": 30_000,
    "meals_max": 4,
    "receipt_effect": "personal",
    "subsidy_expires": "never",
    "late_payments_max": 3,
    "late_fen_max": 10_000,
}
"""Of both regions. Four meals a period: an official may pay for the colleagues at his table.
A day's meals can be paid late, should a till have no network."""

ALLOWANCE_FEN = 10_000
"""100 yuan a day, in most places."""

MEALS_PER_LUNCH = {"breakfast": 0.35, "lunch": 1.0, "dinner": 0.22}
"""Covers of each meal for one cover at lunch."""

DINER_SHARES = {"city": 0.35, "yinzhou": 0.35, "yuyao": 0.25, "hangzhou": 0.05}
"""Where the officials of a played day come from."""

VISITOR_SHARE = 0.15
"""Meals eaten at another agency's canteen."""

PHONE_SHARE = 0.25
"""Officials who pay with a phone instead of a card."""

COOKED_G_PER_COVER = 520
WASTE_SHARES = {"preparation": 0.045, "unserved": 0.05, "plate": 0.085, "inedible": 0.03}
"""Share of what is cooked that a usual kitchen loses, by stream."""

VALID_FROM = date(2024, 1, 1)

CENTRE_NAME = "机关食堂清算中心"
CENTRE_ACCOUNT = "3901000000000000"
BANK = "102332000018"
"""A CNAPS number: 12 digits, the bank, the place, the branch, a check digit."""

CENTRE_USERS = [
    ("centre", "centre_operator"),
    ("approver", "centre_approver"),
    ("supervisor", "supervisor"),
    ("auditor", "auditor"),
]
AGENCY_USERS = [
    ("admin", "agency_admin"),
    ("finance", "agency_finance"),
    ("kitchen", "canteen_manager"),
]


@dataclass(frozen=True, slots=True)
class DemoOfficial:
    """An official who signs on at the simulated providers under ``login``; ``agency``: the short name of his own.

    ``visits``: the short name of an agency that he visits from the first day on.
    """

    login: str
    agency: str
    name: str
    visits: str | None = None


OFFICIALS = (
    DemoOfficial("official-city", "city", "陈明"),
    DemoOfficial("official-yinzhou", "yinzhou", "王芳", visits="hangzhou"),
    DemoOfficial("official-yuyao", "yuyao", "李强"),
    DemoOfficial("official-hangzhou", "hangzhou", "赵静"),
)
VISIT_DAYS = 14
