"""The first day of a centre, as docs/administration.md tells it: from an empty database, without the demo city, to
verified statements. Over HTTP and the command line alone."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pyotp
import urllib3

from foundation.calendar import ZONE
from registry.network_tables import COLUMNS, Sheet
from terminals.client import Terminal
from terminals.devices import SoftwareCard
from terminals.schemas import EnrolmentSlip
from tests.running_system import Person, System
from tests.system.test_joining import APPROVER, FOUNDED, OPERATOR, PASSWORDS, TYPED
from tests.waiting import wait_until

REGIONS, AGENCIES, CANTEENS, OFFICIALS = {4401: "广州市", 4402: "韶关市"}, 60, 200, 100_000
ALL_REGIONS = {3302: "宁波市", **REGIONS}
"""With the one that the centre is founded with."""
BY_COMMAND_LINE = {0: 20_000, 1: 30_000}
"""People of the agencies whose rosters go by the command line; the others send theirs over the API."""
HOME, HOST = 3, 4
"""Who eats, and where he is a visitor: agencies of two regions."""
SECOND_FACTOR_ROLES = "centre_operator,centre_approver,agency_finance,supervisor,auditor"
PASSWORD = "a kettle full of stars"
Rows = list[list[str]]


def agency(number: int) -> str:
    return f"第{number}单位"


def network_tables(regions: set[str]) -> dict[Sheet, Rows]:
    """What a centre knows of some regions before it begins; a row of codes first."""
    tables: dict[Sheet, Rows] = {sheet: [[column.code for column in COLUMNS[sheet]]] for sheet in Sheet}

    def add(sheet: Sheet, **cells: object) -> None:
        tables[sheet].append([str(cells.get(code, "")) for code in tables[sheet][0]])

    names, today = list(ALL_REGIONS.values()), datetime.now(ZONE).date()
    for book, name in REGIONS.items():
        if name in regions:
            add(Sheet.REGIONS, book=book, name_zh=name, name_en=f"Region {book}")
    mine = [number for number in range(AGENCIES) if names[number % len(names)] in regions]
    for number in mine:
        above = agency(number % len(names)) if number >= len(names) else ""
        add(Sheet.AGENCIES, region=names[number % len(names)], name_zh=agency(number), name_en=f"Agency {number}",
            meal_allowance_fen="100.00", parent_agency=above, contact_phone="0574-63981234")  # fmt: skip
    for number in range(CANTEENS):
        if number % AGENCIES in mine:
            at = {"agency": agency(number % AGENCIES), "canteen": f"食堂{number // AGENCIES}"}
            add(Sheet.CANTEENS, agency=at["agency"], name_zh=at["canteen"], name_en=f"Canteen {number // AGENCIES}",
                latitude="29.87", longitude="121.54", capacity="200")  # fmt: skip
            add(Sheet.MEALS, **at, meal="早餐", weekdays="周一至周五", starts="07:00", ends="08:30")
            add(Sheet.MEALS, **at, meal="午餐", weekdays="每天", starts="11:00", ends="13:00")
            add(Sheet.PRICES, **at, meal="早餐", valid_from=today, home_fen="5.00", visitor_fen="8.00")
            add(Sheet.PRICES, **at, meal="午餐", valid_from=today, home_fen="12.00")
    return tables


def write_folder(folder: Path, tables: dict[Sheet, Rows]) -> Path:
    """CSV files, one of them as an old desktop saves it."""
    folder.mkdir()
    for sheet, rows in tables.items():
        encoding = "gb18030" if sheet is Sheet.MEALS else "utf-8-sig"
        (folder / f"{sheet}.csv").write_bytes(as_csv(rows, encoding))
    return folder


def write_workbook(file: Path, tables: dict[Sheet, Rows]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet, rows in tables.items():
        page = book.create_sheet(sheet)
        for row in rows:
            page.append(row)
    book.save(file)
    return file


def as_csv(rows: Rows, encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def roster(number: int, count: int) -> bytes:
    surnames, given = "王李张刘陈杨黄赵周吴", "伟芳娜敏静丽强磊军洋"
    rows = [[f"{number}-{n}", surnames[n % 10] + given[n // 10 % 10] + given[n // 100 % 10], "在编人员", "办公室"]
            for n in range(count)]  # fmt: skip
    return as_csv([["工号", "姓名", "人员类别", "部门"], *rows], "gb18030" if number % 2 else "utf-8")


def people_of(number: int) -> int:
    """How many people an agency has."""
    if number in BY_COMMAND_LINE:
        return BY_COMMAND_LINE[number]
    others = AGENCIES - len(BY_COMMAND_LINE)
    left = OFFICIALS - sum(BY_COMMAND_LINE.values())
    return left // others + (number - len(BY_COMMAND_LINE) < left % others)


@dataclass
class FirstDay:
    """A centre in its first hours, and who is signed in."""

    system: System
    folder: Path
    operator: Person
    approver: Person
    people: dict[str, Person] = field(default_factory=dict)
    agencies: dict[int, int] = field(default_factory=dict)

    @property
    def open_day(self) -> str:
        """The business day of all regions."""
        [found] = {one["business_date"] for one in self.operator.call("GET", "/clearing/open-days")}
        return str(found)

    def has_agencies(self) -> None:
        """Read the numbers that the agencies were given."""
        found = {row["name_zh"]: row["agency_id"] for row in every(self.operator, "/registry/agencies")}
        self.agencies = {number: found[agency(number)] for number in range(AGENCIES)}

    def canteen(self, of: int) -> int:
        asked = f"/registry/canteens?agency_id={self.agencies[of]}"
        return int(self.operator.call("GET", asked)["items"][0]["canteen_id"])

    def invite(self, role: str, of: int | None = None) -> Person:
        """The operator invites, the invited person sets a password, the approver lets him in."""
        login = role.replace("_", "-") + ("" if of is None else f"-{of}")
        place = None if of is None else self.agencies[of]
        invited = self.operator.call("POST", "/console/users", {"login": login, "role": role, "agency_id": place})
        accepted = {"login": login, "code": invited["code"], "password": PASSWORD}
        answer = urllib3.request(
            "POST", f"{self.system.url}/console/invitations", json=accepted, retries=False, timeout=120
        )
        assert answer.status == 204, answer.data
        seen = {"role": role, "agency_id": place}
        confirmed = self.approver.ask("POST", f"/console/users/{invited['user_id']}/confirmation", seen)
        assert confirmed.status == 204, confirmed.data
        person = Person(self.system.url, login, PASSWORD)
        if role in SECOND_FACTOR_ROLES:
            assert person.ask("GET", "/registry/agencies").status == 403, "nothing but the second factor"
            begun = person.call("POST", "/console/second-factor")
            code = {"code": pyotp.TOTP(begun["secret"]).now()}
            person.token = person.call("POST", "/console/second-factor/confirmation", code)["session"]["token"]
        self.people[login] = person
        return person

    def roster_over_the_api(self, number: int) -> int:
        """Send a roster; its number."""
        sent = roster(number, people_of(number))
        asked = f"/registry/rosters?agency_id={self.agencies[number]}"
        return int(self.operator.call("POST", asked, sent)["roster_id"])

    def becomes(self, roster_id: int, state: str) -> dict[str, Any]:
        path = f"/registry/rosters/{roster_id}"

        def is_there() -> bool:
            shown = self.operator.call("GET", path)
            assert shown["state"] != "refused", shown["problem"]
            return bool(shown["state"] == state)

        wait_until(is_there, f"{path} is not {state}", within_s=180)
        shown: dict[str, Any] = self.operator.call("GET", path)
        return shown

    def terminal(self, of: int) -> Terminal:
        """The agency's administrator asks for a slip, the approver approves it, the device redeems it."""
        admin = self.people[f"agency-admin-{of}"]
        slip = EnrolmentSlip(**admin.call("POST", "/console/enrolments", {"canteen_id": self.canteen(of)}))
        self.approver.call("POST", f"/console/enrolments/{slip.enrolment_id}/approval")
        terminal = Terminal.enrol(self.system.url, slip, self.folder / f"terminal-{of}")
        terminal.sign_on()
        return terminal


