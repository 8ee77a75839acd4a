"""A whole network from files: what is there as tables, and what a file would add and change. Pure.

A file adds and changes, and never removes: what it does not name is reported and stays. States, allowances, and what
belongs to what, have rules of their own: a file that differs there is wrong. All rows of a file are carried out or
none; every wrong one is told.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from foundation.catalogue import Language
from foundation.problems import Problem
from foundation.table_files import VALUE_SHOWN, Finding, WrongFile, plain
from registry.identifiers import AgencyId, CanteenId
from registry.models import EVERY_DAY, Agency, BookRow, Canteen, MealPeriod, PersonClass, SpecialDay
from registry.network import above_themselves
from registry.network_tables import COLUMNS, Row, Sheet, heading, sheet_name, shown
from registry.opening import DAYS_MAX, check_hours, special_meals
from registry.states import MemberState
from settlement.class_rules import check_class_rules
from settlement.models import ClassRulesRow, TariffRow
from settlement.region_rules import check_tariff
from settlement.schemas import ClassRules, NewTariff

Ref = int | str
"""An agency or a canteen: its number, or of a new one its place in the file."""

Hours = tuple[str, time, time]
"""Weekdays, begin and end."""


@dataclass(frozen=True, slots=True)
class Network:
    """Everything that files hold of a network."""

    regions: Sequence[BookRow]
    agencies: Sequence[Agency]
    canteens: Sequence[Canteen]
    meals: Sequence[MealPeriod]
    days: Sequence[SpecialDay]
    prices: Sequence[TariffRow] = ()
    classes: Sequence[PersonClass] = ()
    class_rules: Sequence[ClassRulesRow] = ()


class Kind(StrEnum):
    """What a file does to a row."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    MISSING = "missing"


@dataclass(slots=True)
class Change:
    """What a file does to one thing.

    ``key``: a region's code, a class's, a ``Ref``, (canteen, meal), (canteen, day), (canteen, (meal, first day)) or
    (region, (class, first day)).

    ``values``: its row; of an agency and a canteen also what they belong to (``above``). ``changes``: [before, after]
    by column; of what is added, before is None.
    """

    sheet: Sheet
    kind: Kind
    key: Any
    name: str
    values: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, list[Any]] = field(default_factory=dict)


class Difference(Struct):
    """A thing that a file adds or changes, or does not name; values as files show them, [before, after] by column."""

    sheet: str
    kind: str
    name: str
    changes: dict[str, list[str]]


class Imported(Struct):
    """What a file did, or would do (``applied`` false), in numbers, and each difference."""

    applied: bool
    added: int
    changed: int
    unchanged: int
    missing: int
    differences: list[Difference]


def tables_of(network: Network) -> dict[Sheet, list[dict[str, Any]]]:
    """A network as the rows that are written."""
    regions = {region.book: region.name_zh for region in network.regions}
    agencies = {agency.agency_id: agency.name_zh for agency in network.agencies}
    at = {
        canteen.canteen_id: {"agency": agencies[canteen.agency_id], "canteen": canteen.name_zh}
        for canteen in network.canteens
    }
    hours = [
        at[day.canteen_id] | {"day": day.day, "reason": day.reason, "meal": None, "starts": None, "ends": None} | meal
        for day in network.days
        for meal in ([{"meal": one.meal, "starts": one.starts, "ends": one.ends} for one in special_meals(day)] or [{}])
    ]
    return {
        Sheet.REGIONS: [_members(region, _REGION) for region in network.regions],
        Sheet.AGENCIES: [
            _members(agency, _AGENCY)
            | {"region": regions[agency.book], "parent_agency": agencies.get(agency.parent_agency_id or AgencyId(0))}
            for agency in network.agencies
        ],
        Sheet.CANTEENS: [
            _members(canteen, _CANTEEN) | {"agency": agencies[canteen.agency_id]} for canteen in network.canteens
        ],
        Sheet.MEALS: [at[meal.canteen_id] | _members(meal, _MEAL) for meal in network.meals],
        Sheet.CALENDAR: hours,
        Sheet.PRICES: [at[one.canteen_id] | _members(one, ("meal", "valid_from", *PRICE)) for one in network.prices],
        Sheet.CLASSES: [
            {"person_class": one.code, "name_zh": one.name_zh, "name_en": one.name_en} for one in network.classes
        ],
        Sheet.CLASS_RULES: [
            {"region": regions[one.book]} | _members(one, ("person_class", "valid_from", *CLASS_RULE))
            for one in network.class_rules
        ],
    }


