"""Wire types of charts."""

from enum import StrEnum

from msgspec import Struct


class TableFormat(StrEnum):
    """How a chart's data is sent."""

    JSON = "json"
    CSV = "csv"


class ChartShown(Struct):
    """A chart's data, in the language asked for; ``format=csv`` sends the same table for spreadsheets.

    ``columns`` are keys that do not change, with their units; ``headings`` name them for people. Rows hold codes, and
    ``words`` has their names by column.
    """

    chart: str
    title: str
    columns: list[str]
    headings: list[str]
    words: dict[str, dict[str, str]]
    rows: list[list[str | int | float | None]]
