"""The centre's calendar: local dates, the cut-off that ends a business day, and working days.

Every calendar day is a business day, holidays included. Working days are those of the Chinese calendar with its make-up
days, as the General Office of the State Council announces them each year; of years not yet announced the statutory
holidays are known and the make-up days are not.
"""

from calendar import month_name
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from foundation.catalogue import Language

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Calendar:
    """When business days end. Payments after the cut-off belong to the next day as soon as the day is closed."""

    cut_off: time = time(22, 0)
    cut_off_on_holidays: time = time(22, 0)

    def cut_off_of(self, business_date: date) -> datetime:
        """The time from which this business day is due to be closed."""
        same = self.cut_off == self.cut_off_on_holidays
        at = self.cut_off if same or is_working_day(business_date) else self.cut_off_on_holidays
        return datetime.combine(business_date, at, ZONE)

    def business_date_at(self, now: datetime) -> date:
        """The business date that should be open at this time."""
        today = now.astimezone(ZONE).date()
        return today + timedelta(days=now >= self.cut_off_of(today))


@lru_cache(maxsize=1)
def _holidays() -> Any:
    # Imported on first use: it takes 18 MB, and few workers need it.
    from holidays import country_holidays

    return country_holidays("CN")


@lru_cache(maxsize=10_000)
def is_working_day(day: date) -> bool:
    """Whether offices work on this day."""
    return bool(_holidays().is_working_day(day))


def long_date(day: date, language: Language) -> str:
    """A date for documents and pages: 2026年11月24日, 24 November 2026."""
    if language is Language.CHINESE:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {month_name[day.month]} {day.year}"


def add_working_days(day: date, count: int) -> date:
    """The ``count``-th working day after a day."""
    for _ in range(count):
        day += timedelta(days=1)
        while not is_working_day(day):
            day += timedelta(days=1)
    return day


@lru_cache(maxsize=1_000)
def _local_date_of_quarter(quarter: int) -> date:
    return datetime.fromtimestamp(quarter * 900, ZONE).date()


def local_date_of(seconds: int) -> date:
    """The centre's date at a moment in seconds since 1970 (clocks are only ever moved by quarters of an hour)."""
    return _local_date_of_quarter(seconds // 900)
