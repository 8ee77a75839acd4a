"""Bank files: ISO 20022 ``pain.001.001.09`` to the bank, ``camt.053`` and ``camt.054`` back from it. Pure.

The file pays agencies with a net receivable from the centre's settlement account; agencies with a net payable pay into
it, under the reference on their statement. A confirmation is an entry on that account (``Ntry``) with a reference
(``EndToEndId``) and what the payer wrote (``Ustrd``, the remark of Chinese banks); the bank's number of the entry
(``AcctSvcrRef``) tells a repeat from a second payment.

Sources: ISO 20022 message definitions pain.001.001.09, camt.053.001.08 and camt.054.001.08. Banks are named by their
CNAPS number (12 digits) as a clearing system member, scheme ``CNAPS`` (external code set ``CN``).
"""

import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from clearing.errors import NOT_A_CONFIRMATION
from foundation.money import yuan
from foundation.problems import Problem
from registry.identifiers import AgencyId

PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
CAMT = ("urn:iso:std:iso:20022:tech:xsd:camt.053.001.", "urn:iso:std:iso:20022:tech:xsd:camt.054.001.")
CURRENCY = "CNY"
FILE_BYTES_MAX = 20_000_000
NUMBER_LENGTH_MAX = 35
"""Of a bank's number of an entry (``Max35Text``)."""

_AMOUNT = re.compile(r"[0-9]{1,13}(\.[0-9]{1,5})?")
"""A decimal of ISO 20022: ``Decimal`` alone also reads exponents, underscores and the digits of other scripts."""

_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_REFERENCE = re.compile(r"(?<![0-9A-Z])OC[0-9]{8}A[0-9]{1,16}(?![0-9A-Z])")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A bank account: its holder, its number, and its bank's CNAPS number."""

    holder_name: str
    number: str
    bank: str


@dataclass(frozen=True, slots=True)
class SettlementInstruction:
    """A payment from the centre's account to one agency; ``remark`` is what the bank shows."""

    reference: str
    to: BankAccount
    amount_fen: int
    remark: str


@dataclass(frozen=True, slots=True)
class BankEntry:
    """A booked entry on the settlement account; ``credit``: money came in."""

    entry: str
    credit: bool
    amount_fen: int
    booked_on: date
    reference: str
    remark: str = ""

    @property
    def leg_reference(self) -> str | None:
        """The one reference of ``reference_of`` that stands in reference or remark; None if there is none, or more."""
        written = unicodedata.normalize("NFKC", f"{self.reference}\n{self.remark}").upper()
        found = set(_REFERENCE.findall(written))
        return found.pop() if len(found) == 1 else None


def reference_of(business_date: date, agency_id: AgencyId) -> str:
    """The reference under which an agency's position of a day is paid, either way (at most 35 characters)."""
    return f"OC{business_date:%Y%m%d}A{agency_id}"


def message_id(business_date: date, number: int) -> str:
    """The ``MsgId`` of a cycle's payment file; files are numbered from 1. (Earlier releases had no number.)"""
    return f"ONECARD-{business_date:%Y%m%d}-{number}"


def remark_of(business_date: date) -> str:
    """The purpose of a payment as the bank shows it on its slips."""
    return f"机关食堂跨单位就餐结算款{business_date:%Y%m%d}"


