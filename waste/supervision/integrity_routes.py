"""HTTP: how far a kitchen's figures can be believed, and the calibrations of its scales."""

from datetime import date
from typing import Any

from litestar import Controller, Request, Response, get, post
from msgspec import Struct

from foundation.catalogue import Language, language_of
from foundation.messages import Numbered, NumberInPath
from foundation.postgres import Pool
from registry import access
from registry.canteens import canteen_of
from registry.identifiers import CanteenId
from registry.models import Database
from waste.flags.schemas import FlagShown
from waste.materials.checks import MaterialMonth
from waste.supervision.calibrations import calibrations, record_calibration
from waste.supervision.integrity import Compared, Corrections, Digits, Weekday, integrity_of
from waste.supervision.schemas import CalibrationShown, NewCalibration

ByPerson = Request[access.Person, Any, Any]


class IntegrityShown(Struct):
    """How a canteen's weights were made, beside kitchens that serve the same way.

    Weights in grams, shares as fractions. ``variation``: of grams per cover from lunch to lunch (standard deviation by
    mean); ``correlation``: of a lunch's weight with its covers; ``cheap_share``: of people who paid less than the least
    price of a cover. Null: too little is known.
    """

    canteen_id: CanteenId
    name: str
    first: date
    last: date
    serving: str | None
    corrections: Corrections
    digits: Digits | None
    variation: Compared
    correlation: Compared
    inedible_share: Compared
    cheap_share: Compared
    weekdays: list[Weekday]
    calibrations: list[CalibrationShown]
    months: list[MaterialMonth]
    flags: list[FlagShown]


class IntegrityController(Controller):
    """What supervisors look at before they believe a kitchen's figures."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @get("/integrity/{canteen_id:int}", guards=[access.allows("see_flags")], summary="Show how weights were made")
    async def integrity(
        self, request: ByPerson, canteen_id: NumberInPath, first: date, last: date, database: Database, ledger: Pool
    ) -> Response[IntegrityShown]:
        """Corrections, last digits, variation, gaps, calibrations, collected weight and open flags of a canteen."""
        language = language_of(request.headers.get("accept-language"))
        async with database() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
        found = await integrity_of(ledger, canteen, first, last)
        kept = {name: getattr(found, name) for name in found.__slots__}
        name = canteen.name_zh if language is Language.CHINESE else canteen.name_en
        flags = [FlagShown.of(flag, language) for flag in found.flags]
        shown = IntegrityShown(**kept | {"canteen_id": canteen.canteen_id, "name": name, "flags": flags})
        return Response(shown, headers={"content-language": language.tag, "vary": "accept-language"})

    @post("/calibrations", guards=[access.allows("weigh_waste")], summary="Record a calibration")
    async def calibrate(self, request: ByPerson, data: NewCalibration, database: Database) -> Numbered:
        """A calibration of one of the canteen's scales, with its certificate."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        return Numbered(
            await record_calibration(
                database, request.user, canteen, data.scale, data.calibrated_on, data.valid_until, data.certificate
            )
        )

    @get("/canteens/{canteen_id:int}/calibrations", guards=[access.allows("see_waste")], summary="List calibrations")
    async def list_calibrations(
        self, request: ByPerson, canteen_id: NumberInPath, database: Database, ledger: Pool
    ) -> list[CalibrationShown]:
        """The calibrations of a canteen's scales, the newest first."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
        return await calibrations(ledger, canteen)
