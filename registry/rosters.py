"""A roster: the file of all people of an agency, and what it changes. Pure; ``terminals.rosters`` carries it out.

Who is in the file and not known joins; who is known and not in the file leaves. A column that the file does not have
changes nothing. Who comes from another agency is named with it: his money follows once that agency agrees
(``terminals.moves``).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from foundation.messages import VISIBLE_LINE
from foundation.table_files import VALUE_SHOWN, Finding, WrongFile, cell_text, checked_rows, plain, rows_of
from registry.identifiers import AgencyId, HolderId
from registry.states import OfficialState

ROWS_MAX = 200_000
FILE_BYTES_MAX = 20_000_000
"""A hundred thousand rows have five."""
NAME_MAX, STAFF_NUMBER_MAX, DEPARTMENT_MAX = 100, 32, 100
SAMPLES = 10
"""Staff numbers that a preview shows of each kind of change."""

DEFAULT_CLASS = "official"


class Column(StrEnum):
    """A column of a roster; messages ``roster.column.<value>``."""

    STAFF_NUMBER = "staff_number"
    NAME = "name"
    PERSON_CLASS = "person_class"
    DEPARTMENT = "department"
    FROM_AGENCY = "from_agency"
    FROM_STAFF_NUMBER = "from_staff_number"


COLUMNS = tuple(Column)
NEEDED = (Column.STAFF_NUMBER, Column.NAME)
_WIDTHS = {
    Column.STAFF_NUMBER: STAFF_NUMBER_MAX, Column.NAME: NAME_MAX, Column.DEPARTMENT: DEPARTMENT_MAX,
    Column.FROM_STAFF_NUMBER: STAFF_NUMBER_MAX,
}  # fmt: skip
_VISIBLE_LINE = re.compile(VISIBLE_LINE)


class Row(NamedTuple):
    """One person of a roster. None: the file does not say; an empty department: in none."""

    line: int
    staff_number: str
    name: str
    person_class: str | None
    department: str | None
    from_agency: AgencyId | None
    from_staff_number: str | None


class Known(NamedTuple):
    """An official whom the agency has, whose account is not closed."""

    holder_id: HolderId
    name: str
    person_class: str
    department: str | None
    state: str
    has_earlier: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a roster changes. Each row with the official it is about; a joiner has none yet."""

    joiners: list[Row]
    returning: list[tuple[Row, Known]]
    changed: list[tuple[Row, Known]]
    leavers: list[Known]
    from_elsewhere: list[tuple[Row, Known | None]]
    """Who comes from another agency, and has no earlier account here yet; with his account here, if he has one."""
    active: int
    """Officials of the agency before."""

    @property
    def changes_nothing(self) -> bool:
        """Whether the agency's people are as the file says."""
        return not (self.joiners or self.returning or self.changed or self.leavers)

    @property
    def preview(self) -> dict[str, Any]:
        """What it would change, in numbers, with samples by staff number. Leavers' are sealed: by holder number."""
        fields = {"name": 0, "person_class": 0, "department": 0}
        for row, known in self.changed:
            for field in differences(row, known):
                fields[field] += 1
        return {
            "active": self.active, "joiners": len(self.joiners), "returning": len(self.returning),
            "changed": len(self.changed), "leavers": len(self.leavers), "from_elsewhere": len(self.from_elsewhere),
            "changed_fields": fields,
            "samples": {
                "joiners": [row.staff_number for row in self.joiners[:SAMPLES]],
                "returning": [row.staff_number for row, _ in self.returning[:SAMPLES]],
                "changed": [row.staff_number for row, _ in self.changed[:SAMPLES]],
                "leavers": [known.holder_id for known in self.leavers[:SAMPLES]],
            },
        }  # fmt: skip

    def leavers_percent(self) -> float:
        """The share of the agency's people who would leave."""
        return 100 * len(self.leavers) / self.active if self.active else 0.0


