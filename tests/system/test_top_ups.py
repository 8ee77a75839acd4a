"""Topping up on the phone: the gateway's word comes at once, twice, late, never, or from somebody else."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pytest
import urllib3

from demo.simulated_gateway import LATE_S, SimulatedGateway, transaction
from foundation.postgres import open_pool
from onecard.demo_server import with_simulated_gateway
from onecard.payment_gateway import open_gateway
from settlement.gateway import OrderState
from settlement.online_top_ups import ORDER_LIFE, settle_unheard
from settlement.schemas import TopUpOrder
from terminals.client_messages import Rejected
from terminals.devices import SoftwarePhone
from terminals.phone import ask_account, ask_top_up
from tests.builders import Network, Official
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def payer(network: Network) -> tuple[Official, SoftwarePhone]:
    official = network.official(cash_fen=0)
    return official, network.phone(official)


def pay(order: TopUpOrder, behaviour: str = "normal") -> str:
    """Press the button on the gateway's page."""
    assert order.pay_url is not None
    answer = urllib3.request("POST", order.pay_url, body=urlencode({"behaviour": behaviour}), timeout=10)
    assert answer.status == 200
    return answer.data.decode()


def settle(network: Network, *, later: timedelta) -> dict[OrderState, int]:
    """What the job runner does every minute, at a later time."""

    async def run() -> dict[OrderState, int]:
        settings = network.system.settings.model_copy(
            update={"gateway": "simulated", "database_url": network.system.database_url}
        )
        pool = await open_pool(network.system.database_url, size=2)
        async with open_gateway(with_simulated_gateway(settings)) as gateway:
            assert gateway is not None
            came_to = await settle_unheard(pool, gateway, datetime.now(UTC) + later)
        await pool.close()
        return came_to

    return asyncio.run(run())


@pytest.mark.parametrize("behaviour", ["normal", "doubled"])
def test_money_paid_on_the_phone_is_in_the_purse(
    network: Network, payer: tuple[Official, SoftwarePhone], behaviour: str
) -> None:
    official, phone = payer
    before = network.purses(official)[0]
    order_id = uuid4()
    order = ask_top_up(network.url, phone, order_id, 5_000)
    assert (order.state, order.amount_fen) == ("open", 5_000)
    assert ask_top_up(network.url, phone, order_id, 5_000) == order, "a repeat opens nothing more"
    assert "已支付" in pay(order, behaviour)
    wait_until(lambda: network.purses(official)[0] == before + 5_000)
    wait_until(lambda: ask_top_up(network.url, phone, order_id, 5_000).state == "paid")
    time.sleep(0.6 if behaviour == "doubled" else 0)
    pay(order)
    assert network.purses(official)[0] == before + 5_000


def test_a_suspended_official_opens_no_order(network: Network) -> None:
    official = network.official(cash_fen=0)
    phone, earlier, reason = network.phone(official), uuid4(), {"reason": "a test"}
    ask_top_up(network.url, phone, earlier, 5_000)
    network.centre.call("POST", f"/registry/officials/{official.holder_id}/suspension", reason)
    with pytest.raises(Rejected) as refused:
        ask_top_up(network.url, phone, uuid4(), 5_000)
    assert (refused.value.status, refused.value.slug) == (409, "account-closed")
    known = ask_top_up(network.url, phone, earlier, 5_000)
    assert (known.state, known.pay_url) == ("open", None), "nothing leads to a payment"
    assert ask_account(network.url, phone).payments == []
    network.approver.call("POST", f"/registry/officials/{official.holder_id}/resumption", reason)
    assert ask_top_up(network.url, phone, earlier, 5_000).pay_url is not None


def test_a_late_notification_counts(network: Network, payer: tuple[Official, SoftwarePhone]) -> None:
    """The order had been given up meanwhile; the payer's money counts all the same."""
    official, phone = payer
    before = network.purses(official)[0]
    order_id = uuid4()
    order = ask_top_up(network.url, phone, order_id, 700)
    pay(order, "late")
    give_up(network, order_id)
    assert ask_top_up(network.url, phone, order_id, 700).state == "expired"
    wait_until(lambda: network.purses(official)[0] == before + 700, within_s=LATE_S + 10)
    wait_until(lambda: ask_top_up(network.url, phone, order_id, 700).state == "paid")


def give_up(network: Network, order_id: Any) -> None:
    async def run() -> None:
        pool = await open_pool(network.system.database_url, size=2)
        await pool.execute("UPDATE gateway_order SET state = 'expired' WHERE order_id = $1", order_id)
        await pool.close()

    asyncio.run(run())


def test_a_lost_notification_is_asked_for(network: Network, payer: tuple[Official, SoftwarePhone]) -> None:
    official, phone = payer
    before = network.purses(official)[0]
    pay(ask_top_up(network.url, phone, uuid4(), 800), "lost")
    settle(network, later=timedelta(minutes=2))
    assert network.purses(official)[0] == before + 800
    settle(network, later=timedelta(minutes=2))
    assert network.purses(official)[0] == before + 800


def test_nobody_can_pay_an_order_that_was_given_up(network: Network, payer: tuple[Official, SoftwarePhone]) -> None:
    official, phone = payer
    before = network.purses(official)[0]
    order_id = uuid4()
    order = ask_top_up(network.url, phone, order_id, 900)
    assert settle(network, later=ORDER_LIFE + timedelta(seconds=1))[OrderState.EXPIRED] >= 1
    assert "已关闭" in pay(order)
    after = ask_top_up(network.url, phone, order_id, 900)
    assert (after.state, after.pay_url) == ("expired", None)
    assert network.purses(official)[0] == before