def every(person: Person, path: str) -> Iterator[dict[str, Any]]:
    """All rows of a list, page by page."""
    after = ""
    while after is not None:
        page = person.call("GET", f"{path}?limit=500" + (f"&after={after}" if after else ""))
        yield from page["items"]
        after = page["next"]


def second_factor_by_command(system: System, login: str) -> Person:
    """Set a second factor up as people do, and sign in with a recovery code."""
    password = PASSWORDS[login]
    with system.begun("second-factor", login) as command:
        assert command.stdin is not None
        assert command.stdout is not None
        command.stdin.write(f"{password}\n")
        command.stdin.flush()
        shown = ""
        while (found := re.search(r"secret=([A-Z2-7]+)", shown)) is None:
            line = command.stdout.readline()
            assert line, shown
            shown += line
        told, _ = command.communicate(f"{pyotp.TOTP(found[1]).now()}\n", timeout=60)
    assert command.returncode == 0, told
    recovery_code = told.split()[-1]
    return Person(system.url, login, password, recovery_code)


def test_a_centre_begins_with_nothing_and_closes_its_first_day(own: System, tmp_path: Path) -> None:
    own.environment |= {"ONECARD_DEMO_CITY": "false", "ONECARD_SECOND_FACTOR_ROLES": SECOND_FACTOR_ROLES}
    founded = own.command(*FOUNDED, typed=TYPED).stdout
    assert f"onecard second-factor {APPROVER}" in founded, "what comes next"
    own.start()
    operator, approver = (second_factor_by_command(own, login) for login in (OPERATOR, APPROVER))
    day = FirstDay(own, tmp_path, operator, approver)

    the_network_joins(day)
    its_people_join(day)
    meals_are_paid(day)
    the_day_is_closed(day)
    the_auditor_reads(day)