def read_roster(content: bytes, classes: Mapping[str, str], agencies: Mapping[str, AgencyId]) -> list[Row]:
    """The rows of a roster. ``classes`` and ``agencies``: by what a file may call them, as ``plain`` has it.

    Raises WrongFile that lists every wrong cell, Problem(INVALID) for what is no table.
    """
    table, findings, named = checked_rows(rows_of(content, ROWS_MAX), COLUMNS, NEEDED, _text_of, most=ROWS_MAX)
    rows: list[Row] = []
    lines: dict[str, int] = {}
    for line, cells in table:
        wrong = [
            Finding(line, named[column], code, params)
            for column, code, params in _wrong_cells(cells, classes, agencies)
        ]
        number = cells.get(Column.STAFF_NUMBER)
        if number and lines.setdefault(number, line) != line:
            twice = {"staff_number": number[:VALUE_SHOWN], "first": lines[number]}
            wrong.append(Finding(line, named[Column.STAFF_NUMBER], "roster.staff_number_twice", twice))
        findings += wrong
        if not findings:
            rows.append(_row(line, cells, classes, agencies))
    if findings:
        raise WrongFile(sorted(findings, key=lambda finding: finding.line))
    return rows


Cells = dict[str, str]
"""The cells of a row by column; without those that are wrong, or that the table does not have."""


def _text_of(column: Column, cell: Any) -> Cells:
    return {column: cell_text(cell)}


def _wrong_cells(
    cells: Cells, classes: Mapping[str, str], agencies: Mapping[str, AgencyId]
) -> Iterable[tuple[Column, str, dict[str, Any]]]:
    for column in NEEDED:
        if cells.get(column) == "":
            yield column, "roster.cell_missing", {}
    for column, most in _WIDTHS.items():
        value = cells.get(column, "")
        if len(value) > most:
            yield column, "roster.too_long", {"most": most}
        elif value and not _VISIBLE_LINE.fullmatch(value):
            yield column, "value.not_a_line", {}
    named_class = cells.get(Column.PERSON_CLASS, "")
    if named_class and plain(named_class) not in classes:
        yield Column.PERSON_CLASS, "roster.no_such_class", {"value": named_class[:VALUE_SHOWN]}
    agency = cells.get(Column.FROM_AGENCY, "")
    if agency and plain(agency) not in agencies:
        yield Column.FROM_AGENCY, "roster.no_such_agency", {"value": agency[:VALUE_SHOWN]}
    if cells.get(Column.FROM_STAFF_NUMBER) and not agency:
        yield Column.FROM_STAFF_NUMBER, "roster.from_where", {}


def _row(line: int, cells: Cells, classes: Mapping[str, str], agencies: Mapping[str, AgencyId]) -> Row:
    number, agency = cells[Column.STAFF_NUMBER], cells.get(Column.FROM_AGENCY)
    named_class = cells.get(Column.PERSON_CLASS)
    return Row(
        line,
        number,
        cells[Column.NAME],
        classes[plain(named_class)] if named_class else None,
        cells.get(Column.DEPARTMENT),
        agencies[plain(agency)] if agency else None,
        (cells.get(Column.FROM_STAFF_NUMBER) or number) if agency else None,
    )


def differences(row: Row, known: Known) -> list[str]:
    """What a row says otherwise than the agency has it."""
    return [
        field
        for field, is_other in (
            ("name", row.name != known.name),
            ("person_class", row.person_class not in (None, known.person_class)),
            ("department", row.department is not None and row.department != (known.department or "")),
        )
        if is_other
    ]


def plan(rows: Sequence[Row], indexes: Sequence[bytes], known: Mapping[bytes, Known]) -> Plan:
    """Compare a roster with the agency's people, both by the blind index of the staff number."""
    joiners, returning, changed, elsewhere = [], [], [], []
    for row, index in zip(rows, indexes, strict=True):
        official = known.get(index)
        if official is None:
            joiners.append(row)
        elif official.state == OfficialState.LEAVING:
            returning.append((row, official))
        elif differences(row, official):
            changed.append((row, official))
        if row.from_agency is not None and (official is None or not official.has_earlier):
            elsewhere.append((row, official))
    present = set(indexes)
    here = {index: one for index, one in known.items() if one.state != OfficialState.LEAVING}
    leavers = [one for index, one in here.items() if index not in present]
    return Plan(joiners, returning, changed, leavers, elsewhere, len(here))
