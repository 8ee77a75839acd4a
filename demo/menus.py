"""The demo city's menus: dishes by kind, drawn anew for every day and canteen from the same cards."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dining.menus import COLUMNS
from registry.models import Canteen
from registry.opening import openings

DAYS = 35
SEED = 20_261_123

Card = tuple[str, str, str, list[str], list[str], int, int]
"""Chinese and English name, kind, allergens and marks in the order of their vocabulary, price in fen, kilocalories."""

BREAKFAST: list[Card] = [
    ("白粥", "Rice porridge", "staple", [], ["vegetarian"], 50, 90),
    ("小米粥", "Millet porridge", "staple", [], ["vegetarian"], 50, 100),
    ("鲜肉包", "Pork bun", "pastry", ["gluten", "soybeans"], [], 150, 230),
    ("青菜香菇包", "Greens and mushroom bun", "pastry", ["gluten"], ["vegetarian"], 150, 190),
    ("花卷", "Flower roll", "staple", ["gluten"], ["vegetarian"], 80, 210),
    ("茶叶蛋", "Tea egg", "other", ["eggs", "soybeans"], [], 150, 80),
    ("豆浆", "Soy milk", "drink", ["soybeans"], ["vegetarian"], 100, 60),
    ("纯牛奶", "Milk", "drink", ["milk"], ["vegetarian"], 250, 130),
    ("凉拌海带丝", "Kelp salad", "cold", ["soybeans"], ["vegetarian"], 100, 40),
]
MEAT: list[Card] = [
    ("红烧带鱼", "Braised hairtail", "meat", ["fish", "soybeans"], [], 800, 310),
    ("清蒸鲈鱼", "Steamed sea bass", "meat", ["fish", "soybeans"], [], 1200, 240),
    ("白切鸡", "Poached chicken", "meat", ["soybeans"], [], 900, 280),
    ("宫保鸡丁", "Kung pao chicken", "meat", ["peanuts", "soybeans"], [], 800, 330),
    ("油焖大虾", "Braised prawns", "meat", ["crustaceans", "soybeans"], [], 1200, 220),
    ("孜然牛肉", "Cumin beef", "meat", ["soybeans"], ["halal"], 1200, 290),
    ("红烧狮子头", "Braised pork balls", "meat", ["gluten", "eggs", "soybeans"], [], 900, 420),
]
MIXED: list[Card] = [
    ("番茄炒蛋", "Tomatoes and eggs", "mixed", ["eggs"], [], 400, 180),
    ("肉末茄子", "Aubergine with minced pork", "mixed", ["soybeans"], [], 500, 220),
    ("青椒肉丝", "Pork with green peppers", "mixed", ["soybeans"], [], 500, 210),
    ("木须肉", "Moo shu pork", "mixed", ["eggs", "soybeans"], [], 500, 230),
    ("西芹腰果虾仁", "Shrimps with celery and cashews", "mixed", ["crustaceans", "nuts"], [], 700, 240),
]
VEGETABLE: list[Card] = [
    ("清炒时蔬", "Seasonal greens", "vegetable", [], ["vegetarian"], 200, 70),
    ("蒜蓉西兰花", "Broccoli with garlic", "vegetable", [], ["vegetarian"], 300, 80),
    ("醋溜土豆丝", "Shredded potatoes with vinegar", "vegetable", [], ["vegetarian"], 200, 120),
    ("家常豆腐", "Home-style tofu", "vegetable", ["soybeans"], ["vegetarian"], 300, 190),
    ("油焖春笋", "Braised bamboo shoots", "vegetable", ["soybeans"], ["vegetarian"], 400, 90),
]
SOUP: list[Card] = [
    ("紫菜蛋花汤", "Seaweed and egg soup", "soup", ["eggs"], [], 0, 40),
    ("番茄豆腐汤", "Tomato and tofu soup", "soup", ["soybeans"], ["vegetarian"], 0, 50),
    ("冬瓜排骨汤", "Winter melon and rib soup", "soup", [], [], 0, 90),
]
STAPLE: list[Card] = [
    ("米饭", "Rice", "staple", [], ["vegetarian"], 50, 230),
    ("杂粮馒头", "Mixed grain bun", "staple", ["gluten"], ["vegetarian"], 80, 200),
]
FRUIT: list[Card] = [
    ("时令水果", "Fruit of the season", "fruit", [], ["vegetarian"], 100, 50),
    ("酸奶", "Yoghurt", "drink", ["milk"], ["vegetarian"], 200, 110),
]


def cards(meal: str, chance: random.Random) -> list[Card]:
    """The dishes of one meal."""
    if meal == "breakfast":
        return chance.sample(BREAKFAST, 6)
    piles = ((MEAT, 3), (MIXED, 2), (VEGETABLE, 3), (SOUP, 1), (STAPLE, 2), (FRUIT, 1))
    return [card for pile, count in piles for card in chance.sample(pile, count)]


async def load_menus(db: AsyncSession, first: date, now: datetime) -> None:
    """Write the menus of every canteen for the days from one on."""
    raw = (await (await db.connection()).get_raw_connection()).driver_connection
    assert raw is not None
    canteens = list(await db.scalars(select(Canteen).order_by(Canteen.canteen_id)))
    open_at = await openings(raw)
    menus, dishes = [], []
    for canteen in canteens:
        for day in (first + timedelta(days=n) for n in range(DAYS)):
            for served in open_at[canteen.canteen_id].on(day).meals:
                key = canteen.book, canteen.canteen_id, day, str(served.meal)
                menus.append((*key, 1, "demo", now))
                dishes += [(*key, 1, line, *values) for line, values in enumerate(_dishes(key), start=1)]
    # COPY, as for the kitchens' history.
    await raw.copy_records_to_table("menu", records=menus, columns=(*KEY, "version", "published_by", "published_at"))
    await raw.copy_records_to_table("dish", records=dishes, columns=(*KEY, "version", "line", *COLUMNS))


KEY = ("book", "canteen_id", "business_date", "meal")


def _dishes(key: tuple[int, int, date, str]) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(f"{SEED} {key}")  # noqa: S311 - a demo
    for name_zh, name_en, kind, allergens, marks, price_fen, kcal in cards(key[3], chance):
        portions = 20 * chance.randint(4, 12)
        yield name_zh, name_en, kind, portions, allergens, None, marks, price_fen, kcal
