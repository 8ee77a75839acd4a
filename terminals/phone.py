"""What an official's phone sends: activation, top-ups, what it asks for its holder (``/me``)."""

from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import json as wire

from settlement.schemas import TopUpOrder
from terminals.client_messages import authority_of, open_transport, post_opening, send_signed
from terminals.devices import SoftwarePhone
from terminals.phone_keys import PrivateKey, algorithm_of, phone_key_of, phone_signer
from terminals.schemas import HolderAccount, PhoneCertificate, to_bytes, to_text
from terminals.signatures import sign_request


def activate_phone(url: str, activation_id: int, code: str, key: PrivateKey | None = None) -> SoftwarePhone:
    """Redeem a phone's activation code, with a fresh key or again with the same; raises OutcomeUnknown or Rejected."""
    key = key or Ed25519PrivateKey.generate()
    public = phone_key_of(key)
    body = wire.encode(
        {
            "activation_id": activation_id,
            "code": code,
            "algorithm": public.algorithm,
            "public_key": to_text(public.public),
        }
    )
    with open_transport() as http:
        answer = post_opening(http, url, "/phone/certificates", body, key, "phone")
    issued = wire.decode(answer.data, type=PhoneCertificate)
    return SoftwarePhone(key, to_bytes(issued.certificate), reference=to_bytes(issued.reference))


def renew_certificate(url: str, phone: SoftwarePhone) -> None:
    """Give the phone a fresh certificate and reference, and skip counters; raises OutcomeUnknown or Rejected."""
    with open_transport() as http:
        message = wire.encode({"certificate": to_text(phone.certificate)})
        answer = post_opening(http, url, "/phone/certificates/renewals", message, phone.key, "phone")
    issued = wire.decode(answer.data, type=PhoneCertificate)
    phone.renewed(to_bytes(issued.certificate), to_bytes(issued.reference))


def ask_top_up(url: str, phone: SoftwarePhone, order_id: UUID, amount_fen: int) -> TopUpOrder:
    """Open a top-up on a phone, or query its state; raises OutcomeUnknown or Rejected."""
    message = {"certificate": to_text(phone.certificate), "order_id": order_id, "amount_fen": amount_fen}
    with open_transport() as http:
        answer = post_opening(http, url, "/phone/top-ups", wire.encode(message), phone.key, "phone")
    return wire.decode(answer.data, type=TopUpOrder)


def ask_account(url: str, phone: SoftwarePhone) -> HolderAccount:
    """What was charged to the phone's holder, and what was issued for him; raises OutcomeUnknown or Rejected."""
    with open_transport() as http:
        message = wire.encode({"certificate": to_text(phone.certificate)})
        answer = post_opening(http, url, "/phone/account", message, phone.key, "phone")
    return wire.decode(answer.data, type=HolderAccount)


def ask_for_holder(url: str, phone: SoftwarePhone, method: str, path: str, message: Any = None) -> Any:
    """Ask one of the routes below ``/me``; raises OutcomeUnknown or Rejected.

    ``path``: with its query, percent-encoded. ``message``: the JSON body of a change. Returns the JSON answer, bytes of
    another type, or None where there is nothing.
    """
    body = b"" if message is None else wire.encode(message)

    def signed(created: int) -> dict[str, str]:
        return sign_for_holder(url, phone, method, path, body, created if method == "GET" else phone.asks_at(created))

    with open_transport() as http:
        answer = send_signed(http, method, url, path, body, signed)
    if not answer.data:
        return None
    return wire.decode(answer.data) if "json" in answer.headers["content-type"] else answer.data


def sign_for_holder(
    url: str, phone: SoftwarePhone, method: str, path: str, body: bytes, created: int
) -> dict[str, str]:
    """The header fields of a holder's own request, at a time of the centre's, seconds since 1970."""
    bare, mark, query = path.partition("?")
    return sign_request(
        method,
        bare,
        body,
        authority=authority_of(url),
        created=created,
        key_id="phone",
        sign=phone_signer(phone.key),
        algorithm=algorithm_of(phone.key),
        query=mark + query,
        certificate=to_text(phone.certificate),
    )
