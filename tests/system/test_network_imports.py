"""A whole network over the command line and the API: from files into an empty centre, out again, and back."""

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import urllib3

from registry.network_tables import COLUMNS, Sheet
from tests.builders import Network
from tests.running_system import Person, System
from tests.system.test_joining import FOUNDED, OPERATOR, PASSWORDS, TYPED

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def header(sheet: Sheet) -> str:
    return ",".join(column.code for column in COLUMNS[sheet])


def write_network(folder: Path, *, regions: int, agencies: int, canteens: int) -> None:
    """A network as CSV files, those of Chinese desktops in GB18030."""
    rows: dict[Sheet, list[str]] = {sheet: [header(sheet)] for sheet in Sheet}
    for r in range(regions):
        rows[Sheet.REGIONS].append(f"{4401 + r},地区{r},Region {r},")
    for a in range(agencies):
        above = f"单位{a // 10}" if a >= 10 else ""
        rows[Sheet.AGENCIES].append(
            f",地区{a % regions},单位{a},Agency {a},100.00,{above},中山路{a}号,王建国,0574-63981234,"
        )
    for c in range(canteens):
        rows[Sheet.CANTEENS].append(f",单位{c % agencies},食堂{c // agencies},Canteen {c},29.5,121.5,200,,,,")
        place = f"单位{c % agencies},食堂{c // agencies}"
        rows[Sheet.MEALS] += [f"{place},早餐,周一至周五,07:00,08:30", f"{place},午餐,每天,11:00,13:00"]
    folder.mkdir()
    for sheet, lines in rows.items():
        encoding = "gb18030" if sheet is Sheet.MEALS else "utf-8-sig"
        (folder / f"{sheet}.csv").write_bytes("\r\n".join(lines).encode(encoding))


@pytest.mark.one_worker
def test_a_network_of_files_joins_an_empty_centre(own: System, tmp_path: Path) -> None:
    own.command(*FOUNDED, typed=TYPED)
    folder, copy = tmp_path / "network", tmp_path / "copy"
    write_network(folder, regions=3, agencies=60, canteens=200)
    told = own.command("network", "import", str(folder), "--dry-run", "--json").stdout
    assert json.loads(told)["added"] == 3 + 60 + 200 + 400
    assert json.loads(told)["applied"] is False
    done = own.command("network", "import", str(folder))
    assert "663 added" in done.stdout
    assert "1 not in the file" in done.stdout, "the region that the centre was founded with"
    own.command("network", "export", str(copy))
    again = own.command("network", "import", str(copy), "--json").stdout
    assert {name: json.loads(again)[name] for name in ("added", "changed", "missing")} == {
        "added": 0, "changed": 0, "missing": 0,
    }  # fmt: skip
    own.command("network", "export", str(tmp_path), "--xlsx")
    assert "0 added, 0 changed" in own.command("network", "import", str(tmp_path / "network.xlsx")).stdout
    own.command("network", "template", str(tmp_path / "template.xlsx"))
    before = (tmp_path / "template.xlsx").read_bytes()
    for made in (("export", str(tmp_path), "--xlsx"), ("template", str(tmp_path / "template.xlsx"))):
        refused = own.command("network", *made, check=False)
        assert (refused.returncode, "--force" in refused.stderr) == (1, True)
    assert (tmp_path / "template.xlsx").read_bytes() == before
    own.command("network", "template", str(tmp_path / "template.xlsx"), "--force")
    assert "no such file" in own.command("network", "import", str(tmp_path / "nosuch"), check=False).stderr
    assert openpyxl.load_workbook(tmp_path / "template.xlsx").sheetnames[0] == "Regions"
    own.start()
    centre = Person(own.url, OPERATOR, PASSWORDS[OPERATOR])
    below = centre.call("GET", "/registry/agencies?name=单位15")["items"]
    above = centre.call("GET", f"/registry/agencies/{below[0]['parent_agency_id']}")
    assert (above["name_zh"], below[0]["contact_name"]) == ("单位1", "王建国")
    canteen = centre.call("GET", "/registry/canteens?name=食堂3")["items"][0]
    saturday = centre.call("GET", f"/registry/canteens/{canteen['canteen_id']}/days/2027-01-09")
    assert [meal["meal"] for meal in saturday["meals"]] == ["lunch"]


def test_a_wrong_file_is_one_line_and_changes_nothing(network: Network, tmp_path: Path) -> None:
    before = network.centre.call("GET", "/registry/regions")["items"]
    rows = [header(Sheet.REGIONS), "3309,舟山市,Zhoushan,", "3310,,Taizhou,"]
    (tmp_path / "regions.csv").write_text("\n".join(rows))
    for path in (tmp_path, tmp_path / "regions.csv"):
        done = network.system.command("network", "import", str(path), check=False)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "line 3" in done.stderr
        assert "Traceback" not in done.stderr
    (tmp_path / "staff.csv").write_text("a,b\n1,2\n")
    done = network.system.command("network", "import", str(tmp_path), check=False)
    assert (done.returncode, "staff" in done.stderr) == (1, True)
    (tmp_path / "empty").mkdir()
    assert network.system.command("network", "import", str(tmp_path / "empty"), check=False).returncode == 1
    assert network.system.command("network", "import", str(tmp_path / "none"), check=False).returncode != 0
    assert network.centre.call("GET", "/registry/regions")["items"] == before


