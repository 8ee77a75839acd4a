"""A whole network from files, carried out in one transaction: all of its rows, or none."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import ZONE
from foundation.catalogue import Language
from registry import audit, network
from registry.audit import Change as AuditedChange
from registry.members import lock_network, subject_of
from registry.models import Agency, BookRow, Canteen, Database, MealPeriod, SpecialDay
from registry.network_tables import Row, Sheet
from registry.opening import set_day, set_week
from registry.person_classes import person_classes, set_person_class
from registry.schemas import (
    AgencyDetails,
    CanteenDetails,
    MealHours,
    NewAgency,
    NewCanteen,
    NewPersonClass,
    NewRegion,
    RegionDetails,
    ServedMeal,
)
from settlement.class_rules import set_class_rules
from settlement.models import ClassRulesRow, TariffRow
from settlement.network_files import CLASS_RULE, PRICE, Change, Imported, Kind, Network, Ref, imported, plan
from settlement.region_rules import set_tariff
from settlement.regions import open_day, open_region
from settlement.schemas import ClassRules, NewTariff


async def load_network(db: AsyncSession) -> Network:
    """Everything that files hold, in the order of its numbers."""
    return Network(
        list(await db.scalars(select(BookRow).order_by(BookRow.book))),
        list(await db.scalars(select(Agency).order_by(Agency.book, Agency.agency_id))),
        list(await db.scalars(select(Canteen).order_by(Canteen.book, Canteen.canteen_id))),
        list(
            await db.scalars(
                select(MealPeriod).order_by(
                    MealPeriod.book, MealPeriod.canteen_id, MealPeriod.starts, MealPeriod.weekdays
                )
            )
        ),
        list(await db.scalars(select(SpecialDay).order_by(SpecialDay.book, SpecialDay.canteen_id, SpecialDay.day))),
        list(
            await db.scalars(
                select(TariffRow).order_by(TariffRow.book, TariffRow.canteen_id, TariffRow.meal, TariffRow.valid_from)
            )
        ),
        await person_classes(db),
        list(
            await db.scalars(
                select(ClassRulesRow).order_by(ClassRulesRow.book, ClassRulesRow.person_class, ClassRulesRow.valid_from)
            )
        ),
    )


async def compare(database: Database, rows: Mapping[Sheet, Sequence[Row]], language: Language) -> Imported:
    """What a file would do. Raises WrongFile."""
    async with database() as db:
        changes = await _planned(db, rows)
    return imported(changes, language, applied=False)


async def carry_out(
    database: Database,
    login: str,
    rows: Mapping[Sheet, Sequence[Row]],
    sha256: str,
    language: Language,
) -> Imported:
    """Carry a file out. One that changes nothing has no audit entry. Raises WrongFile, Problem."""
    async with audit.change(database, login, "import_network", f"file/{sha256}") as change:
        await lock_network(change.db)
        changes = await _planned(change.db, rows)
        change.is_repeat = not await _Import(change).apply(changes)
    return imported(changes, language, applied=True)


async def _planned(db: AsyncSession, rows: Mapping[Sheet, Sequence[Row]]) -> list[Change]:
    """In a thread: many rows take a second, and the worker takes payments meanwhile."""
    return await asyncio.to_thread(plan, await load_network(db), rows, datetime.now(ZONE).date())


class _Import:
    """One file that is carried out, and what the audit log says of it: [before, after] of each thing."""

    def __init__(self, change: AuditedChange) -> None:
        self._db, self._note = change.db, change.note
        self._agencies: dict[Ref, Agency] = {}
        self._canteens: dict[Ref, Canteen] = {}

    async def apply(self, changes: Sequence[Change]) -> bool:
        """Whether anything was to do."""
        wanted = [change for change in changes if change.kind in (Kind.ADDED, Kind.CHANGED)]
        by_sheet = {sheet: [change for change in wanted if change.sheet is sheet] for sheet in Sheet}
        if not wanted:
            return False
        self._agencies = {one.agency_id: one for one in await self._db.scalars(select(Agency))}
        self._canteens = {one.canteen_id: one for one in await self._db.scalars(select(Canteen))}
        since = await open_day(self._db)
        meals = _weeks(changes)
        for change in by_sheet[Sheet.REGIONS]:
            await self._region(change, since)
        for change in by_sheet[Sheet.AGENCIES]:
            await self._agency(change, since)
        for change in by_sheet[Sheet.AGENCIES]:
            if "parent_agency" in change.changes:
                above = change.values["above"]
                self._agencies[change.key].parent_agency_id = above and self._agencies[above].agency_id
        for change in by_sheet[Sheet.CANTEENS]:
            await self._canteen(change, since, meals)
        await self._weeks_of_old_canteens(by_sheet[Sheet.MEALS], by_sheet[Sheet.CANTEENS])
        for change in by_sheet[Sheet.CALENDAR]:
            await self._day(change)
        for change in by_sheet[Sheet.PRICES]:
            await self._price(change)
        for change in by_sheet[Sheet.CLASSES]:
            await self._class(change)
        for change in by_sheet[Sheet.CLASS_RULES]:
            await self._class_rules(change)
        return True

    def _noted(self, subject: str, change: Change) -> None:
        self._note.detail.setdefault(change.kind, []).append([subject, msgspec.to_builtins(change.changes)])

    async def _region(self, change: Change, since: date) -> None:
        if change.kind is Kind.ADDED:
            region = await open_region(self._db, _wire(change.values, NewRegion), since)
        else:
            region = await self._db.get_one(BookRow, change.key)
            await network.change_region(self._db, region, _changed(region, change, RegionDetails), since)
        self._noted(subject_of(region), change)

    async def _agency(self, change: Change, since: date) -> None:
        if change.kind is Kind.ADDED:
            agency = await network.add_agency(self._db, _wire(change.values, NewAgency))
            self._agencies[change.key] = agency
        else:
            agency = self._agencies[change.key]
            await network.change_agency(self._db, agency, _changed(agency, change, AgencyDetails), since)
        self._noted(subject_of(agency), change)

    async def _canteen(self, change: Change, since: date, meals: Mapping[Ref, list[MealHours]]) -> None:
        if change.kind is Kind.ADDED:
            agency = self._agencies[change.values["above"]]
            values = change.values | {"agency_id": agency.agency_id, "meals": meals[change.key]}
            canteen = await network.add_canteen(self._db, agency, _wire(values, NewCanteen))
            self._canteens[change.key] = canteen
        else:
            canteen = self._canteens[change.key]
            await network.change_canteen(self._db, canteen, _changed(canteen, change, CanteenDetails), since)
        self._noted(subject_of(canteen), change)

    async def _weeks_of_old_canteens(self, changes: Sequence[Change], canteens: Sequence[Change]) -> None:
        """Set the weeks of canteens that were there before; meals that the file does not name stay."""
        new = {change.key for change in canteens if change.kind is Kind.ADDED}
        weeks = _weeks(changes)
        for ref in weeks.keys() - new:
            canteen = self._canteens[ref]
            named = {hours.meal for hours in weeks[ref]}
            mine = select(MealPeriod).where(MealPeriod.canteen_id == canteen.canteen_id)
            left = [one for one in await self._db.scalars(mine) if one.meal not in named]
            await set_week(self._db, canteen, weeks[ref] + [_hours_of(one) for one in left])
        for change in changes:
            self._noted(f"canteen/{self._canteens[change.key[0]].canteen_id}/{change.key[1]}", change)

    async def _day(self, change: Change) -> None:
        ref, day = change.key
        canteen = self._canteens[ref]
        served = [ServedMeal(*meal) for meal in change.values["meals"]]
        await set_day(self._db, canteen, day, served, change.values["reason"])
        self._noted(f"canteen/{canteen.canteen_id}/{day}", change)

    async def _price(self, change: Change) -> None:
        ref, (meal, valid_from) = change.key
        canteen = self._canteens[ref]
        price = {code: change.values[code] for code in PRICE}
        await set_tariff(self._db, canteen, NewTariff(canteen.canteen_id, meal, valid_from, **price))
        self._noted(f"canteen/{canteen.canteen_id}/{meal}/{valid_from}", change)

    async def _class(self, change: Change) -> None:
        wanted = NewPersonClass(change.values["name_zh"], change.values["name_en"])
        await set_person_class(self._db, change.key, wanted)
        self._noted(f"person_class/{change.key}", change)

    async def _class_rules(self, change: Change) -> None:
        book, (person_class, valid_from) = change.key
        await self._db.flush()
        rules = {code: change.values[code] for code in CLASS_RULE}
        await set_class_rules(self._db, book, ClassRules(person_class, valid_from, **rules))
        self._noted(f"book/{book}/{person_class}/{valid_from}", change)


def _weeks(changes: Sequence[Change]) -> dict[Ref, list[MealHours]]:
    """The hours that a file has, by canteen."""
    found: dict[Ref, list[MealHours]] = {}
    for change in changes:
        if change.sheet is Sheet.MEALS and change.kind is not Kind.MISSING:
            ref, meal = change.key
            found.setdefault(ref, []).extend(
                MealHours(meal, starts, ends, [int(digit) for digit in weekdays])
                for weekdays, starts, ends in change.values["hours"]
            )
    return found


def _hours_of(row: MealPeriod) -> MealHours:
    return MealHours(row.meal, row.starts, row.ends, [int(digit) for digit in row.weekdays])  # type: ignore[arg-type]


def _wire(values: Mapping[str, Any], kind: Any) -> Any:
    """A wire type from a row, whose cells were checked when they were read."""
    return kind(**{name: values[name] for name in kind.__struct_fields__ if values.get(name) is not None})


def _changed(row: Any, change: Change, kind: Any) -> Any:
    """A description with what changes in the place of what is there."""
    return kind(
        **{
            name: change.changes[name][1] if name in change.changes else getattr(row, name)
            for name in kind.__struct_fields__
        }
    )
