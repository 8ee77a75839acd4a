"""Calibrations of kitchens' scales: dated, with the certificate."""

from datetime import UTC, date, datetime
from pathlib import Path

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import INVALID, Problem
from registry import audit
from registry.access import Person
from registry.models import Canteen, Database, next_numbers
from waste.supervision.models import ScaleCalibration
from waste.supervision.schemas import CalibrationShown

QUERIES = load_queries(Path(__file__).parent / "sql" / "calibrations.sql")


async def record_calibration(
    database: Database, person: Person, canteen: Canteen, scale: str, calibrated_on: date, valid_until: date,
    certificate: str,
) -> int:  # fmt: skip
    """Record a calibration; returns its number. Raises Problem(INVALID): in the future, or valid for no day."""
    today = datetime.now(ZONE).date()
    if not calibrated_on <= today or not calibrated_on < valid_until:
        raise Problem(INVALID, "supervision.calibration_days", calibrated_on=calibrated_on, valid_until=valid_until)
    async with audit.change(database, person.login, "record_calibration") as change:
        [number] = await next_numbers(change.db, 1)
        change.db.add(
            ScaleCalibration(
                book=canteen.book, calibration_id=number, canteen_id=canteen.canteen_id, scale=scale,
                calibrated_on=calibrated_on, valid_until=valid_until, certificate=certificate,
                recorded_by=person.login, recorded_at=datetime.now(UTC),
            )
        )  # fmt: skip
        change.note.subject = f"canteen/{canteen.canteen_id}"
        change.note.detail = {
            "calibration": number, "scale": scale, "calibrated_on": str(calibrated_on),
            "valid_until": str(valid_until), "certificate": certificate,
        }  # fmt: skip
    return number


async def calibrations(pool: Pool, canteen: Canteen) -> list[CalibrationShown]:
    """The calibrations of a canteen's scales, the newest first."""
    rows = await pool.fetch(QUERIES["calibrations"], canteen.book, canteen.canteen_id)
    return [as_struct(row, CalibrationShown) for row in rows]
