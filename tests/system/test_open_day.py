"""Charts of the open day, the live stream of one canteen, and what agencies owe each other when it is closed."""

import json
from collections import Counter
from pathlib import Path

import urllib3

from tests.builders import Network


def first_event(url: str) -> list[dict[str, int]]:
    """The first totals of a live stream."""
    answer = urllib3.request("GET", url, preload_content=False)
    try:
        for line in answer:
            if line.startswith(b"data:"):
                totals: list[dict[str, int]] = json.loads(line.removeprefix(b"data:"))
                return totals
    finally:
        answer.close()
    raise AssertionError("no event")


def test_the_open_days_charts_tell_the_same_meals_and_name_nobody(network: Network, scratch: Path) -> None:
    canteen_id = network.canteen_id("yinzhou")
    guest, poor = network.official("yuyao", cash_fen=5_000), network.official("yuyao", cash_fen=0)
    terminal = network.terminal(scratch)
    assert terminal.charge_card(network.card(guest), "lunch").receipt is not None
    assert terminal.charge_card(network.card(poor), "lunch").receipt is None
    kitchen = network.person("kitchen-yinzhou")

    def rows(name: str) -> list[dict[str, object]]:
        chart = kitchen.call("GET", f"/waste/charts/{name}?canteen_id={canteen_id}")
        assert "holder" not in json.dumps(chart["columns"])
        return [dict(zip(chart["columns"], row, strict=True)) for row in chart["rows"]]

    sold = {str(row["terminal_id"]): row["sold"] for row in rows("counters")}
    assert sold[str(terminal.identity.terminal_id)] == 1
    by_minute = sum(int(str(row["sold"] or 0)) for row in rows("minutes"))
    assert by_minute == sum(int(str(count)) for count in sold.values())
    assert "insufficient_funds" in {row["refusal"] for row in rows("refusals")}
    other = network.person("kitchen-yuyao").ask("GET", f"/waste/charts/minutes?canteen_id={canteen_id}")
    assert other.status == 404


def test_a_live_stream_can_be_of_one_canteen(network: Network) -> None:
    canteen_id = network.canteen_id("yuyao")
    assert [one["canteen_id"] for one in first_event(f"{network.url}/live?canteen_id={canteen_id}")] == [canteen_id]
    assert first_event(f"{network.url}/live?canteen_id=1") == []
    assert len(first_event(f"{network.url}/live")) > 1


def test_obligations_before_netting_give_the_positions(network: Network, scratch: Path) -> None:
    guest = network.official("yuyao", cash_fen=5_000)
    assert network.terminal(scratch).charge_card(network.card(guest), "lunch").receipt is not None
    day = max(str(day["business_date"]) for day in network.centre.call("GET", "/clearing/open-days"))
    network.close_day(day)
    net: Counter[int] = Counter()
    for owed in network.centre.call("GET", f"/clearing/cycles/{day}/obligations"):
        net[owed["acquirer_id"]] += owed["amount_fen"]
        net[owed["issuer_id"]] -= owed["amount_fen"]
    positions = network.centre.call("GET", f"/clearing/cycles/{day}")["positions"]
    assert {one["agency_id"]: one["position_fen"] for one in positions if one["position_fen"]} == {
        agency: fen for agency, fen in net.items() if fen
    }
    yuyao = network.agency_id("yuyao")
    own = network.person("finance-yuyao").call("GET", f"/clearing/cycles/{day}/obligations")
    assert own
    assert all(yuyao in (one["issuer_id"], one["acquirer_id"]) for one in own)