def the_network_joins(day: FirstDay) -> None:
    """One region's agencies and canteens as a workbook, the other two as a folder of CSV files; each is tried first."""
    day.system.command("network", "template", str(day.folder / "template.xlsx"))
    first = write_workbook(day.folder / "network.xlsx", network_tables({"宁波市"}))
    others = write_folder(day.folder / "network", network_tables(set(REGIONS.values())))
    for path in (first, others):
        tried = day.system.command("network", "import", str(path), "--dry-run").stdout
        assert "compared, and nothing changed" in tried
        assert "without --dry-run" in tried
        done = day.system.command("network", "import", str(path)).stdout
        assert "onecard roster import" in done, "what comes next"
    counts = [len(list(every(day.operator, f"/registry/{noun}"))) for noun in ("regions", "agencies", "canteens")]
    assert counts == [len(ALL_REGIONS), AGENCIES, CANTEENS]
    assert len(list(every(day.operator, "/settlement/tariffs"))) == 2 * CANTEENS
    day.has_agencies()


def its_people_join(day: FirstDay) -> None:
    sent = {number: day.roster_over_the_api(number) for number in range(AGENCIES) if number not in BY_COMMAND_LINE}
    for number, count in BY_COMMAND_LINE.items():
        file = day.folder / f"{number}.csv"
        file.write_bytes(roster(number, count))
        tried = day.system.command("roster", "import", str(file), "--agency", agency(number), "--dry-run").stdout
        assert f"{count} joiners" in tried
        day.system.command("roster", "import", str(file), "--agency", agency(number))
    for number, roster_id in sent.items():
        preview = day.becomes(roster_id, "previewed")["preview"]
        assert (preview["joiners"], preview["leavers"]) == (people_of(number), 0)
        day.operator.call("POST", f"/registry/rosters/{roster_id}/confirmation", {"leavers": 0})
    for roster_id in sent.values():
        day.becomes(roster_id, "applied")
    rosters = list(every(day.operator, "/registry/rosters"))
    assert {one["state"] for one in rosters} == {"applied"}
    assert sum(one["joiners"] for one in rosters) == OFFICIALS
    for of in (HOME, HOST):
        for role in ("agency_admin", "agency_finance", "canteen_manager"):
            day.invite(role, of)
    day.invite("supervisor")


