"""Lists of what exists: pages by key, scope by agency, filters, orders, files, and what is refused."""

import base64
import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import openpyxl
import psycopg
import pytest
import urllib3

from onecard.listings import LISTS
from registry.access import MAY
from registry.lists.files import is_money
from registry.lists.listing import PAGE_MAX, Listing
from registry.roles import OF_PEOPLE, Role
from tests.builders import Network
from tests.rows_of_everything import SOME, insert_rows
from tests.running_system import Person, System

LOGINS = {
    "centre": Role.CENTRE_OPERATOR,
    "approver": Role.CENTRE_APPROVER,
    "admin-yuyao": Role.AGENCY_ADMIN,
    "finance-yinzhou": Role.AGENCY_FINANCE,
    "kitchen-yinzhou": Role.CANTEEN_MANAGER,
    "supervisor": Role.SUPERVISOR,
    "lists-auditor": Role.AUDITOR,
}

by_list = pytest.mark.parametrize(("path", "listing"), LISTS.items(), ids=[one.name for one in LISTS.values()])
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def network(scratch: Path) -> Iterator[Network]:
    folder = scratch / "lists"
    folder.mkdir()
    system = System(folder, workers="1")
    system.start()
    yield Network(system)
    system.clear_away()


@pytest.fixture(scope="module")
def people(network: Network) -> dict[str, Person]:
    """Everybody signed in, in a network with something of every noun."""
    for agency in ("yinzhou", "yuyao", "city"):
        official = network.official(agency)
        network.card(official)
        network.phone(official)
        visit = {"holder_id": official.holder_id, "host_agency_id": network.agency_id("hangzhou")}
        network.centre.call("POST", "/registry/visits", visit | {"first_day": "2026-11-02", "last_day": "2026-11-05"})
    for agency in ("yinzhou", "yuyao"):
        message = {"login": f"lists-{agency}", "agency_id": network.agency_id(agency), "scopes": ["see_registry"]}
        network.centre.call("POST", "/console/machines", message)
    insert_rows(network.system.database_url)
    network.system.command("add-user", "lists-auditor", "auditor", typed="clouds over the lake\n")
    auditor = Person(network.url, "lists-auditor", "clouds over the lake")
    return {login: auditor if login == "lists-auditor" else network.person(login) for login in LOGINS}


def ask(person: Person, path: str, **asked: Any) -> urllib3.BaseHTTPResponse:
    return person.ask("GET", f"{path}?{urlencode(asked)}" if asked else path)


def pages(person: Person, path: str, **asked: Any) -> Iterator[Rows]:
    after: str | None = None
    while True:
        answer = ask(person, path, **asked, **({"after": after} if after else {}))
        assert answer.status == 200, answer.data
        yield answer.json()["items"]
        after = answer.json()["next"]
        if after is None:
            return


def rows(person: Person, path: str, **asked: Any) -> Rows:
    return [row for page in pages(person, path, limit=PAGE_MAX, **asked) for row in page]


def key_of(listing: Listing[Any], row: dict[str, Any]) -> str:
    """A row's place in its list."""
    return "/".join(quote(str(row[str(column.key)])) for column in listing.key)


def some_key(listing: Listing[Any]) -> str:
    """The place of a row that there is not."""
    some = {int: "1", str: "x", date: "2001-01-01", UUID: "0190b0d4-0000-7000-8000-000000000001"}
    return "/".join(some[column.type.python_type] for column in listing.key)


def who_may(people: dict[str, Person], listing: Listing[Any]) -> list[str]:
    return [login for login in people if listing.permission in MAY[LOGINS[login]]]


def parts_of(path: str, listing: Listing[Any]) -> list[str]:
    some = urlencode(SOME.get(listing.name, {}))
    files = [f"{path}.{kind}?{some}" for kind in ("csv", "xlsx")]
    return [path, *([f"{path}/{some_key(listing)}"] if listing.has_detail else []), *files]


@by_list
def test_a_list_is_for_those_whose_role_includes_it(
    people: dict[str, Person], network: Network, path: str, listing: Listing[Any]
) -> None:
    for login, person in people.items():
        may = login in who_may(people, listing)
        for of_it in parts_of(path, listing):
            status = person.ask("GET", of_it).status
            assert status in ((200, 404) if may else (403,)), (login, of_it, status)
    for of_it in parts_of(path, listing):
        assert urllib3.request("GET", network.url + of_it).status == 401


