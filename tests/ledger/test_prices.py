"""What each class pays for a canteen's meals from day to day: by hand, and as charge() takes it."""

from datetime import date, timedelta
from typing import Any

import pytest

from foundation.postgres import Pool
from foundation.problems import Problem
from registry.identifiers import Book
from registry.models import Canteen
from settlement.prices import DAYS_MAX, prices_of
from settlement.schemas import DayPrices, MealPrices
from tests.counter import HANGZHOU, NINGBO, Counter
from tests.ledger.test_person_classes import of_class, rules
from tests.ledger.test_weighing import TODAY


@pytest.fixture
async def canteen(ledger: Pool) -> Canteen:
    """The canteen at whose tills ``Counter.till`` stands."""
    found = await ledger.fetch("SELECT * FROM canteen WHERE book = $1 ORDER BY canteen_id LIMIT 1", NINGBO)
    columns = Canteen.__table__.columns.keys()
    return Canteen(**{name: value for name, value in dict(found[0]).items() if name in columns})


async def tariff(ledger: Pool, canteen: Canteen, meal: str, valid_from: date, **fen: int | None) -> None:
    mode = "free" if fen.get("limit_fen") else "fixed"
    await ledger.execute(
        "INSERT INTO tariff (book, canteen_id, meal, valid_from, mode, home_fen, visitor_fen, limit_fen)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (book, canteen_id, meal, valid_from) DO UPDATE"
        " SET mode = $5, home_fen = $6, visitor_fen = $7, limit_fen = $8",
        canteen.book, canteen.canteen_id, meal, valid_from, mode, fen.get("home_fen"), fen.get("visitor_fen"),
        fen.get("limit_fen"),
    )  # fmt: skip


def meal_of(day: DayPrices, meal: str) -> MealPrices:
    [found] = [one for one in day.meals if one.meal == meal]
    return found


def pays(meal: MealPrices) -> dict[tuple[str, bool], Any]:
    return {(one.person_class, one.at_home): one.refusal or one.price_fen for one in meal.pays}


async def test_a_price_and_a_class_by_date(ledger: Pool, canteen: Canteen) -> None:
    """A new price and new rules of a class begin on a day; the day before has the old ones."""
    tomorrow, later = TODAY + timedelta(days=1), TODAY + timedelta(days=2)
    await tariff(ledger, canteen, "lunch", TODAY - timedelta(days=9), home_fen=1_200, visitor_fen=2_000)
    await tariff(ledger, canteen, "lunch", tomorrow, home_fen=1_500, visitor_fen=2_500)
    await rules(ledger, "guest", str(later), True, False, "visitor")
    today, next_day, third = await prices_of(ledger, canteen, TODAY, later)
    assert pays(meal_of(today, "lunch"))["official", True] == 1_200
    assert pays(meal_of(today, "lunch"))["official", False] == 2_000
    assert pays(meal_of(next_day, "lunch"))["guest", True] == 1_500
    assert meal_of(next_day, "lunch").valid_from == tomorrow
    found = pays(meal_of(third, "lunch"))
    assert (found["guest", True], found["guest", False]) == (2_500, "not_entitled")
    assert found["official", False] == 2_500


async def test_an_entered_amount_has_a_limit_for_everybody(ledger: Pool, canteen: Canteen) -> None:
    await tariff(ledger, canteen, "dinner", TODAY - timedelta(days=9), limit_fen=5_000)
    await ledger.execute("UPDATE region_rules SET payment_max_fen = 3_000 WHERE book = $1", NINGBO)
    [today] = await prices_of(ledger, canteen, TODAY, TODAY)
    dinner = meal_of(today, "dinner")
    assert (dinner.home_fen, dinner.visitor_fen, dinner.limit_fen) == (None, None, 3_000)
    assert pays(dinner)["official", True] is None


async def test_visitors_pay_by_the_rules_of_their_own_region(ledger: Pool, canteen: Canteen) -> None:
    await rules(ledger, "guest", "2026-01-01", True, False, "visitor")
    [today] = await prices_of(ledger, canteen, TODAY, TODAY)
    [abroad] = await prices_of(ledger, canteen, TODAY, TODAY, Book(HANGZHOU))
    lunch, of_hangzhou = meal_of(today, "lunch"), meal_of(abroad, "lunch")
    assert pays(lunch)["guest", False] == "not_entitled"
    assert pays(of_hangzhou)["guest", False] == pays(of_hangzhou)["official", False] == lunch.visitor_fen
    assert pays(of_hangzhou)["guest", True] == lunch.visitor_fen, "at home his own region's rules hold"


@pytest.mark.parametrize("last", [TODAY - timedelta(days=1), TODAY + timedelta(days=DAYS_MAX)])
async def test_days_are_asked_for_by_the_month(ledger: Pool, canteen: Canteen, last: date) -> None:
    with pytest.raises(Problem):
        await prices_of(ledger, canteen, TODAY, last)


@pytest.mark.parametrize("agency_index", [0, 1])
async def test_what_is_shown_is_what_is_charged(
    ledger: Pool, canteen: Canteen, counter: Counter, agency_index: int
) -> None:
    """Of every class, at home and as a visitor: the amount, or the refusal."""
    await rules(ledger, "guest", "2026-01-01", True, False, "visitor")
    await rules(ledger, "contractor", "2026-01-01", False, True, "home")
    [today] = await prices_of(ledger, canteen, TODAY, TODAY)
    lunch = meal_of(today, "lunch")
    till, shown, charged = await counter.till(), {}, {}
    for one in lunch.pays:
        if one.at_home is (agency_index == 0):
            holder = await of_class(counter, one.person_class, agency_index=agency_index)
            order = counter.order(till, holder, home_fen=lunch.home_fen, visitor_fen=lunch.visitor_fen)
            answer = await counter.charger.charge(order)
            shown[one.person_class] = one.refusal or one.price_fen
            charged[one.person_class] = answer.refusal or answer.amount_fen
    assert shown == charged
    assert len(set(shown.values())) > 1
