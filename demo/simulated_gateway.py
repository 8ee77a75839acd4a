"""A simulated payment gateway: it speaks WeChat Pay's APIv3 and charges nobody.

It behaves like the real one: the merchant signs requests, the platform signs answers, the payer pays on the gateway's
own page, and notifications are asynchronous and repeated until they are acknowledged. On the page one can choose that
they come twice, late or never. Orders are kept in an SQLite file and survive a restart.

It runs with the setting ``gateway=simulated`` only.
"""

import asyncio
import base64
import re
import secrets
import sqlite3
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from litestar import Request, Response, Router, get, post
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from msgspec import DecodeError, json

from foundation import catalogue
from foundation.catalogue import Language
from foundation.money import yuan
from foundation.pages import language_of_page, page_file, page_response, render
from settlement.wechat_pay import SCHEME, Merchant, load_merchant, sign, verify

log = structlog.get_logger()

PATH = "/simulated-gateway"
MERCHANT, APP = "1900000001", "wxsimulated"
RETRIES_S = (0.2, 1, 2, 5, 15, 30, 180, 600)
"""Seconds before each attempt to send a notification, until it is acknowledged."""
LATE_S = 3.0
BEHAVIOURS = {"normal": (0.0,), "doubled": (0.0, 0.1), "late": (LATE_S,), "lost": ()}
"""Behaviour -> seconds after the payment at which each of its notifications starts."""

PAGE = page_file("gateway/pay.html")
_AUTHORIZATION = re.compile(
    SCHEME + r' mchid="(\d+)",nonce_str="(\w+)",signature="([\w+/=]+)",timestamp="(\d{1,12})",serial_no="\w+"'
)


def create_missing_gateway_keys(folder: Path) -> None:
    """Create the keys of merchant and platform once, readable by their owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / "api_v3_key").exists():
        return
    for name in ("merchant", "platform_private"):
        key = generate_private_key(65537, 2048)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(folder / f"{name}.pem", private)
        if name == "platform_private":
            public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            _write(folder / "platform.pem", public)
    _write(folder / "api_v3_key", secrets.token_hex(16).encode())


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


class SimulatedGateway:
    """The gateway's own side: its orders and its keys."""

    def __init__(self, data_dir: Path, keys_folder: Path) -> None:
        self._file = data_dir / "simulated-gateway.sqlite"
        self.merchant: Merchant = load_merchant(keys_folder, MERCHANT, APP)
        key = load_pem_private_key((keys_folder / "platform_private.pem").read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        self._key = key
        self._sending: set[asyncio.Task[None]] = set()
        with closing(self._open()) as db, db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS orders (number TEXT PRIMARY KEY, amount_fen INTEGER, notify_url TEXT,"
                " expires_at REAL, state TEXT, reference TEXT, paid_at REAL, refund TEXT)"
            )

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, timeout=5)
        db.row_factory = sqlite3.Row
        return db

    def find(self, number: str) -> sqlite3.Row | None:
        """An order."""
        with closing(self._open()) as db:
            found: sqlite3.Row | None = db.execute("SELECT * FROM orders WHERE number = ?", (number,)).fetchone()
            return found

    def change(self, statement: str, *values: Any) -> bool:
        """Run one statement; whether it changed anything."""
        with closing(self._open()) as db, db:
            return db.execute(statement, values).rowcount == 1

    def is_from_merchant(self, request: Request[Any, Any, Any], body: bytes) -> bool:
        """Whether the merchant signed the request, within five minutes."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if found is None or found[1] != MERCHANT or abs(int(found[4]) - time.time()) > 300:
            return False
        query = f"?{request.url.query}" if request.url.query else ""
        parts = (request.method, request.url.path + query, found[4], found[2], body.decode(errors="replace"))
        return verify(self.merchant.signing_key.public_key(), found[3], *parts)

    def signed(self, content: Any, status: int = 200) -> Response[bytes]:
        """An answer with the platform's signature."""
        body = b"" if content is None else json.encode(content)
        return Response(body, status_code=status, media_type=MediaType.JSON, headers=self._signature(body))

    def _signature(self, body: bytes) -> dict[str, str]:
        at, nonce = str(int(time.time())), secrets.token_hex(16)
        return {
            "wechatpay-timestamp": at,
            "wechatpay-nonce": nonce,
            "wechatpay-signature": sign(self._key, at, nonce, body.decode()),
            "wechatpay-serial": "SIMULATED",
        }

    def notify(self, number: str, behaviour: str) -> None:
        """Notify the merchant in the background that an order was paid."""
        for begins_after_s in BEHAVIOURS[behaviour]:
            task = asyncio.create_task(self._notify(number, begins_after_s))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _notify(self, number: str, begins_after_s: float) -> None:
        await asyncio.sleep(begins_after_s)
        order = self.find(number)
        assert order is not None
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
            for wait_s in RETRIES_S:
                await asyncio.sleep(wait_s)
                body, fields = self.notification(transaction(order))
                try:
                    answer = await http.post(order["notify_url"], content=body, headers=fields)
                except httpx.HTTPError:
                    continue
                if answer.is_success:
                    return
        log.warning("simulated_gateway_gives_up", number=number)

    def notification(self, content: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """The body and the signed headers of a notification of a paid transaction."""
        nonce = secrets.token_hex(6)
        sealed = AESGCM(self.merchant.api_key).encrypt(nonce.encode(), json.encode(content), b"transaction")
        message = {
            "id": secrets.token_hex(16),
            "event_type": "TRANSACTION.SUCCESS",
            "resource_type": "encrypt-resource",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "transaction",
                "nonce": nonce,
                "original_type": "transaction",
            },
        }
        body = json.encode(message)
        return body, self._signature(body) | {"content-type": "application/json"}