def payment_file(
    business_date: date,
    made_at: datetime,
    execute_on: date,
    centre: BankAccount,
    instructions: Sequence[SettlementInstruction],
    number: int = 1,
) -> bytes:
    """A pain.001.001.09 with every instruction, from the centre's account. The same input gives the same bytes.

    ``number``: the file's among those of the cycle; all but the first say in a comment which one they replace.
    """
    ET.register_namespace("", PAIN)
    document = ET.Element(_name("Document"))
    initiation = _add(document, "CstmrCdtTrfInitn")
    total = yuan(sum(i.amount_fen for i in instructions))
    header = _add(initiation, "GrpHdr")
    _add(header, "MsgId", message_id(business_date, number))
    _add(header, "CreDtTm", made_at.isoformat(timespec="seconds"))
    _add(header, "NbOfTxs", str(len(instructions)))
    _add(header, "CtrlSum", total)
    _add(_add(header, "InitgPty"), "Nm", centre.holder_name)
    payment = _add(initiation, "PmtInf")
    _add(payment, "PmtInfId", f"{message_id(business_date, number)}-1")
    _add(payment, "PmtMtd", "TRF")
    _add(payment, "NbOfTxs", str(len(instructions)))
    _add(payment, "CtrlSum", total)
    _add(_add(payment, "ReqdExctnDt"), "Dt", execute_on.isoformat())
    _add(_add(payment, "Dbtr"), "Nm", centre.holder_name)
    _add_account(payment, "DbtrAcct", centre)
    _add_bank(payment, "DbtrAgt", centre)
    for instruction in instructions:
        _add_instruction(payment, instruction)
    ET.indent(document)
    body: bytes = ET.tostring(document, encoding="utf-8")
    replaces = f"<!-- replaces {message_id(business_date, number - 1)} -->\n".encode() if number > 1 else b""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + replaces + body + b"\n"


def payments_in(content: bytes) -> list[SettlementInstruction]:
    """The instructions of a file that ``payment_file`` made, in its order."""
    at = {"": PAIN}
    bank = "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId"
    return [
        SettlementInstruction(
            one.findtext("PmtId/EndToEndId", "", at),
            BankAccount(
                one.findtext("Cdtr/Nm", "", at), one.findtext("CdtrAcct/Id/Othr/Id", "", at), one.findtext(bank, "", at)
            ),
            int(Decimal(one.findtext("Amt/InstdAmt", "", at)) * 100),
            one.findtext("RmtInf/Ustrd", "", at),
        )
        for one in fromstring(content, forbid_dtd=True).iterfind(".//CdtTrfTxInf", at)
    ]


def _add_instruction(payment: ET.Element, instruction: SettlementInstruction) -> None:
    one = _add(payment, "CdtTrfTxInf")
    _add(_add(one, "PmtId"), "EndToEndId", instruction.reference)
    amount = _add(_add(one, "Amt"), "InstdAmt", yuan(instruction.amount_fen))
    amount.set("Ccy", CURRENCY)
    _add_bank(one, "CdtrAgt", instruction.to)
    _add(_add(one, "Cdtr"), "Nm", instruction.to.holder_name)
    _add_account(one, "CdtrAcct", instruction.to)
    _add(_add(one, "RmtInf"), "Ustrd", instruction.remark)


def _add_account(parent: ET.Element, name: str, account: BankAccount) -> None:
    element = _add(parent, name)
    _add(_add(_add(element, "Id"), "Othr"), "Id", account.number)
    _add(element, "Ccy", CURRENCY)


def _add_bank(parent: ET.Element, name: str, account: BankAccount) -> None:
    member = _add(_add(_add(parent, name), "FinInstnId"), "ClrSysMmbId")
    _add(_add(member, "ClrSysId"), "Cd", "CNAPS")
    _add(member, "MmbId", account.bank)


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    element = ET.SubElement(parent, _name(name))
    element.text = text
    return element


def _name(name: str) -> str:
    return f"{{{PAIN}}}{name}"