@by_list
def test_people_of_an_agency_see_its_rows_alone(
    people: dict[str, Person], network: Network, path: str, listing: Listing[Any]
) -> None:
    some = SOME.get(listing.name, {})
    everything = rows(people["lists-auditor"], path, **some)
    assert everything
    agencies = {"admin-yuyao": network.agency_id("yuyao"), "finance-yinzhou": network.agency_id("yinzhou")}
    for login in who_may(people, listing):
        agency_id = agencies.get(login)
        if agency_id is None:
            continue
        owners = [str(column.key) for column in listing.owners]
        mine = [row for row in everything if not owners or agency_id in (row[owner] for owner in owners)]
        assert {key_of(listing, row) for row in rows(people[login], path, **some)} == {
            key_of(listing, row) for row in mine
        }
        for row in [*mine[:20], *[row for row in everything if row not in mine][:20]]:
            answer = ask(people[login], f"{path}/{key_of(listing, row)}")
            assert answer.status == (200 if row in mine else 404), (login, row, answer.data)
            if listing.has_detail and row in mine:
                assert answer.json() == row


@by_list
def test_pages_of_every_size_and_order_have_each_row_once(
    people: dict[str, Person], path: str, listing: Listing[Any]
) -> None:
    person = people["lists-auditor"]
    narrowed = {"limit": 7} | SOME.get(listing.name, {})
    all_rows = rows(person, path, **{k: v for k, v in narrowed.items() if k != "limit"})
    everything = {key_of(listing, row): row for row in all_rows}
    for sort in (None, *listing.orders, *(f"-{name}" for name in listing.orders)):
        asked = narrowed | ({"sort": sort} if sort else {})
        found: Rows = []
        for n, page in enumerate(pages(person, path, **asked)):
            assert len(page) <= 7
            found += page
            if n == 30:
                break
        else:
            assert {key_of(listing, row) for row in found} == everything.keys()
        assert len({key_of(listing, row) for row in found}) == len(found)
        for row in found:
            assert everything[key_of(listing, row)] == row
        if sort in (None, "number"):
            assert found == all_rows[: len(found)]
        elif sort == "-number":
            assert found == all_rows[::-1][: len(found)]


def test_rows_that_come_between_two_pages_shift_nothing(people: dict[str, Person], network: Network) -> None:
    path, agency_id = "/registry/officials", network.agency_id("yinzhou")
    network.official("yinzhou")
    first = ask(people["centre"], path, limit=1, agency_id=agency_id).json()
    newcomer = network.official("yinzhou")
    rest = ask(people["centre"], path, agency_id=agency_id, after=first["next"], limit=PAGE_MAX).json()["items"]
    everything = rows(people["centre"], path, agency_id=agency_id)
    assert newcomer.holder_id in [row["holder_id"] for row in everything]
    assert [*first["items"], *rest] == everything[: 1 + len(rest)]


def test_filters_narrow(people: dict[str, Person], network: Network) -> None:
    centre = people["centre"]
    yinzhou = network.agency_id("yinzhou")
    officials = rows(centre, "/registry/officials", agency_id=yinzhou)
    assert {row["agency_id"] for row in officials} == {yinzhou}
    assert {row["state"] for row in rows(centre, "/registry/officials", state="left", agency_id=yinzhou)} <= {"left"}
    assert rows(centre, "/registry/credentials", issued_until="2020-01-01T00:00:00") == []
    phones = rows(centre, "/registry/credentials", agency_id=yinzhou, kind="phone", issued_from="2026-01-01T00:00:00Z")
    assert {row["kind"] for row in phones} == {"phone"}
    assert rows(centre, "/registry/credentials", issued_until="2020-01-01T00:00:00+08:00") == []
    visits = rows(centre, "/registry/visits", from_day="2026-11-05", until_day="2026-11-05", agency_id=yinzhou)
    assert visits
    assert rows(centre, "/registry/visits", from_day="2026-11-06", until_day="2026-11-08", agency_id=yinzhou) == []
    assert {row["login"] for row in rows(centre, "/console/users", login="YIN")} >= {"finance-yinzhou"}
    assert rows(centre, "/registry/agencies", name="%") == []
    assert rows(centre, "/registry/agencies", name="鄞州")[0]["agency_id"] == yinzhou


