"""Meal subsidies from a payroll's file."""

import asyncio
import secrets
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
import urllib3

from foundation.catalogue import Language
from foundation.postgres import open_pool
from foundation.problems import Problem
from foundation.table_files import WrongFile
from registry.identifiers import HolderId
from settlement.deposits import Deposit, deposit
from settlement.grant_files import GrantRow, read_grants
from settlement.transfers import Channel, TransferKind
from tests.builders import Network
from tests.counter import NINGBO


@pytest.mark.parametrize(
    ("case", "data"),
    [
        ("plain", b"staff_number,amount\nNB-1,300\nNB-2,12.5\n"),
        ("as a spreadsheet saves it", "\ufeff工号,金额\r\nNB-1,300.00\r\nNB-2,12.50\r\n".encode()),
        ("as an older one saves it", "工号,金额\r\nNB-1,300\r\nNB-2,12.50\r\n".encode("gb18030")),
        ("quoted, spaced, with an empty line", b'staff_number,amount\n"NB-1", 300 \n\nNB-2,12.50'),
    ],
)
def test_files_as_they_come(case: str, data: bytes) -> None:
    first, second = read_grants(data)
    assert (first.staff_number, first.amount_fen) == ("NB-1", 30_000), case
    assert (second.staff_number, second.amount_fen) == ("NB-2", 1_250), case


def test_every_wrong_row_is_named() -> None:
    data = b"staff_number,amount\nNB-1,12.345\nNB-2,-5\nNB-3\nNB-4,0\n,7\nNB-5,1\nNB-6,1e3\nNB-7,10001\n"
    with pytest.raises(Problem) as caught:
        read_grants(data)
    for line in (2, 3, 4, 5, 6, 8, 9):
        assert f"line {line}, " in caught.value.detail(Language.ENGLISH)
        assert f"第{line}行" in caught.value.detail(Language.CHINESE)
    assert "line 7, " not in caught.value.detail(Language.ENGLISH)


def test_a_staff_number_that_stands_twice_is_told_with_its_first_line() -> None:
    with pytest.raises(WrongFile) as caught:
        read_grants(b"staff_number,amount\nNB-5,1\nNB-6,1\nNB-5,2\n")
    [finding] = caught.value.findings
    assert (finding.line, finding.params["first"]) == (4, 2)


def test_columns_and_amounts_as_our_pages_print_them() -> None:
    rows = read_grants('金额（元）,工号\n"1,000.00",A\n¥12.5,B\n300元,C\n'.encode())
    assert [row.amount_fen for row in rows] == [100_000, 1_250, 30_000]
    assert [row.staff_number for row in rows] == ["A", "B", "C"]
    for header, code in (
        ("工号,金额,备注", "unknown_column"),
        ("工号,金额,amount", "column_twice"),
        ("工号", "missing_column"),
    ):
        with pytest.raises(WrongFile) as caught:
            read_grants(f"{header}\nA,1,x\n".encode())
        assert code in [finding.code.rpartition(".")[2] for finding in caught.value.findings]


@pytest.mark.parametrize("data", [b"", b"name,sum\na,1\n", b"staff_number,amount\n", b"\x00\x00", b"\xff\xfe\x81"])
def test_what_is_no_such_file(data: bytes) -> None:
    with pytest.raises(Problem):
        read_grants(data)


def test_one_row_is_a_file() -> None:
    assert read_grants(b"staff_number,amount\nA,0.01") == [GrantRow(2, "A", 1)]


