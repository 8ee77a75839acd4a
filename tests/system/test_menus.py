"""Menus: published and changed until the meal ends, by file and by copy, and read by everybody."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import urllib3
from openpyxl import load_workbook

from foundation.calendar import ZONE
from tests.builders import Network
from tests.running_system import Person
from tests.system.test_network_changes import new_canteen

FISH: dict[str, Any] = {
    "name_zh": "红烧带鱼", "name_en": "Braised hairtail", "kind": "meat", "portions": 180,
    "allergens": ["gluten", "fish"], "allergen_note": "与花生同锅油炸", "price_fen": 800, "kcal": 320,
}  # fmt: skip
TOFU: dict[str, Any] = {"name_zh": "麻婆豆腐", "kind": "vegetable", "allergens": ["soybeans"], "marks": ["vegetarian"]}
RICE: dict[str, Any] = {"name_zh": "米饭", "kind": "staple", "portions": 400}
HEADINGS = "日期,食堂编号,餐次,中文名称,类型,计划份数,过敏原,过敏原说明,标识,价格（元）,热量（千卡）\n"

MEALS = [
    {"meal": "breakfast", "starts": "07:00:00", "ends": "08:30:00"},
    {"meal": "lunch", "starts": "11:00:00", "ends": "13:00:00"},
]


@pytest.fixture(scope="module")
def canteen_id(network: Network) -> int:
    return new_canteen(network, network.agency_id("yinzhou"), meals=MEALS)


@pytest.fixture(scope="module")
def kitchen(network: Network) -> Person:
    return network.person("kitchen-yinzhou")


@pytest.fixture
def day() -> date:
    """Tomorrow: its meals have not ended, whatever the time."""
    return datetime.now(ZONE).date() + timedelta(days=1)


def path_of(canteen_id: int, day: date, meal: str = "lunch") -> str:
    return f"/dining/canteens/{canteen_id}/menus/{day}/{meal}"


def names(menu: dict[str, Any]) -> list[str]:
    return [dish["name_zh"] for dish in menu["dishes"]]


def rows(*dishes: str) -> bytes:
    return (HEADINGS + "\n".join(dishes) + "\n").encode()


def download(person: Person, path: str, language: str) -> bytes:
    headers = {"authorization": f"Bearer {person.token}", "accept-language": language}
    answer = urllib3.request("GET", person.url + path, headers=headers, retries=False, timeout=60)
    assert answer.status == 200, answer.data
    return answer.data


def public(network: Network, path: str, **headers: str) -> Any:
    return urllib3.request("GET", f"{network.url}/public/canteens{path}", headers=headers, retries=False)


def test_a_menu_is_published_and_changed_and_its_versions_stay(
    network: Network, canteen_id: int, kitchen: Person, day: date
) -> None:
    path = path_of(canteen_id, day)
    assert kitchen.ask("GET", path).status == 404
    assert kitchen.call("PUT", path, {"dishes": [FISH, RICE]}) == {"version": 1}
    same = FISH | {"allergens": ["fish", "gluten", "fish"]}
    assert kitchen.call("PUT", path, {"dishes": [same, RICE]}) == {"version": 1}, "nothing changed"
    assert kitchen.call("PUT", path, {"dishes": [TOFU, RICE]}) == {"version": 2}
    shown = kitchen.call("GET", path)
    assert (shown["version"], names(shown)) == (2, ["麻婆豆腐", "米饭"])
    assert kitchen.call("GET", f"{path}?version=1")["dishes"] == [FISH, RICE]
    assert kitchen.ask("GET", f"{path}?version=3").status == 404
    entries = network.approver.call("GET", f"/console/audit-entries?subject=canteen/{canteen_id}&sort=-number")["items"]
    made = [one["detail"]["version"] for one in entries if one["action"] == "publish_menu"]
    assert sorted(made) == [1, 2]
    listed = kitchen.call("GET", f"/dining/dishes?canteen_id={canteen_id}&from_day={day}&until_day={day}")["items"]
    assert [one["name_zh"] for one in listed] == ["麻婆豆腐", "米饭"], "the version that holds"


def test_everybody_reads_the_menus_of_a_day_and_of_the_week(
    network: Network, canteen_id: int, kitchen: Person, day: date
) -> None:
    kitchen.call("PUT", path_of(canteen_id, day, "breakfast"), {"dishes": [RICE]})
    answer = public(network, f"/{canteen_id}/menus/{day}")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "public, max-age=60"
    [shown] = answer.json()["days"]
    assert [(meal["meal"], meal["starts"]) for meal in shown["meals"]] == [
        ("breakfast", "07:00:00"), ("lunch", "11:00:00"),
    ]  # fmt: skip
    assert shown["meals"][0]["dishes"] == [RICE]
    again = public(network, f"/{canteen_id}/menus/{day}", **{"if-none-match": answer.headers["etag"]})
    assert (again.status, again.data) == (304, b"")
    kitchen.call("PUT", path_of(canteen_id, day, "breakfast"), {"dishes": [TOFU]})
    changed = public(network, f"/{canteen_id}/menus/{day}", **{"if-none-match": answer.headers["etag"]})
    assert (changed.status, changed.json()["days"][0]["meals"][0]["dishes"]) == (200, [TOFU])
    week = public(network, f"/{canteen_id}/menus").json()["days"]
    assert [one["day"] for one in week] == [str(day + timedelta(days=n - 1)) for n in range(7)]
    assert public(network, "/7/menus").status == 404
    assert public(network, f"/{canteen_id}/menus/2026-13-01").status in (400, 404)


def test_a_wrong_menu_is_refused(network: Network, canteen_id: int, kitchen: Person, day: date) -> None:
    path = path_of(canteen_id, day)
    for dishes in (
        [], [FISH, FISH], [FISH | {"kind": "poison"}], [FISH | {"allergens": ["dust"]}], [FISH | {"portions": -1}],
        [FISH | {"price_fen": 10**9}], [FISH | {"name_zh": "\u200b"}], [FISH | {"name_zh": "x" * 61}],
        [{"kind": "meat"}],
        [FISH | {"taste": "good"}], [FISH | {"name_zh": f"菜{n}"} for n in range(61)],
    ):  # fmt: skip
        assert kitchen.ask("PUT", path, {"dishes": dishes}).status == 400, dishes
    menu = {"dishes": [RICE]}
    for where in (
        path_of(canteen_id, day, "dinner"), path_of(canteen_id, day + timedelta(days=93)),
        path_of(canteen_id, day, "brunch"),
    ):  # fmt: skip
        assert kitchen.ask("PUT", where, menu).status == 400, where
    for ends in ("0001-01-01", "9999-12-31"):
        assert kitchen.ask("PUT", f"/dining/canteens/{canteen_id}/menus/{ends}/lunch", menu).status in (400, 409)
        assert kitchen.ask("GET", f"/dining/canteens/{canteen_id}/menus/{ends}/lunch").status == 404
        assert public(network, f"/{canteen_id}/menus/{ends}").status == 200
    past = kitchen.ask("PUT", path_of(canteen_id, day - timedelta(days=2)), menu)
    assert (past.status, past.json()["code"]) == (409, "menu.over")
    assert network.person("kitchen-yuyao").ask("PUT", path, menu).status == 404
    assert network.person("finance-yinzhou").ask("PUT", path, menu).status == 403


def test_menus_are_copied_to_another_week(network: Network, canteen_id: int, kitchen: Person, day: date) -> None:
    source, first = day + timedelta(days=20), day + timedelta(days=27)
    for n in (0, 1):
        kitchen.call("PUT", path_of(canteen_id, source + timedelta(days=n)), {"dishes": [FISH, RICE]})
    kitchen.call("PUT", path_of(canteen_id, first), {"dishes": [TOFU]})
    copies = f"/dining/canteens/{canteen_id}/menu-copies"
    wanted = {"source": str(source), "first": str(first), "days": 7}
    assert kitchen.call("POST", copies, wanted) == {"copied": 1, "left_out": 1}
    assert names(kitchen.call("GET", path_of(canteen_id, first))) == ["麻婆豆腐"], "a menu that is there stays"
    assert names(kitchen.call("GET", path_of(canteen_id, first + timedelta(days=1)))) == ["红烧带鱼", "米饭"]
    assert kitchen.call("POST", copies, wanted) == {"copied": 0, "left_out": 2}
    nothing = wanted | {"source": str(day + timedelta(days=60))}
    assert kitchen.ask("POST", copies, nothing).status == 400
    for changes in ({"days": 32}, {"first": "9999-12-31"}, {"source": "9999-12-31"}, {"source": "0001-01-01"}):
        assert kitchen.ask("POST", copies, wanted | changes).status == 400, changes
    assert network.person("kitchen-yuyao").ask("POST", copies, wanted).status == 404


def test_a_file_brings_whole_menus_or_nothing(network: Network, canteen_id: int, kitchen: Person, day: date) -> None:
    on = day + timedelta(days=3)
    dishes = [
        f"{on},{canteen_id},午餐,红烧带鱼,荤菜,180,鱼类、含麸质谷物,与花生同锅油炸,,8.00,320",
        f"{on:%Y年%m月%d日},{canteen_id},lunch,麻婆豆腐,素菜,,大豆,,素食,,",
        f"{on},{canteen_id},早餐,白粥,主食,,,,,0.50,",
    ]
    wrong = [
        f"{on},{canteen_id},午餐,红烧带鱼,荤菜,180,灰尘,,,八元,320", f"{on},{canteen_id},晚餐,米饭,主食,,,,,,",
        f"{on},99,午餐,,主食,-1,,,,,",
    ]  # fmt: skip
    refused = kitchen.ask("POST", "/dining/menu-files", rows(*dishes, *wrong))
    assert refused.status == 400
    assert {(one["line"], one["code"]) for one in refused.json()["findings"]} == {
        (5, "menu.file.not_an_allergen"), (5, "menu.file.not_an_amount"), (7, "weighing.file.not_a_canteen"),
        (7, "network.file.needed"), (7, "menu.file.not_a_number"),
    }  # fmt: skip
    not_served = kitchen.ask("POST", "/dining/menu-files", rows(*dishes, wrong[1], dishes[2]))
    assert {(one["line"], one["code"]) for one in not_served.json()["findings"]} == {
        (5, "menu.not_served"), (4, "menu.dish_twice"),
    }  # fmt: skip
    assert kitchen.ask("GET", path_of(canteen_id, on)).status == 404, "nothing is half done"
    done = {"menus": 2, "dishes": 3, "changed": 2}
    assert kitchen.call("POST", "/dining/menu-files?dry-run=true", rows(*dishes)) == done
    assert kitchen.ask("GET", path_of(canteen_id, on)).status == 404, "compared only"
    assert kitchen.call("POST", "/dining/menu-files", rows(*dishes)) == done
    assert kitchen.call("POST", "/dining/menu-files", rows(*dishes)) == done | {"changed": 0}
    lunch = kitchen.call("GET", path_of(canteen_id, on))["dishes"]
    assert lunch == [
        {name: value for name, value in FISH.items() if name != "name_en"}, TOFU,
    ]  # fmt: skip
    unknown = kitchen.ask("POST", "/dining/menu-files", (HEADINGS.replace("标识", "口味") + dishes[0]).encode())
    assert [one["code"] for one in unknown.json()["findings"]] == ["table.unknown_column"]
    for content in (b"", b"\xff\xfe\x00", b"PK\x03\x04", HEADINGS.encode()):
        assert kitchen.ask("POST", "/dining/menu-files", content).status == 400
    other = network.person("kitchen-yuyao").ask("POST", "/dining/menu-files", rows(*dishes))
    assert {one["code"] for one in other.json()["findings"]} == {"weighing.file.not_a_canteen"}
    assert network.person("finance-yinzhou").ask("POST", "/dining/menu-files", rows(*dishes)).status == 403


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_file_of_the_list_can_be_sent_again(
    network: Network, canteen_id: int, kitchen: Person, day: date, kind: str, language: str
) -> None:
    on = day + timedelta(days=5)
    kitchen.call("PUT", path_of(canteen_id, on), {"dishes": [FISH, TOFU, RICE]})
    query = f"canteen_id={canteen_id}&from_day={on}&until_day={on}"
    file = download(kitchen, f"/dining/dishes.{kind}?{query}", language)
    assert kitchen.call("POST", "/dining/menu-files", file) == {"menus": 1, "dishes": 3, "changed": 0}
    if (kind, language) == ("csv", "zh-CN"):
        _, fish, *_ = csv.reader(io.StringIO(file.decode("utf-8-sig")))
        assert fish[2:5] == ["午餐", "1", "红烧带鱼"]
        assert fish[8] == "含麸质谷物、鱼类", "words, and no codes"


def test_what_the_demo_city_lists_changes_nothing_when_it_comes_again(network: Network) -> None:
    kitchen = network.person("kitchen-hangzhou")
    canteen_id, tomorrow = network.canteen_id("hangzhou"), datetime.now(ZONE).date() + timedelta(days=1)
    file = download(kitchen, f"/dining/dishes.csv?canteen_id={canteen_id}&from_day={tomorrow}", "zh-CN")
    told = kitchen.call("POST", "/dining/menu-files?dry-run=true", file)
    assert told["menus"] > 20
    assert told["changed"] == 0


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_template_can_be_filled_in(
    network: Network, canteen_id: int, kitchen: Person, day: date, language: str
) -> None:
    on = day + timedelta(days=9 if language == "en" else 10)
    file = download(kitchen, "/dining/menu-template.xlsx", language)
    book = load_workbook(io.BytesIO(file))
    page = book.worksheets[0]
    assert page.data_validations.count == 2
    page.append([str(on), str(canteen_id), "lunch", "", "清蒸鱼", "", "meat", "20", "fish", "", "", "12.5", ""])
    filled = io.BytesIO()
    book.save(filled)
    assert kitchen.call("POST", "/dining/menu-files", filled.getvalue()) == {"menus": 1, "dishes": 1, "changed": 1}
    [dish] = kitchen.call("GET", path_of(canteen_id, on))["dishes"]
    assert dish == {"name_zh": "清蒸鱼", "kind": "meat", "portions": 20, "allergens": ["fish"], "price_fen": 1250}


def test_the_demo_city_has_menus(network: Network) -> None:
    today = datetime.now(UTC).astimezone(ZONE).date()
    for agency in ("city", "yuyao", "hangzhou"):
        days = public(network, f"/{network.canteen_id(agency)}/menus").json()["days"]
        served = [meal for one in days for meal in one["meals"]]
        assert served, agency
        assert all(meal["dishes"] for meal in served), (agency, today)
        assert any(dish.get("allergens") for meal in served for dish in meal["dishes"])
