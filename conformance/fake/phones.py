"""Phones at the fake centre: certificates, account, top-ups."""

import secrets
import time
from uuid import UUID

from conformance.fake.messages import Messages, Work
from conformance.fake.town import BOOK, Phone
from foundation.problems import TOO_MANY_TRIES, Problem
from registry.identifiers import AgencyId, CredentialId, HolderId
from settlement.errors import OTHER_CONTENT
from settlement.gateway import OrderState
from settlement.online_top_ups import OPEN_ORDERS_MAX
from settlement.schemas import TopUpOrder
from settlement.transfers import Channel
from terminals import qr
from terminals.credentials import ISSUED_IN_STEPS_OF_S, key_of
from terminals.errors import BAD_SIGNATURE, CREDENTIAL_BLOCKED
from terminals.schemas import (
    ActivatePhone,
    AskAccount,
    AskTopUp,
    HolderAccount,
    HolderCredential,
    HolderPayment,
    PhoneCertificate,
    RenewCertificate,
    to_bytes,
    to_text,
)
from terminals.short_codes import REFERENCE_BYTES

ORDER_LIFE_S = 900


class Phones(Messages):
    """What phones send."""

    def activate(self, work: Work, _: tuple[str, ...]) -> PhoneCertificate:
        """Redeem a phone's activation code."""
        asked = self._read(work, ActivatePhone)
        key = key_of(asked)
        self._check(work, key.verify, "phone", key.algorithm)
        found = self.town.activations.get(asked.activation_id)
        if found is None or found.code != asked.code or found.expires_at <= time.time():
            self._refuse_code()
        assert found is not None
        if found.phone is None:
            credential = self.town.credential(found.holder, "phone")
            found.phone = self.town.phones[credential.credential_id] = Phone(credential, key)
        if found.phone.key != key:
            self._refuse_code()
        work.status = 201
        work.checked.append("activation")
        return self.certificate_of(found.phone)

    def certificate_of(self, phone: Phone) -> PhoneCertificate:
        """The certificate of this hour, and its reference."""
        expires_at = int(time.time()) // ISSUED_IN_STEPS_OF_S * ISSUED_IN_STEPS_OF_S + qr.CERTIFICATE_LIFE_S
        credential, holder = phone.credential, phone.credential.holder
        certified = qr.Holder(
            BOOK, AgencyId(holder.agency_id), HolderId(holder.holder_id), CredentialId(credential.credential_id),
            expires_at, phone.key,
        )  # fmt: skip
        reference = phone.references.setdefault(expires_at, secrets.token_bytes(REFERENCE_BYTES))
        self._references[reference] = certified
        version = self.town.keys.centre_version
        signing_key = self.town.keys.signing_key(version)
        assert signing_key is not None
        certificate = qr.issue_certificate(signing_key, version, certified)
        return PhoneCertificate(to_text(certificate), to_text(reference), credential.credential_id, expires_at)

    def _phone_of(self, work: Work, certificate: str) -> Phone:
        """The phone that signed a message; raises Problem."""
        try:
            holder = qr.read_certificate(self.town.keys.listed_centre_public_keys, to_bytes(certificate))
        except qr.NotGenuine:
            raise Problem(BAD_SIGNATURE, "terminals.certificate_unknown") from None
        self._check(work, holder.key.verify, "phone", holder.key.algorithm)
        phone = self.town.phones.get(holder.credential_id)
        if phone is None or phone.credential.state != "active" or phone.key != holder.key:
            raise Problem(CREDENTIAL_BLOCKED)
        return phone

    def renew(self, work: Work, _: tuple[str, ...]) -> PhoneCertificate:
        """Give a phone a fresh certificate."""
        asked = self._read(work, RenewCertificate)
        phone = self._phone_of(work, asked.certificate)
        work.status = 201
        return self.certificate_of(phone)

    def account(self, work: Work, _: tuple[str, ...]) -> HolderAccount:
        """What was charged to a holder, and what was issued for him."""
        asked = self._read(work, AskAccount)
        holder = self._phone_of(work, asked.certificate).credential.holder
        payments = [
            HolderPayment(
                posted.remembered.posting_id, "working_meal" if posted.remembered.host_fen else "payment",
                "card" if posted.order.channel == Channel.CARD else "qr", posted.order.meal, "测试食堂",
                "Test canteen", int(posted.order.purchased_at.timestamp()),
                int(posted.remembered.answered_at.timestamp()), posted.is_stored, posted.remembered.amount_fen,
                posted.reversed_fen,
            )
            for posted in self.ledger.requests.values()
            if posted.holder is holder and posted.order is not None and posted.remembered.posting_id is not None
        ]  # fmt: skip
        issued = [
            HolderCredential(one.credential_id, one.kind, one.state, one.issued_at)
            for one in self.town.credentials.values()
            if one.holder is holder
        ]
        return HolderAccount(holder.cash_fen, holder.subsidy_fen, payments[::-1], issued)

    def top_up(self, work: Work, _: tuple[str, ...]) -> TopUpOrder:
        """Open a top-up, or say how it stands."""
        asked = self._read(work, AskTopUp)
        holder = self._phone_of(work, asked.certificate).credential.holder
        number = holder.holder_id, asked.order_id
        mine = [order for (holder_id, _), order in self._top_ups.items() if holder_id == holder.holder_id]
        still_open = sum(order.state == OrderState.OPEN and order.expires_at > time.time() for order in mine)
        if number not in self._top_ups and still_open >= OPEN_ORDERS_MAX:
            raise Problem(TOO_MANY_TRIES, "top_up.too_many_open", most=OPEN_ORDERS_MAX, retry_after_s=60)
        order = self._top_ups.setdefault(
            number,
            TopUpOrder(
                asked.order_id, OrderState.OPEN, asked.amount_fen, int(time.time()) + ORDER_LIFE_S,
                f"http://{work.request.field('host')}/desk/pay/{asked.order_id}",
            ),
        )  # fmt: skip
        if order.amount_fen != asked.amount_fen:
            raise Problem(OTHER_CONTENT)
        return order

    def pay(self, order_id: UUID) -> bool:
        """Pay an open top-up, as its payer does at the gateway; False when there is none."""
        for (holder_id, number), order in self._top_ups.items():
            if number == order_id and order.state == OrderState.OPEN:
                order.state, order.pay_url = OrderState.PAID, None
                holder = next(one.holder for one in self.town.credentials.values() if one.holder.holder_id == holder_id)
                holder.cash_fen += order.amount_fen
                return True
        return False