def read_confirmations(content: bytes, *accounts: BankAccount) -> list[BankEntry]:
    """The booked entries of a camt.053 or camt.054 for one of the centre's accounts, now or earlier.

    Raises Problem(NOT_A_CONFIRMATION) for anything else, including another account or currency; nothing of it counts.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Problem(NOT_A_CONFIRMATION, "confirmation.not_xml", error=type(error).__name__) from None
    space, _, name = root.tag.removeprefix("{").partition("}")
    if not space.startswith(CAMT) or name != "Document":
        raise Problem(NOT_A_CONFIRMATION, "confirmation.other_message")
    at = {"": space}
    reports = root.findall("BkToCstmrStmt/Stmt", at) + root.findall("BkToCstmrDbtCdtNtfctn/Ntfctn", at)
    if not reports:
        raise Problem(NOT_A_CONFIRMATION, "confirmation.no_report")
    entries = []
    known = {account.number for account in accounts}
    for report in reports:
        number = report.findtext("Acct/Id/Othr/Id", namespaces=at) or report.findtext("Acct/Id/IBAN", namespaces=at)
        if number not in known:
            raise Problem(NOT_A_CONFIRMATION, "confirmation.other_account", number=number or "")
        for entry in report.findall("Ntry", at):
            status = entry.findtext("Sts/Cd", namespaces=at) or entry.findtext("Sts", namespaces=at)
            if (status or "").strip() == "BOOK":
                entries += _entries_of(entry, at)
    numbers = [entry.entry for entry in entries]
    if len(set(numbers)) != len(numbers):
        raise Problem(NOT_A_CONFIRMATION, "confirmation.entry_twice")
    return entries


def read_confirmation_file(path: Path, *accounts: BankAccount) -> list[BankEntry]:
    """The same from a file, for a process aside: a large one takes seconds of a processor."""
    return read_confirmations(path.read_bytes(), *accounts)


def _entries_of(entry: ET.Element, at: dict[str, str]) -> list[BankEntry]:
    """One entry, or each of its transactions when the bank booked several in one sum."""
    direction = entry.findtext("CdtDbtInd", namespaces=at)
    booked = entry.findtext("BookgDt/Dt", namespaces=at) or (entry.findtext("BookgDt/DtTm", namespaces=at) or "")[:10]
    number = entry.findtext("AcctSvcrRef", namespaces=at)
    details = entry.findall("NtryDtls/TxDtls", at)
    if direction not in ("CRDT", "DBIT") or not number:
        raise Problem(NOT_A_CONFIRMATION, "confirmation.no_number")
    if len(number) > NUMBER_LENGTH_MAX:
        raise Problem(NOT_A_CONFIRMATION, "confirmation.number_too_long", most=NUMBER_LENGTH_MAX)
    booked_on = _date(booked, number)
    found = []
    for n, part in enumerate(details or [entry], start=1):
        amount = part.find("Amt", at) if part is not entry and part.find("Amt", at) is not None else None
        if amount is None and len(details) > 1:
            raise Problem(NOT_A_CONFIRMATION, "confirmation.part_without_amount", entry=number)
        found.append(
            BankEntry(
                entry=number if len(details) <= 1 else f"{number}/{n}",
                credit=direction == "CRDT",
                amount_fen=_fen(amount if amount is not None else entry.find("Amt", at), number),
                booked_on=booked_on,
                reference=part.findtext("Refs/EndToEndId", namespaces=at) or "",
                remark=_remark(part, entry if len(details) <= 1 else None, at),
            )
        )
    return found


def _remark(part: ET.Element, whole: ET.Element | None, at: dict[str, str]) -> str:
    """What the payer wrote, where banks put it; ``whole``: the entry, if it is of this one payment alone."""
    found = [*part.iterfind("RmtInf/Ustrd", at), *part.iterfind("AddtlTxInf", at)]
    if whole is not None:
        found += whole.iterfind("AddtlNtryInf", at)
    return "\n".join(text for element in found if (text := (element.text or "").strip()))


def _date(booked: str, number: str) -> date:
    """An ISO 8601 calendar date; ``date.fromisoformat`` alone reads other forms, too."""
    try:
        booked_on = date.fromisoformat(booked if _DATE.fullmatch(booked) else "")
    except ValueError:
        raise Problem(NOT_A_CONFIRMATION, "confirmation.no_date", entry=number) from None
    return booked_on


def _fen(amount: ET.Element | None, number: str) -> int:
    if amount is None or amount.get("Ccy") != CURRENCY:
        raise Problem(NOT_A_CONFIRMATION, "confirmation.other_currency", entry=number, currency=CURRENCY)
    text = (amount.text or "").strip()
    fen = Decimal(text if _AMOUNT.fullmatch(text) else "-1") * 100
    if fen != fen.to_integral_value() or not 0 < fen < 10**15:
        raise Problem(NOT_A_CONFIRMATION, "confirmation.no_amount", entry=number)
    return int(fen)