_REGION = ("book", "name_zh", "name_en", "state")
_CONTACT = ("address", "contact_name", "contact_phone")
_AGENCY = ("agency_id", "name_zh", "name_en", "meal_allowance_fen", *_CONTACT, "roster_leavers_max_percent", "state")
_CANTEEN = ("canteen_id", "name_zh", "name_en", "latitude", "longitude", "capacity", *_CONTACT, "state")
_MEAL = ("meal", "weekdays", "starts", "ends")
PRICE = ("home_fen", "visitor_fen", "limit_fen")
CLASS_RULE = ("eats_at_home", "eats_elsewhere", "price")
FIXED = {"region", "agency", "meal_allowance_fen"}
"""What a file cannot change."""


def _members(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def plan(network: Network, rows: Mapping[Sheet, Sequence[Row]], today: date) -> list[Change]:
    """What a file's rows would do to a network. Raises WrongFile with every row that contradicts another or a rule."""
    return _Plan(network, rows, today).made()


class _Plan:
    """One comparison of a file with a network; findings gather over all sheets."""

    def __init__(self, network: Network, rows: Mapping[Sheet, Sequence[Row]], today: date) -> None:
        self._network, self._rows, self._today = network, rows, today
        self._now = tables_of(network)
        self._findings: list[Finding] = []
        self._changes: list[Change] = []
        self._regions: dict[str, int] = {}
        self._region_names: dict[int, str] = {}
        self._agencies: dict[str, Ref] = {}
        self._canteens: dict[tuple[Ref, str], Ref] = {}
        self._names: dict[Ref, str] = {}
        self._owners: dict[Ref, Ref] = {}

    def made(self) -> list[Change]:
        """The changes, sheet by sheet."""
        self._compare_regions()
        self._compare_agencies()
        self._compare_canteens()
        self._compare_meals()
        self._compare_calendar()
        self._compare_prices()
        self._compare_classes()
        self._compare_class_rules()
        if self._findings:
            raise WrongFile(self._findings)
        return self._changes

    def _wrong(self, row: Row, column: str, code: str, **params: Any) -> None:
        self._findings.append(row.wrong(column, code, **params))

    def _compare_regions(self) -> None:
        now = {row["book"]: row for row in self._now[Sheet.REGIONS]}
        self._regions = _by_names((book, row) for book, row in now.items()) | {str(book): book for book in now}
        self._region_names = {book: row["name_zh"] for book, row in now.items()}
        for row in self._once(Sheet.REGIONS, lambda row: row.values["book"], "book"):
            book = row.values["book"]
            if not 1_000 <= book <= 999_999:
                self._wrong(row, "book", "network.file.not_a_region", value=book)
            self._compare(Sheet.REGIONS, row, book, now.get(book))
            self._regions |= _by_names([(book, row.values)]) | {str(book): book}
            self._region_names.setdefault(book, row.values["name_zh"])
        self._must_be_unique(Sheet.REGIONS, now, lambda _: None)
        self._report_missing(Sheet.REGIONS, now)

    def _compare_agencies(self) -> None:
        now: dict[Ref, dict[str, Any]] = {row["agency_id"]: row for row in self._now[Sheet.AGENCIES]}
        states: dict[int | None, str] = {region.book: region.state for region in self._network.regions}
        books: dict[Ref, int] = {agency.agency_id: agency.book for agency in self._network.agencies}
        named = {plain(row["name_zh"]): ref for ref, row in now.items()}
        self._agencies = _by_names(now.items()) | {str(ref): ref for ref in now}
        self._names = {ref: row["name_zh"] for ref, row in now.items()}
        found = []
        for row in self._rows.get(Sheet.AGENCIES, ()):
            ref = self._identity(row, "agency_id", now, named.get(plain(row.values["name_zh"])))
            found.append((ref, row))
            self._names.setdefault(ref, row.values["name_zh"])
        # A later row may stand above an earlier one.
        self._agencies |= _by_names((ref, row.values) for ref, row in found)
        parents: dict[Any, Any] = {agency.agency_id: agency.parent_agency_id for agency in self._network.agencies}
        known = dict(found)
        for ref, row in self._once_each(found, "name_zh"):
            book = self._regions.get(plain(row.values["region"]))
            if book is None:
                self._wrong(row, "region", "network.file.no_region", value=row.values["region"][:VALUE_SHOWN])
            elif ref in now and book == books[ref]:
                row.values["region"] = now[ref]["region"]
            row.values["book"] = book
            if ref not in now and states.get(book, MemberState.ACTIVE) != MemberState.ACTIVE:
                self._wrong(row, "region", "network.file.not_active", value=row.values["region"])
            if "parent_agency" in row.values:
                parents[ref] = self._above(row)
            if ref not in now and row.values.get("meal_allowance_fen") is None:
                self._wrong(row, "meal_allowance_fen", "network.file.needed")
            self._compare(Sheet.AGENCIES, row, ref, now.get(ref))
        for ref in above_themselves(parents):
            if ref in known:
                self._wrong(known[ref], "parent_agency", "network.file.above_itself", name=self._names[ref])
        self._must_be_unique(Sheet.AGENCIES, now, lambda _: None)
        self._report_missing(Sheet.AGENCIES, now)

    def _above(self, row: Row) -> Ref | None:
        """The agency above an agency's row, by which its name now is put in place of how the file calls it."""
        given = row.values["parent_agency"]
        row.values["above"] = None
        if given is None:
            return None
        above = self._agencies.get(plain(given))
        if above is None:
            self._wrong(row, "parent_agency", "network.file.no_agency", value=given[:VALUE_SHOWN])
            return None
        row.values["above"], row.values["parent_agency"] = above, self._names[above]
        return above

    def _compare_canteens(self) -> None:
        now: dict[Ref, dict[str, Any]] = {row["canteen_id"]: row for row in self._now[Sheet.CANTEENS]}
        of: dict[Ref, Ref] = {canteen.canteen_id: canteen.agency_id for canteen in self._network.canteens}
        self._owners = of
        for ref, known in now.items():
            self._names[ref] = known["name_zh"]
            self._canteens |= {(of[ref], name): ref for name in (*_by_names([(ref, known)]), str(ref))}
        found = []
        for row in self._rows.get(Sheet.CANTEENS, ()):
            agency = self._agency_of(row)
            if agency is None:
                continue
            at = self._canteens.get((agency, plain(row.values["name_zh"])))
            ref = self._identity(row, "canteen_id", now, at)
            row.values["above"] = agency
            if ref in now and of[ref] == agency:
                row.values["agency"] = now[ref]["agency"]
            of[ref] = agency
            self._names.setdefault(ref, row.values["name_zh"])
            found.append((ref, row))
        for ref, row in found:
            self._canteens |= {(of[ref], name): ref for name in _by_names([(ref, row.values)])}
        closed = _closed_agencies(self._network)
        served = {self._canteen_of(row, quietly=True) for row in self._rows.get(Sheet.MEALS, ())}
        for ref, row in self._once_each(found, "name_zh"):
            if (row.values.get("latitude") is None) != (row.values.get("longitude") is None):
                self._wrong(row, "latitude", "canteen.half_a_place")
            if ref not in now and row.values["above"] in closed:
                self._wrong(row, "agency", "network.file.not_active", value=row.values["agency"])
            if ref not in now and ref not in served:
                self._wrong(row, "name_zh", "network.file.no_meals")
            self._compare(Sheet.CANTEENS, row, ref, now.get(ref))
        self._must_be_unique(Sheet.CANTEENS, now, lambda ref: of[ref])
        self._report_missing(Sheet.CANTEENS, now)

    def _compare_meals(self) -> None:
        now: dict[tuple[Ref, str], list[Hours]] = {}
        for meal in self._network.meals:
            hours = meal.weekdays, meal.starts, meal.ends
            now.setdefault((meal.canteen_id, meal.meal), []).append(hours)
        wanted, rows = dict(now), self._by_canteen(Sheet.MEALS, "meal")
        for key, its in rows.items():
            wanted[key] = [(row.values.get("weekdays") or EVERY_DAY, *_hours(row)) for row in its]
            changed = {"hours": [sorted(now[key]) if key in now else None, sorted(wanted[key])]}
            self._note(Sheet.MEALS, key, its[0], changed)
        weeks: dict[Ref, list[tuple[str, Hours]]] = {}
        for (canteen, served), periods in wanted.items():
            weeks.setdefault(canteen, []).extend((served, period) for period in periods)
        first = {key[0]: its[0] for key, its in reversed(rows.items())}
        for canteen, row in first.items():
            self._week_agrees(row, weeks[canteen])
        self._report_missing_of_canteens(Sheet.MEALS, now, rows)

    def _compare_calendar(self) -> None:
        now: dict[tuple[Ref, date], tuple[list[Hours], str]] = {}
        for day in self._network.days:
            meals = sorted((str(one.meal), one.starts, one.ends) for one in special_meals(day))
            now[day.canteen_id, day.day] = meals, day.reason
        rows = self._by_canteen(Sheet.CALENDAR, "day")
        for key, its in rows.items():
            first, reason = its[0], its[0].values["reason"]
            open_rows = [row for row in its if row.values.get("meal") is not None]
            if open_rows and len(open_rows) < len(its):
                self._wrong(its[1], "meal", "network.file.closed_and_open")
            elif not open_rows and len(its) > 1:
                self._wrong(its[1], "day", "network.file.row_twice", first=its[0].line)
            if any(row.values["reason"] != reason for row in its):
                self._wrong(its[1], "reason", "network.file.two_reasons")
            half = next((row for row in open_rows if None in _hours(row)), None)
            if half is not None:
                self._wrong(half, "starts", "network.file.needed")
                continue
            served = sorted((str(row.values["meal"]), *_hours(row)) for row in open_rows)
            self._hours_agree(first, served)
            before = now.get(key)
            changed = {"meals": [before and before[0], served], "reason": [before and before[1], reason]}
            self._note(Sheet.CALENDAR, key, first, changed)
            last = self._today + timedelta(days=DAYS_MAX)
            if (served, reason) != before and not self._today <= key[1] <= last:
                self._wrong(first, "day", "canteen.day_over", day=key[1], first=self._today, last=last)
        self._report_missing_of_canteens(Sheet.CALENDAR, now, rows)

    def _compare_prices(self) -> None:
        now = {(one.canteen_id, (one.meal, one.valid_from)): _members(one, PRICE) for one in self._network.prices}
        days: dict[tuple[Ref, str], set[date]] = {}
        for canteen, (meal, valid_from) in now:
            days.setdefault((canteen, meal), set()).add(valid_from)
        rows = self._dated(Sheet.PRICES, "meal", self._canteen_of)
        for (canteen, (meal, valid_from)), row in rows.items():
            key: Any = (canteen, (meal, valid_from))
            wanted = {code: row.values.get(code) for code in PRICE}
            if key in now and now[key] != wanted:
                self._wrong(row, "valid_from", "network.file.price_stands", day=valid_from)
            elif key not in now:
                its_days = days.setdefault((canteen, meal), set())
                price = NewTariff(CanteenId(0), meal, valid_from, **wanted)
                self._must_hold(row, "valid_from", check_tariff, price, its_days, self._today)
                its_days.add(valid_from)
            before = now.get(key, dict.fromkeys(PRICE))
            changed = {code: [before[code], wanted[code]] for code in PRICE}
            self._note(Sheet.PRICES, key, row, changed)
        self._report_missing_of_canteens(Sheet.PRICES, now, rows)

    def _compare_classes(self) -> None:
        now = {row["person_class"]: row for row in self._now[Sheet.CLASSES]}
        for row in self._once(Sheet.CLASSES, lambda row: row.values["person_class"], "person_class"):
            self._compare(Sheet.CLASSES, row, row.values["person_class"], now.get(row.values["person_class"]))
        self._must_be_unique(Sheet.CLASSES, now, lambda _: None)
        self._report_missing(Sheet.CLASSES, now)

    def _compare_class_rules(self) -> None:
        now: dict[Any, dict[str, Any]] = {
            (one.book, (one.person_class, one.valid_from)): _members(one, CLASS_RULE)
            for one in self._network.class_rules
        }
        for key, row in self._dated(Sheet.CLASS_RULES, "person_class", self._region_of).items():
            book, (person_class, valid_from) = key
            wanted = {code: row.values[code] for code in CLASS_RULE}
            before = now.get(key, dict.fromkeys(CLASS_RULE))
            if before != wanted:
                prices = {day: its["price"] for (at, (of, day)), its in now.items() if (at, of) == (book, person_class)}
                rules = ClassRules(person_class, valid_from, **wanted)
                self._must_hold(row, "valid_from", check_class_rules, rules, prices, self._today)
            self._note(Sheet.CLASS_RULES, key, row, {code: [before[code], wanted[code]] for code in CLASS_RULE})

    def _dated(self, sheet: Sheet, column: str, place_of: Callable[[Row], Any]) -> dict[Any, Row]:
        """The rows of what changes by date, by place, what it is of, and first day; the earliest first."""
        found = []
        for row in self._rows.get(sheet, ()):
            place, of = place_of(row), row.values[column]
            if column == "person_class":
                of = self._class_of(row)
            if place is not None and of is not None:
                found.append(((place, (of, row.values["valid_from"])), row))
        found.sort(key=lambda one: one[0][1][1])
        return dict(self._once_each(found, "valid_from"))

    def _region_of(self, row: Row) -> int | None:
        book = self._regions.get(plain(row.values["region"]))
        if book is None:
            self._wrong(row, "region", "network.file.no_region", value=row.values["region"][:VALUE_SHOWN])
        return book

    def _class_of(self, row: Row) -> str | None:
        """The code of a class that a row names; also of one that the same file adds."""
        classes = [*self._now[Sheet.CLASSES], *(one.values for one in self._rows.get(Sheet.CLASSES, ()))]
        names = {plain(one[name]): one["person_class"] for one in classes for name in _CLASS_NAMES}
        code = names.get(plain(row.values["person_class"]))
        if code is None:
            self._wrong(row, "person_class", "official.no_such_class", value=row.values["person_class"][:VALUE_SHOWN])
        return code

    def _must_hold(self, row: Row, column: str, check: Callable[..., None], *values: Any) -> None:
        """Note what a check refuses."""
        try:
            check(*values)
        except Problem as wrong:
            self._wrong(row, column, str(wrong.code), **wrong.params)

    def _week_agrees(self, row: Row, week: Sequence[tuple[str, Hours]]) -> None:
        for weekday in EVERY_DAY:
            served = [(meal, starts, ends) for meal, (weekdays, starts, ends) in week if weekday in weekdays]
            if not self._hours_agree(row, served):
                return

    def _hours_agree(self, row: Row, served: Iterable[tuple[str, time, time]]) -> bool:
        told = len(self._findings)
        self._must_hold(row, "starts", check_hours, served)
        return len(self._findings) == told

    def _by_canteen(self, sheet: Sheet, column: str) -> dict[tuple[Ref, Any], list[Row]]:
        """The rows of a sheet by canteen and meal, or day."""
        found: dict[tuple[Ref, Any], list[Row]] = {}
        for row in self._rows.get(sheet, ()):
            canteen = self._canteen_of(row)
            if canteen is not None:
                found.setdefault((canteen, row.values[column]), []).append(row)
        return found

    def _agency_of(self, row: Row, *, quietly: bool = False) -> Ref | None:
        agency = self._agencies.get(plain(row.values["agency"]))
        if agency is None and not quietly:
            self._wrong(row, "agency", "network.file.no_agency", value=row.values["agency"][:VALUE_SHOWN])
        return agency

    def _canteen_of(self, row: Row, *, quietly: bool = False) -> Ref | None:
        agency = self._agency_of(row, quietly=quietly)
        canteen = None if agency is None else self._canteens.get((agency, plain(row.values["canteen"])))
        if agency is not None and canteen is None and not quietly:
            self._wrong(row, "canteen", "network.file.no_canteen", value=row.values["canteen"][:VALUE_SHOWN])
        return canteen

    def _identity(self, row: Row, column: str, now: Mapping[Ref, Any], named: Ref | None) -> Ref:
        """Which one a row is about: by its number, else by its name, else a new one."""
        number = row.values.get(column)
        if number is not None and number not in now:
            self._wrong(row, column, f"network.file.no_{column.removesuffix('_id')}", value=number)
        if number is not None:
            return int(number)
        return named if named is not None else f"{row.sheet}/{row.line}"

    def _once(self, sheet: Sheet, key: Callable[[Row], Any], column: str) -> list[Row]:
        return [row for _, row in self._once_each([(key(row), row) for row in self._rows.get(sheet, ())], column)]

    def _once_each(self, found: Sequence[tuple[Any, Row]], column: str) -> list[tuple[Any, Row]]:
        """Rows by what they are about; a second row about the same is wrong."""
        first: dict[Any, Row] = {}
        for key, row in found:
            if key in first:
                self._wrong(row, column, "network.file.row_twice", first=first[key].line)
            first.setdefault(key, row)
        return list(first.items())

    def _compare(self, sheet: Sheet, row: Row, key: Any, before: Mapping[str, Any] | None) -> None:
        """Note what a row adds or changes."""
        values = row.values
        if before is None:
            if values.get("state") not in (None, MemberState.ACTIVE):
                self._wrong(row, "state", "network.file.state_by_call")
            changed = {code: [None, value] for code, value in values.items() if code in _WRITTEN[sheet] and value}
            self._changes.append(Change(sheet, Kind.ADDED, key, self._called(sheet, key, values), values, changed))
            return
        changed = {
            code: [before[code], values[code]]
            for code in _WRITTEN[sheet]
            if code in values and not _same(before[code], values[code]) and not _is_left_out(code, values[code])
        }
        for code in FIXED & changed.keys():
            self._wrong(row, code, "network.file.fixed", now=shown(code, before[code], Language.CHINESE))
        if "state" in changed:
            self._wrong(row, "state", "network.file.state_by_call")
        kind = Kind.CHANGED if changed else Kind.UNCHANGED
        self._changes.append(Change(sheet, kind, key, self._called(sheet, key, before), values, changed))

    def _note(self, sheet: Sheet, key: tuple[Ref, Any], row: Row, changed: dict[str, list[Any]]) -> None:
        """Note what the rows of a canteen's meal or day add or change."""
        different = {code: [before, after] for code, (before, after) in changed.items() if before != after}
        is_new = all(before is None for before, _ in changed.values())
        kind = Kind.ADDED if is_new else Kind.CHANGED if different else Kind.UNCHANGED
        after = {code: value for code, (_, value) in changed.items()}
        self._changes.append(Change(sheet, kind, key, self._place_called(sheet, key[0]), row.values | after, different))

    def _called(self, sheet: Sheet, key: Any, row: Mapping[str, Any]) -> str:
        return self._place_of(key) if sheet is Sheet.CANTEENS else str(row["name_zh"])

    def _place_called(self, sheet: Sheet, place: Any) -> str:
        """The region of a class's rules, and elsewhere the canteen."""
        if sheet is not Sheet.CLASS_RULES:
            return self._place_of(place)
        return self._region_names[place]

    def _place_of(self, canteen: Ref) -> str:
        return f"{self._names[self._owners[canteen]]} {self._names[canteen]}"

    def _must_be_unique(self, sheet: Sheet, now: Mapping[Any, Mapping[str, Any]], within: Callable[[Any], Any]) -> None:
        """No two have one name once the file is carried out."""
        changes = {change.key: change.values for change in self._changes if change.sheet is sheet}
        rows = {id(row.values): row for row in self._rows.get(sheet, ())}
        for column in ("name_zh", "name_en"):
            owners: dict[Any, Any] = {}
            for key, row in (now | changes).items():  # type: ignore[operator]
                owners.setdefault((within(key), row[column]), []).append(key)
            for (_, name), keys in owners.items():
                mine = [key for key in keys if key in changes] if len(keys) > 1 else []
                for key in mine[-1:]:
                    self._wrong(rows[id(changes[key])], column, "network.file.name_taken", name=name[:VALUE_SHOWN])

    def _report_missing(self, sheet: Sheet, now: Mapping[Any, Mapping[str, Any]]) -> None:
        if sheet in self._rows:
            named = {change.key for change in self._changes if change.sheet is sheet}
            self._changes += [
                Change(sheet, Kind.MISSING, key, self._called(sheet, key, row))
                for key, row in now.items()
                if key not in named
            ]

    def _report_missing_of_canteens(self, sheet: Sheet, now: Iterable[Any], rows: Mapping[Any, Any]) -> None:
        if sheet in self._rows:
            self._changes += [
                Change(sheet, Kind.MISSING, key, self._place_of(key[0])) for key in now if key not in rows
            ]


def _closed_agencies(network: Network) -> set[Ref]:
    """Those that are not active, or whose region is not."""
    regions = {region.book for region in network.regions if region.state == MemberState.ACTIVE}
    return {one.agency_id for one in network.agencies if one.state != MemberState.ACTIVE or one.book not in regions}


_WRITTEN = {sheet: tuple(column.code for column in columns) for sheet, columns in COLUMNS.items()}


def _by_names(rows: Iterable[tuple[Any, Mapping[str, Any]]]) -> dict[str, Any]:
    return {plain(row[name]): key for key, row in rows for name in ("name_en", "name_zh")}


def _hours(row: Row) -> tuple[Any, Any]:
    return row.values.get("starts"), row.values.get("ends")


def _same(before: Any, after: Any) -> bool:
    return before == after or (isinstance(before, str) and before.strip() == after)


def _is_left_out(code: str, value: Any) -> bool:
    """A blank cell of what a file cannot change or does not number says nothing; elsewhere it takes a value away."""
    return value is None and (code in FIXED or code in ("state", "agency_id", "canteen_id"))


def imported(changes: Sequence[Change], language: Language, *, applied: bool) -> Imported:
    """What a file did or would do, for people."""
    count = Counter(change.kind for change in changes)
    return Imported(
        applied,
        count[Kind.ADDED],
        count[Kind.CHANGED],
        count[Kind.UNCHANGED],
        count[Kind.MISSING],
        [_difference(change, language) for change in changes if change.kind is not Kind.UNCHANGED],
    )


def _difference(change: Change, language: Language) -> Difference:
    changes = {
        heading(code, language): [str(shown(code, value, language)) for value in pair]
        for code, pair in change.changes.items()
    }
    name = change.name
    if change.sheet in _AT_PLACES:
        parts = change.key[1] if isinstance(change.key[1], tuple) else (change.key[1],)
        shown_parts = [
            str(shown(code, part, language)) for code, part in zip(_AT_PLACES[change.sheet], parts, strict=True)
        ]
        name = " ".join([name, *shown_parts])
    return Difference(sheet_name(change.sheet, language), change.kind, name, changes)


_AT_PLACES = {
    Sheet.MEALS: ("meal",), Sheet.CALENDAR: ("day",), Sheet.PRICES: ("meal", "valid_from"),
    Sheet.CLASS_RULES: ("person_class", "valid_from"),
}  # fmt: skip
"""The columns that the rows of a canteen or region are about."""
_CLASS_NAMES = ("person_class", "name_zh", "name_en")