def test_a_file_grants_once_or_not_at_all(network: Network) -> None:
    run = secrets.token_hex(4)
    people = [{"name": f"员工 {i}", "staff_number": f"{run}-{i}"} for i in range(3)]
    agency_id = network.agency_id("yinzhou")
    message = {"agency_id": agency_id, "officials": people}
    holders = network.centre.call("POST", "/registry/officials", message)["holder_ids"]
    finance = network.person("finance-yinzhou")

    def send(text: str, batch: str = run, agency: int = agency_id, again: str = "") -> tuple[int, dict[str, object]]:
        headers = {"authorization": f"Bearer {finance.token}", "content-type": "text/csv"}
        url = f"{network.url}/settlement/grants/{agency}/{batch}{again and '?again='}{again}"
        answer = urllib3.request("POST", url, body=text.encode(), headers=headers, retries=False)
        return answer.status, answer.json()

    rows = "".join(f"{run}-{i},{100 + i}\n" for i in range(3))
    status, problem = send(f"staff_number,amount\n{rows}{run}-9,5\n")
    assert (status, f"第5行“工号”：未找到工号{run}-9" in str(problem["detail"])) == (400, True), problem
    assert send(f"staff_number,amount\n{rows}") == (201, {"deposits": 3, "amount_fen": 30_300})
    assert send(f"staff_number,amount\n{rows}")[0] == 201, "again"
    held = [network.centre.call("GET", f"/settlement/purses/{holder}")["subsidy_fen"] for holder in holders]
    assert held == [10_000, 10_100, 10_200], "once"
    status, problem = send(f"工号,金额\n{rows}", batch=f"{run}-b")
    assert (status, problem["type"], f"批次{run}发放" in str(problem["detail"])) == (
        409,
        "/problems/granted-before",
        True,
    )
    assert send(f"工号,金额\n{rows}", batch=f"{run}-b", again="%00")[0] == 400
    assert send(f"工号,金额\n{rows}", batch=f"{run}-b", again="x" * 201)[0] == 400
    assert send(f"工号,金额\n{rows}", batch=f"{run}-b", again="%E4%B8%8B%E6%9C%88")[0] == 201
    assert network.centre.call("GET", f"/settlement/purses/{holders[0]}")["subsidy_fen"] == 20_000
    assert send(f"staff_number,amount\n{run}-0,7\n")[0] == 422, "the same batch with another amount"
    assert send("staff_number,amount\nA,7\n", agency=network.agency_id("city"))[0] == 403
    assert send("staff_number,amount\nA,7\n", batch="a%20b")[0] == 400


def _public_number(agency_id: int, batch: str, staff_number: str) -> UUID:
    """The number that earlier releases gave a row: anybody can compute it."""
    return uuid5(NAMESPACE_URL, f"onecard:grant/{agency_id}/{batch}/{staff_number}")


def _grant(network: Network, batch: str, staff_number: str, yuan: int) -> int:
    finance, agency_id = network.person("finance-yinzhou"), network.agency_id("yinzhou")
    headers = {"authorization": f"Bearer {finance.token}", "content-type": "text/csv"}
    url = f"{network.url}/settlement/grants/{agency_id}/{batch}"
    body = f"staff_number,amount\n{staff_number},{yuan}\n".encode()
    return urllib3.request("POST", url, body=body, headers=headers, retries=False).status


def _official(network: Network, staff_number: str) -> int:
    message = {
        "agency_id": network.agency_id("yinzhou"),
        "officials": [{"name": "王小明", "staff_number": staff_number}],
    }
    [holder_id] = network.centre.call("POST", "/registry/officials", message)["holder_ids"]
    return int(holder_id)


def test_another_agency_cannot_bar_a_file_with_a_posting_of_its_own(network: Network) -> None:
    run = secrets.token_hex(4)
    holder = _official(network, run)
    stranger = network.official("yuyao", cash_fen=0)
    number = str(_public_number(network.agency_id("yinzhou"), run, run))
    message = {
        "agency_id": stranger.agency_id,
        "deposits": [{"posting_id": number, "holder_id": stranger.holder_id, "amount_fen": 1}],
    }
    network.person("finance-yuyao").call("POST", "/settlement/grants", message)
    assert _grant(network, run, run, 5) == 201
    assert network.centre.call("GET", f"/settlement/purses/{holder}")["subsidy_fen"] == 500


def test_a_file_that_an_earlier_release_granted_is_not_granted_again(network: Network) -> None:
    run = secrets.token_hex(4)
    holder = _official(network, run)
    row = Deposit(_public_number(network.agency_id("yinzhou"), run, run), HolderId(holder), 500)

    async def as_before() -> None:
        pool = await open_pool(network.system.database_url, size=1)
        await deposit(pool, NINGBO, TransferKind.GRANT, [row], channel=Channel.FILE)
        await pool.close()

    asyncio.run(as_before())
    assert _grant(network, run, run, 5) == 201
    assert network.centre.call("GET", f"/settlement/purses/{holder}")["subsidy_fen"] == 500
    assert _grant(network, run, run, 6) == 422, "the same batch with another amount"