def altered(mark: str) -> Iterator[str]:
    content = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
    changes: tuple[Callable[[Any], Any], ...] = (
        lambda c: ["users", *c[1:]], lambda c: [c[0], "issued_at", *c[2:]], lambda c: c[:2], lambda c: [*c, 1],
        lambda c: [*c[:2], "1"], lambda c: [*c[:2], None], lambda c: [*c[:2], 2**70], lambda c: [*c[:2], 1.5],
        lambda c: [*c[:2], {}], lambda c: {}, lambda c: [], lambda c: "\0",
    )  # fmt: skip
    for change in changes:
        yield base64.urlsafe_b64encode(json.dumps(change(content)).encode()).decode().rstrip("=")
    yield from (
        "",
        "x",
        "é",
        mark[:-3],
        "A" * 2_000,
        "A" * 2_001,
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 1_490).decode(),
    )


def test_altered_marks_of_pages_are_refused(people: dict[str, Person]) -> None:
    centre = people["centre"]
    mark = ask(centre, "/registry/credentials", limit=1).json()["next"]
    for other in altered(mark):
        assert ask(centre, "/registry/credentials", after=other).status == 400, other
    sorted_mark = ask(centre, "/registry/credentials", limit=1, sort="issued_at").json()["next"]
    content = json.loads(base64.urlsafe_b64decode(sorted_mark + "=" * (-len(sorted_mark) % 4)))
    for value in (
        "2026-13-01",
        "yesterday",
        5,
        None,
        True,
        "\0",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        [1],
    ):
        bent = base64.urlsafe_b64encode(json.dumps([*content[:2], value, content[3]]).encode()).decode().rstrip("=")
        assert ask(centre, "/registry/credentials", after=bent, sort="issued_at").status == 400, value
    assert ask(centre, "/registry/credentials", after=sorted_mark).status == 400, "of another order"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"colour": "red"}, "colour"), ({"sort": "colour"}, "issued_at"), ({"sort": "--issued_at"}, "issued_at"),
        ({"limit": 0}, "limit"), ({"limit": PAGE_MAX + 1}, "limit"), ({"limit": "x"}, "limit"),
        ({"state": "lost"}, "active, blocked"), ({"book": 2**31}, "book"), ({"book": -1}, "book"),
        ({"agency_id": 2**53}, "agency_id"), ({"issued_from": "today"}, "issued_from"), ({"kind": ""}, "card, phone"),
        ({"agency_id": "1.5"}, "agency_id"), ({"issued_from": "0001-01-01T00:00:00+00:01"}, "9998"),
        ({"issued_until": "9999-12-31T23:59:59-00:01"}, "9998"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["", ".csv", ".xlsx"])
def test_what_a_list_does_not_have_is_refused_by_name(
    people: dict[str, Person], asked: dict[str, Any], said: str, suffix: str
) -> None:
    answer = ask(people["centre"], f"/registry/credentials{suffix}", **asked)
    assert answer.status == 400, answer.data
    assert said in answer.data.decode()


def test_words_with_nul_and_long_words_are_refused(people: dict[str, Person]) -> None:
    for words in ("a\0b", "食" * 101):
        assert ask(people["centre"], "/registry/agencies", name=words).status == 400
    assert rows(people["centre"], "/registry/agencies", name="食" * 100) == []


@by_list
def test_files_have_the_rows_of_the_list(people: dict[str, Person], path: str, listing: Listing[Any]) -> None:
    person = people["lists-auditor"]
    narrowed = SOME.get(listing.name, {})
    headers = {"authorization": f"Bearer {person.token}", "accept-language": "zh"}
    found = rows(person, path, **narrowed)
    address = f"{person.url}{path}.{{}}?{urlencode(narrowed)}"
    text = urllib3.request("GET", address.format("csv"), headers=headers)
    assert text.data.startswith(b"\xef\xbb\xbf")
    head, *cells = csv.reader(io.StringIO(text.data.decode("utf-8-sig")))
    assert len(cells) == len(found)
    assert not any(word.isascii() for word in head)
    members = listing.shown.__struct_fields__
    is_plain = [m for m in range(len(members)) if all(type(row[members[m]]) is int for row in found)]
    plain = [m for m in is_plain if not is_money(members[m])]
    for m in plain:
        assert [row[m] for row in cells] == [str(row[members[m]]) for row in found]
    book = urllib3.request("GET", address.format("xlsx"), headers=headers)
    sheet = openpyxl.load_workbook(io.BytesIO(book.data)).active
    assert sheet is not None
    table = list(sheet.iter_rows(values_only=True))
    assert list(table[0]) == head
    for m in plain:
        assert [row[m] for row in table[1:]] == [row[members[m]] for row in found]
    english = urllib3.request("GET", address.format("csv"), headers=headers | {"accept-language": "en"})
    assert english.data.decode("utf-8-sig").splitlines()[0].isascii()


