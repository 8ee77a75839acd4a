"""Client of WeChat Pay APIv3: the real gateway and the simulated one of ``onecard run``.

* Requests are signed by the merchant: RSA PKCS#1 v1.5 with SHA-256 over ``method, path, time, nonce, body``, each with
  a line feed after it, in the header ``Authorization: WECHATPAY2-SHA256-RSA2048 ...``.
* Answers and notifications are signed by the platform over ``time, nonce, body``, in the headers ``Wechatpay-*``.
* The resource of a notification is encrypted with AES-256-GCM under the merchant's APIv3 key.

Source: the merchant documentation of WeChat Pay APIv3 (signatures, H5 orders, notifications, refunds).
"""

import base64
import binascii
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from msgspec import DecodeError, json

from settlement.gateway import AlreadyPaid, GatewayAway, GatewayOrder, NotTheGateway, Paid

SCHEME = "WECHATPAY2-SHA256-RSA2048"
CURRENCY = "CNY"
CLOCKS_DIFFER_S = 300
ANSWERS_WITHIN_S = 5.0

ORDERS = "/v3/pay/transactions/h5"
BY_NUMBER = "/v3/pay/transactions/out-trade-no/"
REFUNDS = "/v3/refund/domestic/refunds"


@dataclass(frozen=True, repr=False)
class Merchant:
    """The merchant's account at the gateway with its keys. The repr shows no key."""

    number: str
    app: str
    signing_key: RSAPrivateKey
    platform_key: RSAPublicKey
    api_key: bytes


def load_merchant(folder: Path, number: str, app: str) -> Merchant:
    """Read ``merchant.pem``, ``platform.pem`` (public) and ``api_v3_key`` (32 characters).

    Raises FileNotFoundError or ValueError that name the file.
    """
    signing_key = load_pem_private_key((folder / "merchant.pem").read_bytes(), None)
    platform_key = load_pem_public_key((folder / "platform.pem").read_bytes())
    api_key = (folder / "api_v3_key").read_bytes().strip()
    if not isinstance(signing_key, RSAPrivateKey) or not isinstance(platform_key, RSAPublicKey):
        raise ValueError(f"{folder}: merchant.pem and platform.pem hold RSA keys")
    if len(api_key) != 32:
        raise ValueError(f"{folder / 'api_v3_key'}: expected 32 characters, found {len(api_key)}")
    return Merchant(number, app, signing_key, platform_key, api_key)


def signed_text(*parts: str) -> bytes:
    """The signed text: every part followed by a line feed."""
    return "".join(f"{part}\n" for part in parts).encode()


def sign(key: RSAPrivateKey, *parts: str) -> str:
    """A signature in base64."""
    return base64.b64encode(key.sign(signed_text(*parts), PKCS1v15(), SHA256())).decode()


