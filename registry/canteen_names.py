"""Canteens by what a file may call them."""

from collections.abc import Mapping
from typing import Any

from foundation.table_files import VALUE_SHOWN, WrongCell, cell_text, half_width, plain
from registry.identifiers import CanteenId
from registry.models import Canteen


class CanteenNames:
    """Canteens by what a file may give: number, Chinese and English name."""

    def __init__(self, canteens: Mapping[int, Canteen]) -> None:
        self._canteens = canteens
        self._by_name = {plain(name): c.canteen_id for c in canteens.values() for name in (c.name_zh, c.name_en)}

    def canteen_of(self, cell: Any) -> CanteenId:
        """The number of a canteen. Raises WrongCell."""
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else half_width(cell_text(cell))
        number = self._by_name.get(plain(text), int(text) if text.isdecimal() and len(text) < 16 else 0)
        if number not in self._canteens:
            raise WrongCell("weighing.file.not_a_canteen", value=text[:VALUE_SHOWN])
        return CanteenId(number)