def meals_are_paid(day: FirstDay) -> None:
    """An official pays at his own canteen and, on a visit, at another agency's."""
    today, open_day = str(datetime.now(ZONE).date()), day.open_day
    admin, finance = day.people[f"agency-admin-{HOME}"], day.people[f"agency-finance-{HOME}"]
    home, host = day.agencies[HOME], day.agencies[HOST]
    found = admin.call("POST", "/registry/officials/search", {"agency_id": home, "name": "王伟伟"})["people"]
    holder_id = found[0]["holder_id"]
    wanted = {"agency_id": home, "cards": [{"holder_id": holder_id, "uid": "04a1b2c3d4e5f6"}]}
    [issued] = admin.call("POST", "/console/cards", wanted)["cards"]
    card = SoftwareCard.personalised(issued)
    top_up = {"posting_id": str(uuid4()), "holder_id": holder_id, "amount_fen": 10_000}
    finance.call("POST", "/settlement/top-ups", {"agency_id": home, "deposits": [top_up]})
    visit = {"holder_id": holder_id, "host_agency_id": host, "first_day": today, "last_day": open_day}
    admin.call("POST", "/registry/visits", visit)
    paid = {}
    for of in (HOME, HOST):
        answer = day.terminal(of).charge_card(card, "lunch")
        assert answer.receipt is not None, answer.reason
        paid[of] = answer.receipt.amount_fen
    assert paid == {HOME: 1_200, HOST: 4_000}, "the canteen's price; on a visit the allowance's share for a lunch"


def the_day_is_closed(day: FirstDay) -> None:
    """Before its cut-off, so that a second person approves it; both agencies check their statements by themselves."""
    system, open_day = day.system, day.open_day
    close = ("close-day", "--date", open_day, "--force", "--reason", "the first day")
    assert system.command(*close, check=False).returncode == 3, "it waits for a second person"
    [asked] = day.approver.call("GET", "/console/approvals?state=pending")["items"]
    day.approver.call("POST", f"/console/approvals/{asked['approval_id']}/approval", {})
    system.command(*close)
    positions = {one["agency_id"]: one["position_fen"] for one in every(day.operator, "/clearing/positions")}
    assert {of: positions[day.agencies[of]] for of in (HOME, HOST)} == {HOME: -4_000, HOST: 4_000}
    assert sum(positions.values()) == 0
    keys = [word for line in system.command("public-key").stdout.split() for word in ("--key", line)]
    for of in (HOME, HOST):
        proof = str(day.folder / f"proof-{of}")
        system.command("bundle", open_day, str(day.agencies[of]), proof)
        system.command("audit", proof, *keys)
    system.command("verify")


def the_auditor_reads(day: FirstDay) -> None:
    """Everything, and changes nothing."""
    auditor = day.invite("auditor")
    assert sum(one["amount_fen"] for one in every(auditor, "/settlement/payments")) == 1_200 + 4_000
    assert auditor.call("GET", "/registry/officials?limit=1")["items"]
    entries = list(every(auditor, "/console/audit-entries"))
    assert {"found_centre", "import_network", "import_roster", "approve_enrolment"} <= {
        one["action"] for one in entries
    }
    chain = auditor.call("GET", f"/console/audit-entries/{entries[-1]['entry']}/chain")
    assert chain["holds"], chain
    refused = auditor.ask("POST", "/registry/agencies", {"book": 3302, "name_zh": "新单位", "name_en": "New"})
    assert refused.status == 403
