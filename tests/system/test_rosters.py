"""Rosters: joiners, movers and leavers of an agency from a file; what is refused, and what it leaves."""

import csv
import io
import secrets
import zipfile
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from uuid import uuid4

import openpyxl
import psycopg
import pytest

from foundation.catalogue import Language
from foundation.problems import Problem
from registry.identifiers import AgencyId
from registry.rosters import Row, read_roster
from tests.builders import Network, Official
from tests.waiting import wait_until

HEADINGS = ["工号", "姓名", "人员类别", "部门"]
Rows = list[list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


class Agency:
    """An agency of its own, and the command line that imports its rosters."""

    def __init__(self, network: Network, folder: Path, book: int = 3302) -> None:
        self.network, self.folder = network, folder
        mark = secrets.token_hex(4)
        names = {"name_zh": f"单位{mark}", "name_en": f"Agency {mark}"}
        wanted = {"book": book, **names, "meal_allowance_fen": 10_000}
        self.agency_id = int(network.centre.call("POST", "/registry/agencies", wanted)["agency_id"])

    def import_file(self, content: bytes, *options: str, check: bool = True) -> CompletedProcess[str]:
        file = self.folder / f"{secrets.token_hex(4)}.table"
        file.write_bytes(content)
        arguments = ["roster", "import", str(file), "--agency", str(self.agency_id), *options]
        done = self.network.system.command(*arguments, check=check)
        assert "Traceback" not in done.stderr
        return done

    def import_rows(self, rows: Rows, *options: str, headings: list[str] = HEADINGS, check: bool = True) -> Any:
        return self.import_file(table([headings, *rows]), *options, check=check)

    def people(self, **asked: Any) -> list[dict[str, Any]]:
        query = "&".join(
            f"{name}={value}" for name, value in ({"agency_id": self.agency_id, "limit": 500} | asked).items()
        )
        items: list[dict[str, Any]] = self.network.centre.call("GET", f"/registry/officials?{query}")["items"]
        return items

    def entries(self) -> list[dict[str, Any]]:
        asked = f"/console/audit-entries?action=import_roster&subject=agency/{self.agency_id}"
        found: list[dict[str, Any]] = self.network.approver.call("GET", asked)["items"]
        return found


def table(rows: Rows, encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def people(count: int, first: int = 1) -> Rows:
    return [[f"NB-{n}", f"张{n}", "在编人员", "办公室"] for n in range(first, first + count)]


@pytest.fixture
def agency(network: Network, folder: Path) -> Agency:
    return Agency(network, folder)


def test_people_join_change_and_leave(agency: Agency) -> None:
    done = agency.import_rows(people(40))
    assert "40 joiners" in done.stdout
    assert len(agency.people(state="active")) == 40
    again = agency.import_rows(people(40))
    assert "0 joiners" in again.stdout
    assert len(agency.entries()) == 1
    changed = people(40)
    changed[0][1], changed[1][2], changed[2][3] = "李一", "实习人员", "财务处"
    changed[3:4] = [["NB-99", "新人", "contractor", ""]]
    dry = agency.import_rows(changed, "--dry-run")
    assert "3 changed  NB-1, NB-2, NB-3" in dry.stdout
    assert "names 1, classes 1, departments 1" in dry.stdout
    assert "1 leavers" in dry.stdout
    assert "张" not in dry.stdout
    assert len(agency.people(state="active")) == 40
    agency.import_rows(changed)
    assert len(agency.people(state="active")) == 40
    assert len(agency.people(state="leaving")) == 1
    detail = agency.entries()[-1]["detail"]
    assert (detail["joiners"], detail["changed"], detail["leavers"]) == (1, 3, 1)
    assert "0 changed" in agency.import_rows(changed).stdout


def test_leavers_are_blocked_at_once_and_keep_their_purses(network: Network, agency: Agency, folder: Path) -> None:
    agency.import_rows(people(21))
    leaver = Official(agency.agency_id, agency.people()[20]["holder_id"])
    network.deposit("top-ups", leaver, 5_000)
    card, phone, till = network.card(leaver), network.phone(leaver), network.terminal(folder)
    assert till.charge_card(card, "lunch").outcome == "approved"
    before = network.purses(leaver)
    network.system.command("add-user", "nb-21", "agency_admin", "--agency", str(agency.agency_id),
                           typed="clouds over the lake\n", check=False)  # fmt: skip
    done = agency.import_rows(people(20))
    assert "2 cards and phones were blocked" in done.stdout
    assert "console user nb-21" in done.stdout
    refused = till.charge_card(card, "lunch")
    assert (refused.outcome, refused.reason) == ("refused", "card_blocked")
    assert network.purses(leaver) == before
    listed = network.centre.call("GET", f"/registry/credentials?holder_id={leaver.holder_id}")["items"]
    assert [one["state"] for one in listed] == ["blocked", "blocked"]
    assert phone is not None
    closure = {"posting_id": "0190b0d4-0000-7000-8000-0000000000aa", "holder_id": leaver.holder_id}
    closed = network.with_approval(network.centre, "/console/closures", closure)
    assert closed["cash_fen"] == before[0]
    assert agency.people()[20]["state"] == "left"
    # Who comes back gets a new account under the same number.
    agency.import_rows(people(21))
    assert len(agency.people(state="active")) == 21
    network.system.command("verify")


def test_who_returns_before_he_is_paid_out_has_his_purses(network: Network, agency: Agency) -> None:
    agency.import_rows(people(21))
    person = Official(agency.agency_id, agency.people()[20]["holder_id"])
    network.deposit("top-ups", person, 700)
    agency.import_rows(people(20))
    assert "1 returning  NB-21" in agency.import_rows(people(21)).stdout
    assert len(agency.people(state="active")) == 21
    assert network.purses(person) == (700, 0)


def test_a_truncated_file_changes_nothing_until_it_is_confirmed(agency: Agency) -> None:
    agency.import_rows(people(40))
    cut = agency.import_rows(people(30), check=False)
    assert (cut.returncode, cut.stderr.count("\n")) == (1, 1)
    assert "10 of 40" in cut.stderr
    assert len(agency.people(state="active")) == 40
    assert "10 leavers" in agency.import_rows(people(30), "--dry-run").stdout
    agency.import_rows(people(30), "--confirm-leavers")
    assert (len(agency.people(state="active")), len(agency.people(state="leaving"))) == (30, 10)


def test_an_agency_may_have_a_limit_of_its_own(agency: Agency) -> None:
    agency.import_rows(people(40))
    path = f"/registry/agencies/{agency.agency_id}"
    described = agency.network.centre.call("GET", path)
    wanted = {name: described[name] for name in ("name_zh", "name_en")} | {"roster_leavers_max_percent": 25}
    agency.network.centre.call("PUT", path, wanted)
    [entry] = agency.network.approver.call("GET", f"/console/audit-entries?subject=agency/{agency.agency_id}"
                                                  "&action=change_agency")["items"]  # fmt: skip
    assert entry["detail"]["roster_leavers_max_percent"] == [None, 25]
    assert "more than 25 %" in agency.import_rows(people(29), check=False).stderr
    agency.import_rows(people(30))
    assert len(agency.people(state="leaving")) == 10
    refused = agency.network.centre.ask("PUT", path, wanted | {"roster_leavers_max_percent": 101})
    assert refused.status == 400


def test_money_follows_when_the_agency_that_is_left_agrees(network: Network, folder: Path) -> None:
    for book in (3302, 3301):
        old, new = Agency(network, folder), Agency(network, folder, book)
        old.import_rows(people(3))
        person = Official(old.agency_id, old.people()[0]["holder_id"])
        network.deposit("top-ups", person, 4_200)
        network.deposit("grants", person, 900)
        card = network.card(person)
        headings = [*HEADINGS, "原单位", "原工号"]
        rows = [["HZ-7", "张1", "", "", str(old.agency_id), "NB-1"], ["HZ-8", "王八", "", "", "", ""]]
        done = new.import_rows(rows, headings=headings)
        assert "1 from other agencies" in done.stdout
        assert "waits for the agency that was left" in done.stdout
        [asked] = [one for one in network.approver.call("GET", "/console/approvals?state=pending")["items"]
                   if one["kind"] == "move"]  # fmt: skip
        assert asked["agency_id"] == old.agency_id
        mover = Official(new.agency_id, new.people()[0]["holder_id"])
        assert network.purses(mover) == (0, 0)
        assert network.purses(person) == (4_200, 900)
        network.approve(asked["approval_id"])
        assert network.purses(mover) == (4_200, 0)
        assert network.purses(person) == (0, 0)
        assert [one["state"] for one in old.people()] == ["left", "active", "active"]
        till = network.terminal(folder)
        assert till.charge_card(card, "lunch").outcome == "refused"
        assert "waits" not in new.import_rows(rows, headings=headings).stdout
        found = network.centre.call("GET", f"/registry/officials/{mover.holder_id}/account")
        assert [(one["holder_id"], one["state"]) for one in found["earlier"]] == [(person.holder_id, "left")]
    network.system.command("verify")


def test_who_was_paid_out_before_the_move_was_approved_moves_nothing(network: Network, folder: Path) -> None:
    old, new = Agency(network, folder), Agency(network, folder)
    old.import_rows(people(1))
    person = Official(old.agency_id, old.people()[0]["holder_id"])
    network.deposit("top-ups", person, 4_200)
    headings = [*HEADINGS, "原单位", "原工号"]
    row = ["", "", str(old.agency_id), "NB-1"]
    twice = new.import_rows([["HZ-1", "张1", *row], ["HZ-2", "张1", *row]], headings=headings, check=False)
    assert "stands in line 2 too" in twice.stderr
    new.import_rows([["HZ-1", "张1", *row]], headings=headings)
    pending = network.approver.call("GET", "/console/approvals?state=pending")["items"]
    [asked] = [one for one in pending if one["agency_id"] == old.agency_id]
    closure = {"posting_id": str(uuid4()), "holder_id": person.holder_id}
    network.with_approval(network.centre, "/console/closures", closure)
    assert network.approve(asked["approval_id"])["result"] == {"moves": [], "cash_fen": 0}
    mover = Official(new.agency_id, new.people()[0]["holder_id"])
    assert network.purses(mover) == (0, 0)
    assert "0 changed" in new.import_rows([["HZ-1", "张1", *row]], headings=headings).stdout


def test_who_is_not_known_there_is_not_told_apart(network: Network, folder: Path) -> None:
    old, new = Agency(network, folder), Agency(network, folder)
    old.import_rows(people(2))
    headings = ["staff number", "name", "from agency", "former staff number"]
    for number, name in (("NB-1", "李四"), ("NB-77", "张1")):
        rows = [["X-1", name, str(old.agency_id), number]]
        refused = new.import_rows(rows, headings=headings, check=False)
        assert refused.returncode == 1
        assert "not known there under that staff number and name" in refused.stderr
    assert new.people() == []


def sent(network: Network, agency_id: int, content: bytes) -> dict[str, Any]:
    """What became of a roster that came over the API."""
    roster_id = network.centre.call("POST", f"/registry/rosters?agency_id={agency_id}", content)["roster_id"]

    def found() -> dict[str, Any]:
        return dict(network.centre.call("GET", f"/registry/rosters/{roster_id}"))

    wait_until(lambda: found()["state"] in ("previewed", "refused"), "the roster is not read")
    return found()


def test_a_file_does_not_tell_which_of_many_guesses_is_right(network: Network, folder: Path) -> None:
    old, new = Agency(network, folder), Agency(network, folder)
    old.import_rows(people(3))
    headings = ["staff number", "name", "from agency", "former staff number"]

    def guess(first: int) -> Any:
        rows = [[f"X-{n}", f"张{n}", str(old.agency_id), f"NB-{n}"] for n in range(first, first + 5)]
        return sent(network, new.agency_id, table([headings, *rows]))

    some_hits, no_hit = guess(1), guess(7)
    for found in (some_hits, no_hit):
        assert (found["state"], found["problem"]["code"]) == ("refused", "roster.movers_not_found")
    assert some_hits["problem"] == no_hit["problem"]
    for n in range(8):
        assert guess(100 + 5 * n)["problem"]["code"] == "roster.movers_not_found"
    assert guess(1)["problem"]["code"] == "roster.movers_tried"
    assert sent(network, new.agency_id, table([HEADINGS, *people(2)]))["state"] == "previewed", "it guesses nothing"
    asked = f"/console/audit-entries?action=seek_movers&subject=agency/{new.agency_id}"
    entries = network.approver.call("GET", asked)["items"]
    assert len(entries) == 10
    assert {tuple(entry["detail"]["agencies"]) for entry in entries} == {(old.agency_id,)}


def test_an_account_of_somebody_else_takes_no_movers_money(network: Network, folder: Path) -> None:
    old, new = Agency(network, folder), Agency(network, folder)
    old.import_rows(people(2))
    new.import_rows([["Z-7", "钱七", "", ""]])
    victim, other = (Official(one.agency_id, one.people()[0]["holder_id"]) for one in (old, new))
    network.deposit("top-ups", victim, 90_000)
    headings = [*HEADINGS, "原单位", "原工号"]
    row = ["Z-7", "张1", "", "", str(old.agency_id), "NB-1"]
    refused = new.import_rows([row], headings=headings, check=False)
    assert "must be renamed first" in refused.stderr
    new.import_rows([["Z-7", "张1", "", ""]])
    new.import_rows([row], headings=headings)
    pending = network.approver.call("GET", "/console/approvals?state=pending")["items"]
    [asked] = [one for one in pending if one["agency_id"] == old.agency_id]
    assert asked["amount_fen"] == 90_000
    new.import_rows([["Z-7", "钱七", "", ""]])
    assert network.approve(asked["approval_id"])["result"] == {"moves": [], "cash_fen": 0}
    assert (network.purses(victim), network.purses(other)) == ((90_000, 0), (0, 0))


def test_a_move_takes_no_more_than_was_approved(network: Network, folder: Path) -> None:
    old, new = Agency(network, folder), Agency(network, folder)
    old.import_rows(people(2))
    mover = Official(old.agency_id, old.people()[0]["holder_id"])
    network.deposit("top-ups", mover, 4_200)
    new.import_rows([["HZ-1", "张1", "", "", str(old.agency_id), "NB-1"]], headings=[*HEADINGS, "原单位", "原工号"])
    pending = network.approver.call("GET", "/console/approvals?state=pending")["items"]
    [asked] = [one for one in pending if one["agency_id"] == old.agency_id]
    network.deposit("top-ups", mover, 1)
    assert network.approver.ask("POST", f"/console/approvals/{asked['approval_id']}/approval", {}).status == 409
    assert network.purses(mover) == (4_201, 0)


def packed(content: bytes, packing: int) -> bytes:
    """A workbook whose parts are packed otherwise, and garbled."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as read, zipfile.ZipFile(made, "w", packing) as written:
        for name in read.namelist():
            written.writestr(name, read.read(name))
    return made.getvalue().replace(b"BZh9", b"BZx9")


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_file_that_cannot_be_unpacked_is_refused_and_others_go_on(
    network: Network, folder: Path, packing: int
) -> None:
    one, other = Agency(network, folder), Agency(network, folder)
    wrong = packed(workbook([HEADINGS, *people(2)]), packing)
    found = sent(network, one.agency_id, wrong)
    assert (found["state"], found["problem"]["code"]) == ("refused", "table.not_a_workbook")
    assert sent(network, other.agency_id, table([HEADINGS, *people(2)]))["state"] == "previewed"
    assert network.centre.ask("POST", "/registry/network-imports?dry-run=true", wrong).status == 400
    assert network.person("kitchen-yuyao").ask("POST", "/waste/weigh-in-files", wrong).status == 400


def test_a_roster_resumes_nobody(network: Network, agency: Agency) -> None:
    agency.import_rows(people(20))
    holder_ids = [one["holder_id"] for one in agency.people()[:2]]
    for holder_id in holder_ids:
        network.centre.call("POST", f"/registry/officials/{holder_id}/suspension", {"reason": "an inquiry"})
    changed = [[number, name, kind, "财务处"] for number, name, kind, _ in people(20)]
    assert "20 changed" in agency.import_rows(changed).stdout
    assert {one["holder_id"] for one in agency.people(state="suspended")} == set(holder_ids)
    network.centre.call("POST", f"/registry/officials/{holder_ids[0]}/departure", {"reason": "gone"})
    agency.import_rows(changed[:1] + changed[2:], "--confirm-leavers")
    assert {one["holder_id"] for one in agency.people(state="leaving")} <= set(holder_ids)
    agency.import_rows(changed)
    assert {one["holder_id"] for one in agency.people(state="suspended")} == set(holder_ids)
    assert len(agency.people(state="active")) == 18


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_as_spreadsheets_save_them(agency: Agency, encoding: str) -> None:
    agency.import_file(table([HEADINGS, *people(3)], encoding))
    assert "0 joiners" in agency.import_file(workbook([HEADINGS, *people(3)])).stdout


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["工号", "姓名", "薪级"], ["1", "张三", "9"]], "line 1, 薪级"),
        ([["工号", "工号", "姓名"], ["1", "1", "张三"]], "twice"),
        ([["工号"], ["1"]], "line 1, Name"),
        ([["工号", "姓名"], ["1", "张三"], ["1", "李四"]], "line 3, 工号"),
        ([["工号", "姓名"], ["1", ""]], "line 2, 姓名"),
        ([["工号", "姓名"], ["1", "=HYPERLINK(1)"]], "formula"),
        ([["工号", "姓名"], ["1", "张\u202e三"]], "line 2, 姓名"),
        ([["工号", "姓名"], ["1" * 33, "张三"]], "32"),
        ([["工号", "姓名", "人员类别"], ["1", "张三", "国王"]], "国王"),
        ([["工号", "姓名", "原单位"], ["1", "张三", "无此单位"]], "无此单位"),
        ([["工号", "姓名"], ["1", "张三", "多"]], "no name"),
        ([["工号", "姓名"]], "no rows"),
        ([[]], "column"),
    ],
)
def test_what_is_wrong_is_named(rows: Rows, said: str) -> None:
    for content in (table(rows), workbook([list(row) for row in rows])):
        with pytest.raises(Problem) as refused:
            read(content)
        assert said in refused.value.detail(Language.ENGLISH)
        assert refused.value.detail(Language.CHINESE)


def read(content: bytes) -> list[Row]:
    return read_roster(content, {"在编人员": "official"}, {"1002": AgencyId(1002)})


def test_what_is_no_table_or_too_large() -> None:
    for content in (b"\xff\xfe\x81", b"PK\x03\x04junk", b""):
        with pytest.raises(Problem):
            read(content)
    with pytest.raises(Problem, match="200000"):
        read("工号,姓名\n".encode() + b"1,a\n" * 1_000_000)


def test_a_mistake_is_one_line_and_changes_nothing(agency: Agency) -> None:
    refused = agency.import_rows([["1", "张三", "国王", ""], ["2", "李四", "", ""]], check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "国王" in refused.stderr
    assert agency.people() == []
    unknown = agency.network.system.command("roster", "import", __file__, "--agency", "7", check=False)
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)


def test_names_are_sealed(agency: Agency) -> None:
    agency.import_rows(people(2))
    with psycopg.connect(agency.network.system.database_url) as db:
        rows = db.execute("SELECT name_sealed FROM official WHERE agency_id = %s", (agency.agency_id,)).fetchall()
    assert len(rows) == 2
    assert not any("张".encode() in bytes(name) for (name,) in rows)


def test_a_roster_over_the_api_is_previewed_and_confirmed(network: Network) -> None:
    agency_id = network.agency_id("yuyao")
    admin, other = network.person("admin-yuyao"), network.person("admin-yinzhou")
    here = network.centre.call("GET", f"/registry/officials?agency_id={agency_id}&state=active&limit=500")["items"]
    headings = ["staff_number", "name"]
    sent = admin.call("POST", f"/registry/rosters?agency_id={agency_id}", table([headings, ["YY-9001", "赵六"]]))
    path = f"/registry/rosters/{sent['roster_id']}"
    wait_until(lambda: admin.call("GET", path)["state"] == "previewed", "the roster is not read")
    preview = admin.call("GET", path)["preview"]
    assert (preview["joiners"], preview["leavers"]) == (1, len(here))
    assert other.ask("GET", path).status == 404
    listed = f"/registry/rosters?agency_id={agency_id}&state=previewed"
    [row] = admin.call("GET", listed)["items"]
    assert (row["roster_id"], row["joiners"], row["leavers"], row["made_by"]) == (
        sent["roster_id"], 1, len(here), "admin-yuyao",
    )  # fmt: skip
    assert other.call("GET", listed)["items"] == []
    assert "待确认" in admin.ask("GET", "/registry/rosters.csv").data.decode()
    assert other.ask("POST", f"{path}/confirmation", {"leavers": len(here)}).status == 404
    assert other.ask("POST", f"/registry/rosters?agency_id={agency_id}", b"x").status == 403
    wrong = admin.ask("POST", f"{path}/confirmation", {"leavers": len(here) + 1})
    assert wrong.status == 409
    admin.call("POST", f"/registry/rosters?agency_id={agency_id}", table([headings, ["YY-9002", "赵七"]]))
    assert admin.call("GET", path)["state"] == "refused"
    assert admin.ask("POST", f"{path}/confirmation", {"leavers": len(here)}).status == 409


def test_a_confirmed_roster_is_applied_with_its_entry(network: Network, agency: Agency) -> None:
    centre = network.centre

    def send(content: bytes, state: str) -> dict[str, Any]:
        number = centre.call("POST", f"/registry/rosters?agency_id={agency.agency_id}", content)["roster_id"]
        path = f"/registry/rosters/{number}"
        wait_until(lambda: centre.call("GET", path)["state"] == state, f"the roster is not {state}")
        shown: dict[str, Any] = centre.call("GET", path)
        return shown

    def confirm(shown: dict[str, Any]) -> dict[str, Any]:
        path = f"/registry/rosters/{shown['roster_id']}"
        centre.call("POST", f"{path}/confirmation", {"leavers": shown["preview"]["leavers"]})
        wait_until(lambda: centre.call("GET", path)["state"] == "applied", "the roster is not applied")
        applied: dict[str, Any] = centre.call("GET", path)
        return applied

    applied = confirm(send(table([HEADINGS, *people(10)]), "previewed"))
    assert (applied["preview"]["joiners"], applied["done"], applied["rows"]) == (10, 10, 10)
    confirm(send(workbook([HEADINGS, *people(5)]), "previewed"))
    assert (len(agency.people(state="active")), len(agency.people(state="leaving"))) == (5, 5)
    assert [(one["actor"], one["detail"]["leavers"]) for one in agency.entries()] == [("centre", 0), ("centre", 5)]
    refused = send("工号,姓名\n1,\n".encode(), "refused")
    assert "line 2" in refused["problem"]["detail"] or "第2行" in refused["problem"]["detail"]
    with psycopg.connect(network.system.database_url) as db:
        kept = db.execute("SELECT count(content) FROM roster WHERE agency_id = %s", (agency.agency_id,)).fetchone()
    assert kept == (0,)
