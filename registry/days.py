"""The centre's calendar: local dates and the cut-off that ends a business day."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
CUT_OFF = time(22, 0)
"""Payments from here on belong to the next business day, once the closer has passed."""


def business_date_at(now: datetime) -> date:
    """The business date that an orderly network has open at this moment."""
    local = now.astimezone(ZONE)
    return local.date() + timedelta(days=local.time() >= CUT_OFF)


@lru_cache(maxsize=1_000)
def _local_date_of_quarter(quarter: int) -> date:
    return datetime.fromtimestamp(quarter * 900, ZONE).date()


def local_date_of(seconds: int) -> date:
    """The centre's date at a moment in seconds since 1970 (clocks are only ever moved by quarters of an hour)."""
    return _local_date_of_quarter(seconds // 900)


def cut_off_of(business_date: date) -> datetime:
    """The moment at which this business day is due to be closed."""
    return datetime.combine(business_date, CUT_OFF, ZONE)