def verify(key: RSAPublicKey, signature: str, *parts: str) -> bool:
    """Whether the signature is valid under the key."""
    try:
        key.verify(base64.b64decode(signature, validate=True), signed_text(*parts), PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


class WechatPay:
    """The gateway's client. ``base_url`` is the gateway's; ``notify_url`` receives its notifications."""

    def __init__(self, merchant: Merchant, base_url: str, notify_url: str, http: httpx.AsyncClient) -> None:
        self._merchant = merchant
        self._base_url = base_url.rstrip("/")
        self._notify_url = notify_url
        self._http = http

    async def create(self, order: GatewayOrder) -> str:
        """Open an H5 order; returns the page for the payer's browser."""
        answer = await self._ask("POST", ORDERS, {
            "appid": self._merchant.app,
            "mchid": self._merchant.number,
            "description": order.description,
            "out_trade_no": order.number.hex,
            "time_expire": order.expires_at.isoformat(timespec="seconds"),
            "notify_url": self._notify_url,
            "amount": {"total": order.amount_fen, "currency": CURRENCY},
            "scene_info": {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}},
        })  # fmt: skip
        return _text(answer, "h5_url")

    async def query(self, number: UUID) -> Paid | None:
        """Query the order; one that the gateway does not know was not paid."""
        answer = await self._ask("GET", f"{BY_NUMBER}{number.hex}?mchid={self._merchant.number}", missing="NOTPAY")
        return _paid(answer)

    async def close(self, number: UUID) -> None:
        """Close the order."""
        path = f"{BY_NUMBER}{number.hex}/close"
        answer = await self._ask("POST", path, {"mchid": self._merchant.number}, missing="CLOSED")
        if answer.get("code") == "ORDERPAID":
            raise AlreadyPaid

    def is_ours(self, paid: Paid) -> bool:
        """Compare with the merchant's account."""
        return (paid.merchant, paid.app, paid.currency) == (self._merchant.number, self._merchant.app, CURRENCY)

    async def give_back(self, paid: Paid) -> None:
        """Refund the order under its own number, so that a repeat refunds nothing more."""
        amount = {"refund": paid.amount_fen, "total": paid.amount_fen, "currency": CURRENCY}
        await self._ask(
            "POST", REFUNDS, {"out_trade_no": paid.number.hex, "out_refund_no": paid.number.hex, "amount": amount}
        )

    def read_notification(self, fields: Mapping[str, str], body: bytes, now: float) -> Paid | None:
        """Check the platform's signature and age, then decrypt the resource."""
        self._must_be_the_platforms(fields, body, now)
        try:
            message = json.decode(body)
            if message["event_type"] != "TRANSACTION.SUCCESS":
                return None
            sealed = message["resource"]
            opened = AESGCM(self._merchant.api_key).decrypt(
                sealed["nonce"].encode(),
                base64.b64decode(sealed["ciphertext"], validate=True),
                sealed["associated_data"].encode(),
            )
            return _paid(json.decode(opened))
        except (DecodeError, KeyError, TypeError, AttributeError, ValueError, InvalidTag, GatewayAway):
            raise NotTheGateway("gateway.unreadable") from None

    def _must_be_the_platforms(self, fields: Mapping[str, str], body: bytes, now: float) -> None:
        at, nonce = fields.get("wechatpay-timestamp", ""), fields.get("wechatpay-nonce", "")
        signature = fields.get("wechatpay-signature", "")
        if not (at.isascii() and at.isdigit() and len(at) <= 12 and abs(int(at) - now) <= CLOCKS_DIFFER_S):
            raise NotTheGateway("gateway.too_old")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise NotTheGateway("gateway.unreadable") from None
        if not verify(self._merchant.platform_key, signature, at, nonce, text):
            raise NotTheGateway("gateway.wrong_signature")

    async def _ask(self, method: str, path: str, message: Any = None, missing: str | None = None) -> dict[str, Any]:
        """One signed call and its verified answer; ``missing``: the state to report for an unknown order."""
        body = b"" if message is None else json.encode(message)
        try:
            answer = await self._http.request(
                method,
                self._base_url + path,
                content=body,
                headers={
                    "authorization": self._authorization(method, path, body.decode()),
                    "content-type": "application/json",
                    "accept": "application/json",
                },
                timeout=ANSWERS_WITHIN_S,
            )
        except httpx.HTTPError as error:
            raise GatewayAway(f"{type(error).__name__}: {error}") from None
        try:
            self._must_be_the_platforms(answer.headers, answer.content, time.time())
            content = json.decode(answer.content or b"{}", type=dict[str, Any])
        except (NotTheGateway, DecodeError, ValueError) as error:
            raise GatewayAway(f"answer {answer.status_code}: {error}") from None
        if answer.status_code == 404 and missing is not None:
            return {"trade_state": missing}
        if answer.status_code >= 300 and content.get("code") != "ORDERPAID":
            raise GatewayAway(f"answer {answer.status_code}: {content.get('code')}")
        return content

    def _authorization(self, method: str, path: str, body: str) -> str:
        prefix = urlsplit(self._base_url).path
        at, nonce = str(int(time.time())), secrets.token_hex(16)
        signature = sign(self._merchant.signing_key, method, prefix + path, at, nonce, body)
        return (
            f'{SCHEME} mchid="{self._merchant.number}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{at}",serial_no="merchant"'
        )


def _paid(transaction: Mapping[str, Any]) -> Paid | None:
    """The payment that a transaction reports, None when it was not paid. Raises GatewayAway.

    Orders without a currency are in CNY (the documentation's default).
    """
    if transaction.get("trade_state") != "SUCCESS":
        return None
    try:
        amount = transaction["amount"]
        total, currency = amount["total"], amount.get("currency", CURRENCY)
        if type(total) is not int or not isinstance(currency, str):
            raise ValueError(total)
        number, reference = UUID(_text(transaction, "out_trade_no")), _text(transaction, "transaction_id")
    except (KeyError, TypeError, AttributeError, ValueError):
        raise GatewayAway("the gateway's answer lacks the order's number or amount") from None
    return Paid(number, total, reference, _text(transaction, "mchid"), _text(transaction, "appid"), currency)


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise GatewayAway(f"the gateway's answer lacks {name}")
    return value
