"""Files of a whole network: what was written is read again and changes nothing, and every contradiction is told."""

import io
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.catalogue import Language
from foundation.problems import Problem
from foundation.spreadsheets import safe_text
from foundation.table_files import WrongFile
from registry.meals import Meal
from registry.models import EVERY_DAY, Agency, BookRow, Canteen, MealPeriod, PersonClass, SpecialDay
from registry.network import above_themselves
from registry.network_tables import (
    COLUMNS,
    ROWS_MAX,
    Sheet,
    cells_of_file,
    heading,
    must_be_of_size,
    read_tables,
    template,
    write_csv,
    write_workbook,
)
from registry.states import ClassPrice
from settlement.models import ClassRulesRow, TariffRow
from settlement.network_files import Change, Kind, Network, imported, plan, tables_of

TODAY, DAY = date(2026, 11, 27), date(2026, 12, 26)
SHEETS = {sheet: str(sheet) for sheet in Sheet}
HEADERS = {sheet: ",".join(column.code for column in columns) for sheet, columns in COLUMNS.items()}


def agency(number: int, name: str, **more: Any) -> Agency:
    made: dict[str, Any] = {
        "book": 3302, "agency_id": number, "name_zh": name, "name_en": f"{name} en", "meal_allowance_fen": 10_000,
        "state": "active",
    }  # fmt: skip
    return Agency(**made | more)


def canteen(number: int, of: int, name: str, **more: Any) -> Canteen:
    made: dict[str, Any] = {
        "book": 3302,
        "canteen_id": number,
        "agency_id": of,
        "name_zh": name,
        "name_en": f"{name} en",
        "state": "active",
    }
    return Canteen(**made | more)


def lunch(of: int, weekdays: str = EVERY_DAY, ends: time = time(13)) -> MealPeriod:
    return MealPeriod(book=3302, canteen_id=of, meal="lunch", weekdays=weekdays, starts=time(11), ends=ends)


REGION = BookRow(book=3302, name_zh="宁波市", name_en="Ningbo", state="active")
TOWN = Network(
    [REGION],
    [agency(1001, "市局"), agency(1002, "县局", parent_agency_id=1001, contact_phone="0574-63981234")],
    [canteen(2001, 1001, "一食堂", latitude=29.87, longitude=121.54, capacity=240), canteen(2002, 1002, "一食堂")],
    [lunch(2001, "1234"), lunch(2001, "5", time(12)), lunch(2002)],
    [
        SpecialDay(book=3302, canteen_id=2001, day=date(2026, 12, 31), meals=[], reason="盘点"),
        SpecialDay(
            book=3302, canteen_id=2002, day=date(2026, 12, 26), reason="开放日",
            meals=[{"meal": "lunch", "starts": "11:00:00", "ends": "13:00:00"},
                   {"meal": "dinner", "starts": "17:00:00", "ends": "19:00:00"}],
        ),
    ],
)  # fmt: skip


def changes_of(network: Network, **sheets: str) -> list[Change]:
    """What CSV texts with codes as headings would do."""
    cells = {name: cells_of_file(text.encode(), name)[Sheet(name)] for name, text in sheets.items()}
    return plan(network, read_tables(cells), TODAY)


def counted(changes: list[Change]) -> tuple[int, int, int, int]:
    done = imported(changes, Language.ENGLISH, applied=False)
    return done.added, done.changed, done.unchanged, done.missing


def refusal(**sheets: str) -> list[tuple[str, int, str, str]]:
    with pytest.raises(WrongFile) as wrong:
        changes_of(TOWN, **sheets)
    for language in Language:
        assert wrong.value.detail(language)
        assert wrong.value.document(language)["findings"]
    return [(found.sheet, found.line, found.column, found.code.rpartition(".")[2]) for found in wrong.value.findings]


def with_header(sheet: Sheet, *rows: str) -> str:
    return "\n".join([HEADERS[sheet], *rows]) + "\n"


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12).filter(
    lambda name: not name.startswith("'") and safe_text(name)[1:].strip() == safe_text(name)[1:] and "\x00" not in name
)
HOURS = st.sampled_from([(time(6, 30), time(8)), (time(7), time(8, 30, 15))])
DAYS = st.sampled_from([EVERY_DAY, "12345", "67", "135", "7"])