def test_words_and_money_in_files_are_for_people(people: dict[str, Person]) -> None:
    headers = {"authorization": f"Bearer {people['centre'].token}", "accept-language": "zh"}
    text = urllib3.request("GET", f"{people['centre'].url}/registry/agencies.csv", headers=headers).data.decode()
    assert "先用餐补账户" in text
    assert ",100.00" in text
    users = urllib3.request("GET", f"{people['centre'].url}/console/users.csv", headers=headers).data.decode()
    assert "清算中心" in users
    auditor = {"authorization": f"Bearer {people['lists-auditor'].token}", "accept-language": "zh"}
    url = f"{people['centre'].url}/settlement/shift-closings.csv?agrees=true"
    closings = urllib3.request("GET", url, headers=auditor).data.decode()
    assert ",是," in closings
    assert ",否," not in closings


def test_an_entry_of_the_audit_log_says_whether_the_log_holds(people: dict[str, Person], network: Network) -> None:
    auditor = people["lists-auditor"]
    [last] = auditor.call("GET", "/console/audit-entries?sort=-number&limit=1")["items"]
    path = f"/console/audit-entries/{last['entry']}/chain"
    assert auditor.call("GET", path) | {"digest": ""} == {
        "entry": last["entry"], "holds": True, "first_break": None, "digest": "", "entries": last["entry"],
    }  # fmt: skip
    with psycopg.connect(network.system.database_url) as db:
        [digest] = db.execute("SELECT digest FROM audit_entry WHERE entry = %s", [last["entry"]]).fetchone() or ()
        assert auditor.call("GET", path)["digest"] == digest.hex()
    postgres = network.system.services.postgres
    assert postgres is not None
    with psycopg.connect(postgres.url_of(postgres.superuser, "onecard")) as db:
        db.execute("UPDATE audit_entry SET actor = 'nobody' WHERE entry = 4")
    assert auditor.call("GET", path)["first_break"] == 4
    assert auditor.call("GET", "/console/audit-entries/3/chain")["holds"]
    assert auditor.call("GET", f"{path}?after=3")["first_break"] == 4, "in steps, each from where the one before ended"
    assert auditor.call("GET", f"{path}?after=5")["holds"], "those before it were checked already"
    assert auditor.call("GET", f"{path}?after={last['entry']}")["holds"]
    assert auditor.ask("GET", f"/console/audit-entries/{last['entry'] + 1_000}/chain").status == 404
    assert people["supervisor"].ask("GET", path).status == 403


@by_list
def test_altered_marks_of_every_list_are_refused(people: dict[str, Person], path: str, listing: Listing[Any]) -> None:
    auditor = people["lists-auditor"]
    for sort in listing.orders:
        mark = ask(auditor, path, limit=1, sort=sort).json()["next"]
        if mark is None:
            continue
        content = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        for place in range(2, len(content)):
            values: tuple[Any, ...] = ("a\0b", 2**70, -1, None, [1], {}, "9999-13-01", True, 1.5)
            for value in values:
                bent = json.dumps([*content[:place], value, *content[place + 1 :]]).encode()
                after = base64.urlsafe_b64encode(bent).decode().rstrip("=")
                status = ask(auditor, path, after=after, sort=sort).status
                assert status == 400 or (isinstance(value, str) and "\0" not in value), (sort, place, value, status)


def test_every_role_is_tried() -> None:
    assert set(LOGINS.values()) == set(OF_PEOPLE)


def test_lists_are_described_to_those_who_may_see_them(people: dict[str, Person]) -> None:
    for login, person in people.items():
        described = person.call("GET", "/console/lists")
        assert {one["path"] for one in described} == {
            path for path, one in LISTS.items() if login in who_may(people, one)
        }
        for one in described:
            listing = LISTS[one["path"]]
            assert [column["name"] for column in one["columns"]] == list(listing.shown.__struct_fields__)
            assert [narrowing["name"] for narrowing in one["filters"]] == list(listing.filters)
            assert one["sorts"] == list(listing.sorts)


