"""Wire types of charts."""

from msgspec import Struct


class ChartShown(Struct):
    """A chart's data: names and units of the columns, and the rows; the same as CSV with ``format=csv``."""

    chart: str
    title_zh: str
    title_en: str
    columns: list[str]
    rows: list[list[str | int | float | None]]
