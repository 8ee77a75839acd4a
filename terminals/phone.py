"""What an official's phone sends: activation, top-ups, the question what was charged."""

from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import json as wire

from settlement.schemas import TopUpOrder
from terminals.client_messages import open_transport, post_opening
from terminals.devices import SoftwarePhone
from terminals.phone_keys import PrivateKey, phone_key_of
from terminals.schemas import HolderAccount, PhoneCertificate, to_bytes, to_text


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