def test_a_description_says_kinds_and_words_in_the_readers_language(people: dict[str, Person]) -> None:
    def column(language: str, path: str, name: str) -> dict[str, Any]:
        centre = people["centre"]
        headers = {"accept-language": language, "authorization": f"Bearer {centre.token}"}
        answer = urllib3.request("GET", f"{centre.url}/console/lists", headers=headers)
        [described] = [one for one in answer.json() if one["path"] == path]
        [found] = [one for one in described["columns"] if one["name"] == name]
        return dict(found)

    meal = column("zh", "/settlement/payments", "meal")
    assert (meal["heading"], meal["kind"]) == ("餐次", "word")
    assert {"value": "lunch", "word": "午餐"} in meal["words"]
    assert {"value": "lunch", "word": "lunch"} in column("en", "/settlement/payments", "meal")["words"]
    kinds = {
        name: column("en", path, name)["kind"]
        for path, name in (
            ("/settlement/payments", "amount_fen"), ("/settlement/payments", "business_date"),
            ("/settlement/payments", "posted_at"), ("/settlement/shift-closings", "agrees"),
            ("/dining/dishes", "allergens"), ("/registry/canteens", "capacity"),
        )
    }  # fmt: skip
    assert kinds == {
        "amount_fen": "money", "business_date": "day", "posted_at": "time", "agrees": "yes_no", "allergens": "words",
        "capacity": "number",
    }  # fmt: skip


def test_a_task_counts_the_rows_that_it_leads_to(people: dict[str, Person]) -> None:
    waiting = set()
    for login, person in people.items():
        tasks = person.call("GET", "/console/tasks")
        for task in tasks:
            found = rows(
                person, task["path"], **{name: json.dumps(value).strip('"') for name, value in task["filters"].items()}
            )
            assert task["count"] == len(found), (login, task)
            waiting |= {task["name"]} if found else set()
    assert {"enrolments", "flags", "cases", "disputes_to_answer"} <= waiting
    assert people["lists-auditor"].call("GET", "/console/tasks") == [], "who only reads has nothing to do"


def test_a_search_finds_numbers_days_names_and_receipts(people: dict[str, Person], network: Network) -> None:
    def found(login: str, words: str) -> dict[str, Rows]:
        answer = ask(people[login], "/console/search", words=words)
        assert answer.status == 200, answer.data
        return {one["path"]: one["rows"] for one in answer.json()}

    canteen = network.canteen_id("yuyao")
    [shown] = found("centre", str(canteen))["/registry/canteens"]
    assert shown["canteen_id"] == canteen
    assert "/registry/agencies" in found("supervisor", "余姚")
    payment = rows(people["centre"], "/settlement/payments")[0]
    assert payment in found("centre", payment["posting_id"])["/settlement/payments"]
    assert found("supervisor", payment["posting_id"]) == {}, "a supervisor sees no payments"
    cycle = rows(people["centre"], "/clearing/cycles")[0]
    assert found("centre", cycle["business_date"])["/clearing/cycles"] == [cycle]
    mine, other = (network.canteen_id(agency) for agency in ("yinzhou", "yuyao"))
    sheets = {row["canteen_id"]: row["sheet_id"] for row in rows(people["centre"], "/console/sheets")}
    assert "/console/sheets" in found("kitchen-yinzhou", str(sheets[mine]))
    assert "/console/sheets" not in found("kitchen-yinzhou", str(sheets[other])), "another agency's"
    for words in ("没有这样的名字", "9" * 19, "9" * 30, "0000-99-99", "%", "' OR 1=1", "2026-02-30"):
        found("centre", words)
    assert ask(people["centre"], "/console/search").status == 400
    assert ask(people["centre"], "/console/search", words="\0").status in (200, 400)
    assert found("centre", "   ") == {}


def test_everybody_signed_in_is_told_release_and_keys(people: dict[str, Person], network: Network) -> None:
    told = people["lists-auditor"].call("GET", "/console/about")
    assert told["version"]
    assert len(bytes.fromhex(told["public_keys"][0])) == 32
    for path in ("about", "lists", "tasks", "search?words=1"):
        assert urllib3.request("GET", f"{network.url}/console/{path}").status == 401