def send(person: Person, content: bytes, query: str = "", language: str = "en") -> urllib3.BaseHTTPResponse:
    headers = {"authorization": f"Bearer {person.token}", "accept-language": language,
               "content-type": "application/octet-stream"}  # fmt: skip
    url = f"{person.url}/registry/network-imports{query}"
    return urllib3.request("POST", url, body=content, headers=headers, retries=False, timeout=120)


def workbook(person: Person, path: str = "/registry/network.xlsx") -> openpyxl.Workbook:
    answer = person.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, XLSX)
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_the_same_over_the_api(network: Network) -> None:
    centre = network.centre
    book = workbook(centre)
    assert {name: send(centre, saved(book)).json()[name] for name in ("added", "changed")} == {"added": 0, "changed": 0}
    page = book["食堂"]
    places = {cell.value: place for place, cell in enumerate(page[1])}
    row = next(row for row in page.iter_rows(min_row=2) if row[0].value == str(network.canteen_id("yuyao")))
    row[places["座位数（个）"]].value = 321
    book["地区"].append(["3311", "丽水市", "Lishui"])
    told = send(centre, saved(book), "?dry-run=true", "zh").json()
    assert (told["applied"], told["added"], told["changed"]) == (False, 1, 1)
    changed: dict[str, Any] = next(one for one in told["differences"] if one["kind"] == "changed")
    assert changed["changes"]["座位数（个）"][1] == "321"
    canteen = f"/registry/canteens/{network.canteen_id('yuyao')}"
    assert centre.call("GET", canteen)["capacity"] != 321
    done = send(centre, saved(book)).json()
    assert (done["applied"], done["added"], done["changed"]) == (True, 1, 1)
    assert centre.call("GET", canteen)["capacity"] == 321
    [entry] = network.approver.call("GET", "/console/audit-entries?action=import_network")["items"]
    assert [subject for subject, _ in entry["detail"]["added"]] == ["book/3311"]
    assert entry["detail"]["changed"][0][1]["capacity"][1] == 321
    days = {day["book"]: day["business_date"] for day in centre.call("GET", "/clearing/open-days")}
    assert days[3311] == days[3302], "its book is open, with rules of its own"
    assert centre.call("GET", "/settlement/rules/3311")["visitors"] == "visit"


def test_a_csv_file_of_one_sheet_and_what_is_refused(network: Network) -> None:
    centre = network.centre
    regions = (header(Sheet.REGIONS) + "\n3312,衢州市,Quzhou,\n").encode("gb18030")
    assert send(centre, regions, "?sheet=regions&dry-run=true").json()["added"] == 1
    assert send(centre, regions, "?sheet=地区&dry-run=true").json()["added"] == 1
    for content, query, said in (
        (regions, "", "needs the parameter sheet"), (regions, "?sheet=staff", "staff"), (b"", "?sheet=regions", ""),
        (b"PK\x03\x04", "", "workbook"), (b"\xff\x00", "?sheet=regions", ""),
        (b"x" * 3_000_000, "?sheet=regions", ""), (regions + b"3313,\n", "?sheet=regions", "line 3"),
    ):  # fmt: skip
        answer = send(centre, content, query)
        assert answer.status in (400, 413), (query, answer.status, answer.data)
        assert said.lower() in answer.data.decode().lower(), answer.data.decode()
    refused = send(centre, regions + "3302,宁波市,Ningbo,已终止\n".encode("gb18030"), "?sheet=regions", "zh").json()
    [finding] = refused["findings"]
    assert (finding["sheet"], finding["line"], finding["column"]) == ("regions", 3, "state")
    assert "状态" in finding["detail"]
    assert 3312 not in [row["book"] for row in centre.call("GET", "/registry/regions")["items"]]
    assert send(network.person("admin-yuyao"), regions, "?sheet=regions").status == 403
    assert workbook(centre, "/registry/network-template.xlsx").sheetnames == [
        "地区", "单位", "食堂", "供餐时间", "特殊日", "餐价", "人员类别", "人员类别规则",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/registry/network.xlsx", "/registry/network-template.xlsx"])
def test_networks_are_for_who_sees_the_registry(network: Network, path: str) -> None:
    assert network.person("admin-yuyao").ask("GET", path).status == 200
    assert urllib3.request("GET", network.url + path).status == 401