def transaction(order: sqlite3.Row) -> dict[str, Any]:
    """An order in the gateway's JSON form."""
    return {
        "appid": APP,
        "mchid": MERCHANT,
        "out_trade_no": order["number"],
        "trade_state": order["state"],
        "transaction_id": order["reference"],
        "amount": {"total": order["amount_fen"], "currency": "CNY"},
    }


NOT_SIGNED = {"code": "SIGN_ERROR", "message": "the signature is not the merchant's"}
UNKNOWN_ORDER = {"code": "ORDER_NOT_EXIST", "message": "no such order"}


def create_simulated_gateway(gateway: SimulatedGateway) -> Router:
    """The gateway's routes, below ``PATH``."""
    handlers = [*_orders(gateway), *_refunds(gateway), *_pages(gateway)]
    return Router(PATH, route_handlers=handlers, include_in_schema=False)


def _orders(gateway: SimulatedGateway) -> list[HTTPRouteHandler]:
    """Routes of the merchant: create, query and close an order."""

    @post("/v3/pay/transactions/h5")
    async def create(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = await request.body()
        if not gateway.is_from_merchant(request, body):
            return gateway.signed(NOT_SIGNED, 401)
        try:
            asked = json.decode(body)
            number, amount_fen = asked["out_trade_no"], asked["amount"]["total"]
            expires_at = datetime.fromisoformat(asked["time_expire"]).timestamp()
            values = (number, amount_fen, asked["notify_url"], expires_at)
        except (DecodeError, KeyError, TypeError, ValueError):
            return gateway.signed({"code": "PARAM_ERROR", "message": "a member is missing or wrong"}, 400)
        gateway.change("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?, 'NOTPAY', NULL, NULL, NULL)", *values)
        order = gateway.find(number)
        assert order is not None
        if order["amount_fen"] != amount_fen:
            return gateway.signed({"code": "INVALID_REQUEST", "message": "the order is over another amount"}, 400)
        return gateway.signed({"h5_url": f"{request.base_url}{PATH[1:]}/pay/{number}"})

    @get("/v3/pay/transactions/out-trade-no/{number:str}")
    async def query(request: Request[Any, Any, Any], number: str) -> Response[bytes]:
        if not gateway.is_from_merchant(request, b""):
            return gateway.signed(NOT_SIGNED, 401)
        order = gateway.find(number)
        return gateway.signed(UNKNOWN_ORDER, 404) if order is None else gateway.signed(transaction(order))

    @post("/v3/pay/transactions/out-trade-no/{number:str}/close")
    async def close(request: Request[Any, Any, Any], number: str) -> Response[bytes]:
        if not gateway.is_from_merchant(request, await request.body()):
            return gateway.signed(NOT_SIGNED, 401)
        if gateway.change("UPDATE orders SET state = 'CLOSED' WHERE number = ? AND state <> 'SUCCESS'", number):
            return gateway.signed(None, 204)
        if gateway.find(number) is None:
            return gateway.signed(UNKNOWN_ORDER, 404)
        return gateway.signed({"code": "ORDERPAID", "message": "the order was paid"}, 400)

    return [create, query, close]


def _refunds(gateway: SimulatedGateway) -> list[HTTPRouteHandler]:
    """Route of the merchant: refund an order."""

    @post("/v3/refund/domestic/refunds")
    async def give_back(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = await request.body()
        if not gateway.is_from_merchant(request, body):
            return gateway.signed(NOT_SIGNED, 401)
        asked = json.decode(body)
        number = asked["out_trade_no"]
        gateway.change(
            "UPDATE orders SET refund = ? WHERE number = ? AND state = 'SUCCESS' AND refund IS NULL",
            asked["out_refund_no"],
            number,
        )
        order = gateway.find(number)
        if order is None or order["refund"] != asked["out_refund_no"]:
            return gateway.signed({"code": "NOT_ENOUGH", "message": "nothing is left to refund"}, 403)
        return gateway.signed({"status": "SUCCESS", "out_refund_no": order["refund"]})

    return [give_back]


def _pages(gateway: SimulatedGateway) -> list[HTTPRouteHandler]:
    """Routes of the payer: the page, and its button."""

    @get("/pay/{number:str}", media_type=MediaType.HTML)
    async def page(request: Request[Any, Any, Any], number: str) -> Response[str]:
        order, language = gateway.find(number), language_of_page(request)
        return no_order(language) if order is None else page_response(pay_page(order, language), language)

    @post("/pay/{number:str}", media_type=MediaType.HTML, status_code=200)
    async def pay(request: Request[Any, Any, Any], number: str) -> Response[str]:
        [behaviour] = parse_qs((await request.body()).decode(errors="replace")).get("behaviour", ["normal"])[:1]
        paid = gateway.change(
            "UPDATE orders SET state = 'SUCCESS', reference = ?, paid_at = ?"
            " WHERE number = ? AND state = 'NOTPAY' AND expires_at > ?",
            f"SIM{secrets.token_hex(12)}",
            time.time(),
            number,
            time.time(),
        )
        order, language = gateway.find(number), language_of_page(request)
        if order is None or behaviour not in BEHAVIOURS:
            return no_order(language)
        if paid:
            gateway.notify(number, behaviour)
        return page_response(pay_page(order, language), language)

    return [page, pay]


def no_order(language: Language) -> Response[str]:
    """The answer for a number without an order."""
    return Response(catalogue.text("demo.pay.no_order", language), status_code=404, media_type=MediaType.TEXT)


def pay_page(order: sqlite3.Row, language: Language) -> str:
    """The page where the payer pays, or sees that the order is paid."""
    is_open = order["state"] == "NOTPAY" and order["expires_at"] > time.time()
    states = {"SUCCESS": "paid", "NOTPAY": "open" if is_open else "expired", "CLOSED": "closed"}
    return render(
        PAGE,
        language,
        amount=yuan(order["amount_fen"]),
        number=order["number"],
        state=catalogue.text(f"demo.pay.{states[order['state']]}", language),
        hidden="" if is_open else "hidden",
    )