AMOUNTS = st.integers(1, 1_000_000)
DATES = st.sets(st.dates(date(2020, 1, 1), date(2030, 1, 1)), max_size=2)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Networks that could exist: unique names, no meal twice on a day, agencies below earlier ones."""
    count = draw(st.integers(1, 4))
    names = st.lists(NAMES, min_size=count, max_size=count, unique_by=lambda name: "".join(name.split()).casefold())
    regions = [
        BookRow(
            book=3300 + n,
            name_zh=zh,
            name_en=f"region {n} {zh}"[:60],
            state=draw(st.sampled_from(["active", "suspended"])),
        )
        for n, zh in enumerate(draw(names))
    ]
    agencies = [
        agency(
            1001 + n,
            zh,
            name_en=f"agency {n}",
            book=regions[n].book,
            meal_allowance_fen=draw(st.integers(1, 100_000)),
            parent_agency_id=1000 + n if n and draw(st.booleans()) else None,
            address=draw(st.none() | NAMES),
            contact_phone=draw(st.none() | st.just("+86 574 6398 1234")),
        )
        for n, zh in enumerate(draw(names))
    ]
    canteens = [
        canteen(
            2001 + n,
            one.agency_id,
            zh,
            book=one.book,
            name_en=f"canteen {n}",
            capacity=draw(st.none() | st.integers(1, 20_000)),
            latitude=draw(st.floats(-90, 90)),
            longitude=draw(st.floats(-180, 180)),
        )
        for n, (one, zh) in enumerate(zip(agencies, draw(names), strict=True))
    ]
    meals = []
    for one in canteens:
        starts, ends = draw(HOURS)
        weekdays = draw(DAYS)
        rest = "".join(digit for digit in EVERY_DAY if digit not in weekdays)
        meals.append(
            MealPeriod(
                book=one.book, canteen_id=one.canteen_id, meal="breakfast", weekdays=weekdays, starts=starts, ends=ends
            )
        )
        if rest:
            meals.append(
                MealPeriod(
                    book=one.book,
                    canteen_id=one.canteen_id,
                    meal="breakfast",
                    weekdays=rest,
                    starts=time(9),
                    ends=time(10),
                )
            )
    days = [
        SpecialDay(
            book=one.book,
            canteen_id=one.canteen_id,
            day=TODAY + timedelta(days=draw(st.integers(-400, 400))),
            reason=draw(NAMES),
            meals=draw(st.sampled_from([[], [{"meal": "dinner", "starts": "17:00:00", "ends": "19:30:00"}]])),
        )
        for one in canteens
    ]
    prices = [
        TariffRow(
            book=one.book, canteen_id=one.canteen_id, meal="lunch", valid_from=day, home_fen=draw(AMOUNTS),
            visitor_fen=draw(st.none() | AMOUNTS),
        )
        for one in canteens
        for day in draw(DATES)
    ] + [
        TariffRow(
            book=one.book, canteen_id=one.canteen_id, meal="dinner", valid_from=day, limit_fen=draw(AMOUNTS)
        )
        for one in canteens
        for day in draw(DATES)
    ]  # fmt: skip
    classes = [
        PersonClass(code=f"class_{'abcd'[n]}", name_zh=f"类别{zh}"[:30], name_en=f"class {n}")
        for n, zh in enumerate(draw(names))
    ]
    rules = [
        ClassRulesRow(
            book=one.book, person_class=classes[0].code, valid_from=day, eats_at_home=draw(st.booleans()),
            eats_elsewhere=draw(st.booleans()), price=draw(st.sampled_from(list(ClassPrice))),
        )
        for one in regions
        for day in draw(DATES)
    ]  # fmt: skip
    return Network(regions, agencies, canteens, meals, days, prices, classes, rules)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    network=networks(),
    language=st.sampled_from(list(Language)),
    encoding=st.sampled_from(["utf-8-sig", "utf-8", "gb18030"]),
)
def test_what_was_exported_changes_nothing(network: Network, language: Language, encoding: str) -> None:
    tables = tables_of(network)
    csv_cells: dict[str, list[list[Any]]] = {}
    for sheet, rows in tables.items():
        text = write_csv(sheet, rows, language).decode("utf-8-sig").encode(encoding)
        csv_cells |= cells_of_file(text, f"{sheet}.csv")
    workbook = cells_of_file(write_workbook(tables, language), "")
    for cells in (csv_cells, workbook):
        changes = plan(network, read_tables(cells), TODAY)
        assert {change.kind for change in changes} == {Kind.UNCHANGED}
        assert len([one for one in changes if one.sheet is Sheet.CANTEENS]) == len(network.canteens)


def test_a_changed_row_is_told_from_to() -> None:
    rows = with_header(Sheet.CANTEENS, '2001,市局,一食堂,一食堂 en,29.87,121.54,"300",,李娜,,在用',
                       ",县局,二食堂,Second,,,,,,,")  # fmt: skip
    meals = with_header(Sheet.MEALS, "县局,二食堂,午餐,周一至周五,11:00,13:00")
    changes = changes_of(TOWN, canteens=rows, meals=meals)
    assert counted(changes) == (2, 1, 0, 3)
    done = imported(changes, Language.CHINESE, applied=False)
    changed = next(one for one in done.differences if one.kind == "changed")
    assert (changed.sheet, changed.name) == ("食堂", "市局 一食堂")
    assert changed.changes == {"座位数（个）": ["240", "300"], "联系人": ["", "李娜"]}


PRICED = replace(
    TOWN,
    prices=[TariffRow(book=3302, canteen_id=2001, meal="lunch", valid_from=TODAY, home_fen=1_200)],
    classes=[PersonClass(code="official", name_zh="在编人员", name_en="official"),
             PersonClass(code="guest", name_zh="来宾", name_en="guest")],
    class_rules=[ClassRulesRow(book=3302, person_class="guest", valid_from=TODAY, eats_at_home=True,
                               eats_elsewhere=False, price="home")],
)  # fmt: skip


def test_prices_and_rules_of_classes_are_compared_by_their_days() -> None:
    prices = with_header(
        Sheet.PRICES, "市局,一食堂,午餐,2026-12-01,15.00元,,", "市局,一食堂,lunch,2026年11月27日,12,,",
        "市局,一食堂,晚餐,2027-01-01,,,40", "市局,一食堂,晚餐,2026-11-27,,,30",
    )  # fmt: skip
    classes = with_header(Sheet.CLASSES, "guest,宾客,guest", "volunteer,志愿者,volunteer")
    rules = with_header(
        Sheet.CLASS_RULES, "宁波市,志愿者,2026-11-27,是,否,本单位价格", "3302,guest,2026-11-27,yes,yes,home",
        "Ningbo,来宾,2026-11-28,true,false,visitors' price",
    )  # fmt: skip
    changes = changes_of(PRICED, prices=prices, classes=classes, class_rules=rules)
    assert counted(changes) == (3 + 1 + 2, 2, 1, 1)
    done = imported(changes, Language.CHINESE, applied=False)
    told = {one.name: one.changes for one in done.differences if one.sheet == "餐价"}
    assert told["市局 一食堂 午餐 2026-12-01"] == {"本单位价格（元）": ["", "15.00"]}
    assert {"宁波市 guest 2026-11-27", "宁波市 volunteer 2026-11-27"} <= {one.name for one in done.differences}


@pytest.mark.parametrize(
    ("sheet", "row", "found"),
    [
        (Sheet.PRICES, "市局,一食堂,午餐,2026-11-27,13,,", ("valid_from", "price_stands")),
        (Sheet.PRICES, "市局,一食堂,午餐,2026-11-26,13,,", ("valid_from", "too_early")),
        (Sheet.PRICES, "县局,一食堂,午餐,2026-11-26,13,,", ("valid_from", "too_early")),
        (Sheet.PRICES, "市局,一食堂,午餐,2026-12-01,13,,20", ("valid_from", "fixed_or_free")),
        (Sheet.PRICES, "市局,一食堂,午餐,2026-12-01,,,", ("valid_from", "fixed_or_free")),
        (Sheet.PRICES, "市局,一食堂,午餐,2026-12-01,,5,20", ("valid_from", "free_has_no_visitor_price")),
        (Sheet.PRICES, "市局,一食堂,午餐,2026-12-01,1.234,,", ("home_fen", "not_an_amount")),
        (Sheet.PRICES, "市局,一食堂,午餐,2026-12-01,-5,,", ("home_fen", "not_an_amount")),
        (Sheet.PRICES, "市局,无此食堂,午餐,2026-12-01,13,,", ("canteen", "no_canteen")),
        (Sheet.CLASSES, "Guest,来宾,guest", ("person_class", "not_a_class_code")),
        (Sheet.CLASSES, "visitor,来宾,visitor", ("name_zh", "name_taken")),
        (Sheet.CLASS_RULES, "宁波市,国王,2026-12-01,是,是,本单位价格", ("person_class", "no_such_class")),
        (Sheet.CLASS_RULES, "温州市,来宾,2026-12-01,是,是,本单位价格", ("region", "no_region")),
        (Sheet.CLASS_RULES, "宁波市,来宾,2026-11-26,是,是,本单位价格", ("valid_from", "in_the_past")),
        (Sheet.CLASS_RULES, "宁波市,来宾,2026-11-27,是,是,外单位价格", ("valid_from", "price_today")),
        (Sheet.CLASS_RULES, "宁波市,在编人员,2026-12-01,是,是,本单位价格", ("valid_from", "official")),
        (Sheet.CLASS_RULES, "宁波市,来宾,2026-12-01,也许,是,本单位价格", ("eats_at_home", "not_yes_or_no")),
        (Sheet.CLASS_RULES, "宁波市,来宾,2026-12-01,是,是,免费", ("price", "not_a_class_price")),
    ],
)
def test_prices_and_rules_that_cannot_be_are_named(sheet: Sheet, row: str, found: tuple[str, str]) -> None:
    with pytest.raises(WrongFile) as wrong:
        changes_of(PRICED, **{sheet: with_header(sheet, row)})
    assert [(one.column, one.code.rpartition(".")[2]) for one in wrong.value.findings] == [found]
    assert all(wrong.value.detail(language) for language in Language)


def test_a_renamed_agency_is_known_by_both_names() -> None:
    agencies = with_header(Sheet.AGENCIES, "1001,3302,新市局,City,100.00,,,,,")
    for name in ("市局", "新市局", "1001", "City"):
        meals = with_header(Sheet.MEALS, f"{name},一食堂,lunch,1-4,11:00,13:00", f"{name},2001,lunch,Fri,11:00,12:00")
        changes = changes_of(TOWN, agencies=agencies, meals=meals)
        assert next(change.kind for change in changes if change.sheet is Sheet.MEALS) is Kind.UNCHANGED


def test_new_things_may_refer_to_new_things() -> None:
    changes = changes_of(
        TOWN,
        regions=with_header(Sheet.REGIONS, "3301,杭州市,Hangzhou,"),
        agencies=with_header(Sheet.AGENCIES, ",杭州市,区局,District,100,省局,,,,", ",Hangzhou,省局,Province,100,,,,,"),
        canteens=with_header(Sheet.CANTEENS, ",区局,食堂,Canteen,,,,,,,"),
        meals=with_header(Sheet.MEALS, "District,Canteen,晚餐,,17:00,19:00"),
        calendar=with_header(Sheet.CALENDAR, "区局,食堂,2026年12月31日,,,,盘点"),
    )
    assert counted(changes) == (6, 0, 0, 9)


@pytest.mark.parametrize(
    ("sheet", "rows", "found"),
    [
        (Sheet.REGIONS, ["33,某省,Province,"], ("book", "not_a_region")),
        (Sheet.REGIONS, ["3302,宁波市,Ningbo,", "3302,宁波市,Ningbo,"], ("book", "row_twice")),
        (Sheet.REGIONS, ["3303,宁波市,Other,"], ("name_zh", "name_taken")),
        (Sheet.REGIONS, ["3302,宁波市,Ningbo,已暂停"], ("state", "state_by_call")),
        (Sheet.REGIONS, ["3303,温州市,Wenzhou,ended"], ("state", "state_by_call")),
        (Sheet.REGIONS, ["3303,温州市,Wenzhou,open"], ("state", "not_a_state")),
        (Sheet.REGIONS, ["3303,,Wenzhou,"], ("name_zh", "needed")),
        (Sheet.AGENCIES, ["7,3302,甲,A,100,,,,,"], ("agency_id", "no_agency")),
        (Sheet.AGENCIES, [",9999,甲,A,100,,,,,"], ("region", "no_region")),
        (Sheet.AGENCIES, [",3302,甲,A,,,,,,"], ("meal_allowance_fen", "needed")),
        (Sheet.AGENCIES, [",3302,甲,A,100.001,,,,,"], ("meal_allowance_fen", "not_an_allowance")),
        (Sheet.AGENCIES, [",3302,甲,县局 en,100,,,,,"], ("name_en", "name_taken")),
        (Sheet.AGENCIES, ["1001,3302,市局,市局 en,80,,,,,"], ("meal_allowance_fen", "fixed")),
        (Sheet.AGENCIES, [",3302,甲,A,100,乙,,,,"], ("parent_agency", "no_agency")),
        (Sheet.AGENCIES, ["1001,3302,市局,市局 en,100,县局,,,,"], ("parent_agency", "above_itself")),
        (Sheet.AGENCIES, [",3302,甲,A,100,甲,,,,"], ("parent_agency", "above_itself")),
        (Sheet.AGENCIES, ["1001,3302,市局,市局 en,100,,,,call me,"], ("contact_phone", "phone")),
        (Sheet.CANTEENS, [",无局,甲,A,,,,,,,"], ("agency", "no_agency")),
        (Sheet.CANTEENS, ["2001,县局,一食堂,一食堂 en,29.87,121.54,240,,,,"], ("agency", "fixed")),
        (Sheet.CANTEENS, [",市局,甲,A,,,,,,,"], ("name_zh", "no_meals")),
        (Sheet.CANTEENS, ["2001,市局,一食堂,一食堂 en,29.87,,240,,,,"], ("latitude", "half_a_place")),
        (Sheet.CANTEENS, ["2001,市局,一食堂,一食堂 en,91,121,240,,,,"], ("latitude", "not_degrees")),
        (Sheet.CANTEENS, ["2001,市局,一食堂,一食堂 en,nan,121,240,,,,"], ("latitude", "not_degrees")),
        (Sheet.CANTEENS, ["2001,市局,一食堂,一食堂 en,29,121,0,,,,"], ("capacity", "not_a_capacity")),
        (Sheet.MEALS, ["市局,无,lunch,,11:00,13:00"], ("canteen", "no_canteen")),
        (Sheet.MEALS, ["市局,一食堂,晚餐,,22:00,01:00"], ("starts", "meal_over_midnight")),
        (Sheet.MEALS, ["市局,一食堂,早餐,,07:00,11:30"], ("starts", "meals_overlap")),
        (Sheet.MEALS, ["市局,一食堂,lunch,,11:00,13:00", "市局,2001,lunch,5,11:00,12:00"], ("starts", "meal_twice")),
        (Sheet.MEALS, ["市局,一食堂,tea,,11:00,13:00"], ("meal", "not_a_meal")),
        (Sheet.MEALS, ["市局,一食堂,lunch,someday,11:00,13:00"], ("weekdays", "not_weekdays")),
        (Sheet.MEALS, ["市局,一食堂,lunch,,11h,13:00"], ("starts", "not_a_time")),
        (Sheet.MEALS, ["市局,一食堂,lunch,,,13:00"], ("starts", "needed")),
        (Sheet.CALENDAR, ["市局,一食堂,2026-11-01,,,,迟"], ("day", "day_over")),
        (Sheet.CALENDAR, ["市局,一食堂,2026-02-30,,,,迟"], ("day", "not_a_date")),
        (Sheet.CALENDAR, ["市局,一食堂,2026-12-30,lunch,11:00,,甲"], ("starts", "needed")),
        (Sheet.CALENDAR, ["市局,一食堂,2026-12-30,,,,甲", "市局,2001,2026-12-30,,,,甲"], ("day", "row_twice")),
        (Sheet.CALENDAR, ["市局,一食堂,2026-12-30,lunch,11:00,13:00,甲", "市局,一食堂,2026-12-30,,,,甲"],
         ("meal", "closed_and_open")),
        (Sheet.CALENDAR, ["市局,一食堂,2026-12-30,lunch,11:00,13:00,甲", "市局,2001,2026-12-30,dinner,17:00,18:00,乙"],
         ("reason", "two_reasons")),
    ],
)  # fmt: skip
def test_a_row_that_contradicts_is_named_with_its_column(sheet: Sheet, rows: list[str], found: tuple[str, str]) -> None:
    told = refusal(**{sheet: with_header(sheet, *rows)})
    assert found in [(column, code) for _, _, column, code in told], told
    assert {(name, line) for name, line, _, _ in told} <= {(str(sheet), 2), (str(sheet), 3)}


def test_two_canteens_of_an_agency_with_one_name_and_two_of_two() -> None:
    meals = with_header(Sheet.MEALS, "市局,甲,lunch,,11:00,13:00", "县局,甲,lunch,,11:00,13:00")
    of_two = with_header(Sheet.CANTEENS, ",市局,甲,A,,,,,,,", ",县局,甲,A,,,,,,,")
    assert counted(changes_of(TOWN, canteens=of_two, meals=meals))[0] == 4
    of_one = with_header(Sheet.CANTEENS, ",市局,甲,A,,,,,,,", ",市局,甲,B,,,,,,,")
    assert ("canteens", 3, "name_zh", "name_taken") in refusal(canteens=of_one, meals=meals)


def test_nothing_joins_what_is_suspended_or_has_ended() -> None:
    closed = Network(
        [REGION, BookRow(book=3303, name_zh="温州市", name_en="Wenzhou", state="ended")],
        [agency(1001, "市局", state="suspended"), agency(1002, "县局", book=3303)], [], [], [],
    )  # fmt: skip
    rows = with_header(Sheet.CANTEENS, ",市局,甲,A,,,,,,,", ",县局,乙,B,,,,,,,")
    meals = with_header(Sheet.MEALS, "市局,甲,lunch,,11:00,13:00", "县局,乙,lunch,,11:00,13:00")
    agencies = with_header(Sheet.AGENCIES, ",温州市,丙,C,100,,,,,")
    with pytest.raises(WrongFile) as wrong:
        changes_of(closed, agencies=agencies, canteens=rows, meals=meals)
    assert [(found.sheet, found.line, found.column) for found in wrong.value.findings] == [
        ("agencies", 2, "region"), ("canteens", 2, "agency"), ("canteens", 3, "agency"),
    ]  # fmt: skip


def test_every_wrong_row_of_every_sheet_is_told_at_once() -> None:
    told = refusal(
        regions=with_header(Sheet.REGIONS, "3303,,Wenzhou,", "x,温州市,Wenzhou,"),
        meals=with_header(Sheet.MEALS, "市局,一食堂,tea,,11:00,13:00"),
    )
    assert [(name, line) for name, line, _, _ in told] == [("regions", 2), ("regions", 3), ("meals", 2)]


def test_unknown_and_repeated_columns_and_sheets_are_refused_by_name() -> None:
    assert refusal(regions="book,name_zh,name_en,颜色\n3303,温州市,Wenzhou,红\n") == [
        ("regions", 1, "颜色", "unknown_column")
    ]
    assert refusal(regions="book,name_zh,中文名称,name_en\n3303,温州市,温州市,Wenzhou\n")[0][3] in (
        "column_twice", "unknown_column",
    )  # fmt: skip
    assert refusal(regions="book,name_zh\n3303,温州市\n") == [("regions", 1, "name_en", "missing_column")]
    with pytest.raises(Problem) as unknown:
        read_tables({"Staff": [["a"]]})
    assert unknown.value.code == "network.file.unknown_sheet"


def test_headings_and_words_are_taken_in_both_languages() -> None:
    for language in Language:
        names = ",".join(f'"{heading(column.code, language)}"' for column in COLUMNS[Sheet.MEALS])
        assert counted(changes_of(TOWN, meals=f"{names}\n县局,一食堂,午餐,每天,11：00,13:00\n")) == (0, 0, 1, 1)


def formula(value: str) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    page = book.add_worksheet("地区")
    page.write_row(0, 0, ["book", "name_zh", "name_en"])
    page.write_number(1, 0, 3303)
    page.write_formula(1, 1, value, None, "温州市")
    page.write_string(1, 2, "Wenzhou")
    book.close()
    return file.getvalue()


def test_a_formula_is_refused_at_its_place() -> None:
    with pytest.raises(WrongFile) as wrong:
        read_tables(cells_of_file(formula('="温州"&"市"'), ""))
    [found] = wrong.value.findings
    assert (found.sheet, found.line, found.column, found.code) == ("地区", 2, "name_zh", "table.formula")


def test_too_much_is_refused_early() -> None:
    million = b"book,name_zh,name_en\n" + b"1,a,b\n" * 1_000_000
    cells = cells_of_file(million, "regions.csv")
    assert len(cells[Sheet.REGIONS]) == ROWS_MAX + 2, "no more is kept than what shows that it is too much"
    with pytest.raises(Problem) as refused:
        read_tables(cells)
    assert refused.value.code == "table.too_many_rows"
    with pytest.raises(Problem) as too_large:
        must_be_of_size(len(million))
    assert too_large.value.code == "network.file.too_large"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b"PK\x03\x04 no workbook", b"", b"\x00"])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(Problem):
        read_tables(cells_of_file(content, "regions.csv"))


def test_cells_of_excel_are_dates_times_and_numbers() -> None:
    file = io.BytesIO()
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "特殊日"
    page.append(["单位", "食堂", "日期", "餐次", "开始时间", "结束时间", "事由"])
    page.append([1002, 2002, datetime.combine(DAY, time()), "午餐", time(11), time(13), "开放日"])
    page.append([1002, 2002, DAY, "Dinner", "17:00:00", time(19), "开放日"])
    book.save(file)
    changes = plan(TOWN, read_tables(cells_of_file(file.getvalue(), "")), TODAY)
    assert [change.kind for change in changes] == [Kind.UNCHANGED, Kind.MISSING]


def test_the_template_has_every_sheet_with_drop_downs_and_notes_and_says_nothing() -> None:
    for language in Language:
        book = openpyxl.load_workbook(io.BytesIO(template(language)))
        assert len(book.worksheets) == len(Sheet)
        assert sum(len(page.data_validations.dataValidation) for page in book.worksheets) == 9
        notes = [cell.comment for page in book.worksheets for cell in page[1] if cell.comment]
        assert len(notes) > 10
        with pytest.raises(Problem) as empty:
            read_tables(cells_of_file(template(language), ""))
        assert empty.value.code == "table.empty"


def test_filled_in_templates_are_read() -> None:
    file = io.BytesIO()
    book = openpyxl.load_workbook(io.BytesIO(template(Language.CHINESE)))
    page = book["地区"]
    page.append(["3303", "温州市", "Wenzhou"])
    book.save(file)
    assert counted(plan(TOWN, read_tables(cells_of_file(file.getvalue(), "")), TODAY))[0] == 1


def test_meals_are_the_enumeration() -> None:
    assert {row["meal"] for row in tables_of(TOWN)[Sheet.MEALS]} <= set(Meal)


@given(st.dictionaries(st.integers(0, 12), st.none() | st.integers(0, 14)))
def test_agencies_above_themselves_are_those_on_a_ring(parents: dict[int, int | None]) -> None:
    def leads_back(one: int) -> bool:
        above: int | None = parents.get(one)
        for _ in parents:
            if above is None or above == one:
                return above == one
            above = parents.get(above)
        return False

    assert above_themselves(parents) == {one for one in parents if leads_back(one)}
