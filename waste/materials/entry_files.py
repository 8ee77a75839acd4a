"""Purchases, stock counts and collector's tickets from a file, CSV or XLSX: every row is recorded, or none.

The file's hash and the row make the number of the entry: the same file again records nothing more.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from foundation.table_files import VALUE_SHOWN, WrongCell, cell_text, date_of, fen_of, names_of, read_rows, word_of
from registry.canteen_names import CanteenNames
from registry.models import Canteen
from waste.materials.entries import Entry
from waste.materials.schemas import COST_MAX_FEN, WEIGHT_MAX_G, Destination, EntryKind
from waste.weighing.table_files import Column, grams_of

NUMBERS = UUID("6f6e6563-6172-6d61-7465-7269616c0000")
"""The namespace of the entries' numbers."""
NEEDED = {
    EntryKind.PURCHASE: (Column.DATE, Column.CANTEEN, Column.FOOD, Column.WEIGHT, Column.AMOUNT),
    EntryKind.STOCK: (Column.DATE, Column.CANTEEN, Column.FOOD, Column.WEIGHT),
    EntryKind.COLLECTED: (Column.DATE, Column.CANTEEN, Column.DESTINATION, Column.WEIGHT),
}


def entries_of(
    kind: EntryKind,
    table: Sequence[Sequence[Any]],
    digest: str,
    canteens: Mapping[int, Canteen],
    foods: Mapping[str, str],
) -> list[Entry]:
    """The entries of a file's cells; ``digest``: its SHA-256 in hexadecimal, ``foods``: see ``food_names``.

    Raises WrongFile (wrong columns or cells), Problem(INVALID) (too many rows, or none).
    """
    names = CanteenNames(canteens)

    def value(column: Column, cell: Any) -> dict[str, Any]:
        text = cell_text(cell)
        match column:
            case Column.DATE:
                return {"on_day": date_of(cell)}
            case Column.CANTEEN:
                return {"canteen_id": names.canteen_of(cell)}
            case Column.FOOD:
                return {"item": word_of(text, foods, "weighing.file.not_a_food")}
            case Column.DESTINATION:
                return {"item": word_of(text, _destination_names(), "materials.file.not_a_destination").value}
            case Column.WEIGHT:
                return {"weight_g": grams_of(text, WEIGHT_MAX_G, 0 if kind is EntryKind.STOCK else 1)}
            case Column.AMOUNT:
                return {"cost_fen": _fen(text)}
        raise AssertionError(column)

    rows = read_rows(table, NEEDED[kind], NEEDED[kind], value, f"materials.file.unknown_column.{kind}")
    return [Entry(entry_id=uuid5(NUMBERS, f"{kind}/{digest}/{line}"), kind=kind, **values) for line, values in rows]


@lru_cache(maxsize=1)
def _destination_names() -> dict[str, Destination]:
    return names_of({member: f"materials.destination.{member}" for member in Destination}, {})


def _fen(text: str) -> int:
    """An amount in yuan."""
    fen = fen_of(text)
    if fen is None:
        raise WrongCell("materials.file.not_an_amount", value=text[:VALUE_SHOWN])
    if fen != fen.to_integral_value() or fen > COST_MAX_FEN:
        raise WrongCell("materials.file.amount_out_of_range", value=text[:VALUE_SHOWN], most=COST_MAX_FEN // 100)
    return int(fen)