def test_who_has_left_gets_his_money_back_from_the_gateway(network: Network) -> None:
    official = network.official(cash_fen=0)
    phone = network.phone(official)
    order = ask_top_up(network.url, phone, uuid4(), 1_000)
    network.centre.call("POST", "/console/closures", {"posting_id": str(uuid4()), "holder_id": official.holder_id})
    pay(order, "lost")
    assert settle(network, later=timedelta(minutes=2))[OrderState.RETURNED] == 1
    assert network.purses(official) == (0, 0)


def test_an_order_keeps_its_amount_and_its_phone(network: Network, payer: tuple[Official, SoftwarePhone]) -> None:
    _, phone = payer
    order_id = uuid4()
    ask_top_up(network.url, phone, order_id, 100)
    with pytest.raises(Rejected) as refused:
        ask_top_up(network.url, phone, order_id, 200)
    assert refused.value.slug == "other-content"
    stranger = network.phone(network.official(cash_fen=0))
    assert ask_top_up(network.url, stranger, order_id, 200).state == "open", "numbers are each phone's own"
    with pytest.raises(Rejected) as refused:
        ask_top_up(network.url, SoftwarePhone(stranger.key, phone.certificate), uuid4(), 200)
    assert refused.value.slug == "bad-signature"


def test_a_phone_opens_a_few_orders_at_most(network: Network) -> None:
    phone = network.phone(network.official(cash_fen=0))
    for _ in range(5):
        ask_top_up(network.url, phone, uuid4(), 100)
    with pytest.raises(Rejected) as refused:
        ask_top_up(network.url, phone, uuid4(), 100)
    assert refused.value.slug == "too-many-tries"


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("nothing signed", {}),
        ("not a time", {"wechatpay-timestamp": "now", "wechatpay-signature": "AAAA"}),
        ("long ago", {"wechatpay-timestamp": "1700000000", "wechatpay-signature": "AAAA"}),
        ("another's signature", {"wechatpay-timestamp": "", "wechatpay-signature": "A" * 344}),
    ],
)
def test_nobody_else_is_the_gateway(network: Network, case: str, fields: dict[str, str]) -> None:
    if fields.get("wechatpay-timestamp") == "":
        fields = fields | {"wechatpay-timestamp": str(int(time.time())), "wechatpay-nonce": "n"}
    body = json.dumps({"event_type": "TRANSACTION.SUCCESS", "resource": {"ciphertext": "", "nonce": "0" * 12}})
    headers = fields | {"content-type": "application/json"}
    answer = urllib3.request("POST", f"{network.url}/gateway/notifications", body=body, headers=headers)
    assert (answer.status, answer.json()["type"]) == (401, "/problems/not-genuine")


def test_the_simulated_gateway_serves_its_merchant_alone(network: Network) -> None:
    for method, path in [
        ("POST", "v3/pay/transactions/h5"),
        ("GET", "v3/pay/transactions/out-trade-no/1"),
        ("POST", "v3/pay/transactions/out-trade-no/1/close"),
        ("POST", "v3/refund/domestic/refunds"),
    ]:
        body = b"{}" if method == "POST" else None
        assert urllib3.request(method, f"{network.url}/simulated-gateway/{path}", body=body).status == 401
    assert urllib3.request("GET", f"{network.url}/simulated-gateway/pay/1").status == 404


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"mchid": "1900000999"}, 400),
        ({"appid": "wx-another-application"}, 400),
        ({"amount": {"total": 600, "currency": "USD"}}, 400),
        ({"amount": {"total": 601, "currency": "CNY"}}, 400),
        ({"out_trade_no": "0" * 32}, 404),
        ({"trade_state": "REFUND"}, 200),
    ],
)
def test_a_notification_of_another_payment_credits_nothing(
    network: Network, payer: tuple[Official, SoftwarePhone], wrong: dict[str, Any], status: int
) -> None:
    """Although the gateway signed it. Money that fits no order is recorded, once."""
    official, phone = payer
    before = network.purses(official)[0]
    order_id, said = uuid4(), {"transaction_id": uuid4().hex, "trade_state": "SUCCESS"}
    order = ask_top_up(network.url, phone, order_id, 600)
    assert order.pay_url is not None
    gateway = SimulatedGateway(network.system.folder, network.system.folder / "keys" / "gateway")
    stored = gateway.find(order.pay_url.rsplit("/", 1)[1])
    assert stored is not None
    for _ in range(2):
        body, fields = gateway.notification(transaction(stored) | said | wrong)
        answer = urllib3.request("POST", f"{network.url}/gateway/notifications", body=body, headers=fields)
        assert answer.status == status, answer.data
    assert (network.purses(official)[0], ask_top_up(network.url, phone, order_id, 600).state) == (before, "open")
    with psycopg.connect(network.system.database_url) as db:
        query = "SELECT count(*) FROM audit_entry WHERE action = 'refuse_payment' AND detail->>'reference' = %s"
        assert db.execute(query, (said["transaction_id"],)).fetchone() == (0 if status == 200 else 1,)
    give_up(network, order_id)
