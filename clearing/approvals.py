"""What of the clearing needs a second person: closing a day before its cut-off, bank accounts, the payment file."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec import convert, to_builtins

from clearing.bank_files import BankAccount, payments_in
from clearing.closing import close_books, is_begun, must_be_reached, open_cycle
from clearing.confirmations import CENTRE, add_account, bank_file, latest_account
from clearing.errors import DAY_NOT_OVER
from foundation.calendar import ZONE, Calendar
from foundation.postgres import Pool
from foundation.problems import Problem
from registry import audit
from registry.approvals import Approvals, Execute, Rule, Wanted
from registry.audit import Change
from registry.identifiers import AgencyId
from registry.models import Approval, Database
from registry.officials import find_agency


async def close_by_person(
    database: Database,
    ledger: Pool,
    approvals: Approvals,
    calendar: Calendar,
    login: str,
    business_date: date,
    fee_fen: int,
    reason: str,
) -> Approval | None:
    """Begin the close of a business day; the request for approval if its cut-off has not passed.

    Such a day takes a reason and a second person: the open day moves on for every till, and does not come back.
    Raises Problem DAY_NOT_OVER when the reason is missing, and as ``open_cycle``. A repeat changes nothing.
    """
    cut_off = calendar.cut_off_of(business_date)
    if cut_off > datetime.now(UTC) and not await is_begun(ledger, business_date):
        await must_be_reached(ledger, business_date)
        at = f"{cut_off.astimezone(ZONE):%Y-%m-%d %H:%M}"
        if not reason:
            raise Problem(DAY_NOT_OVER, "clearing.day_not_over", business_date=business_date, cut_off=at)
        body = {"business_date": str(business_date), "cut_off": at, "fee_fen": fee_fen}
        wanted = Wanted("close_day", None, f"cycle/{business_date}", body, reason=reason)
        rule = Rule("clearing.day_not_over", {"business_date": str(business_date), "cut_off": at})
        return await approvals.ask(login, wanted, rule)
    async with audit.change(database, login, "close_day", f"cycle/{business_date}") as change:
        change.is_repeat = not await open_cycle(await change.connection(), business_date, fee_fen)
    await close_books(ledger, business_date)
    return None


async def _close_approved(change: Change, approval: Approval) -> dict[str, Any]:
    """Open the cycle; the job runner closes the books at once."""
    day = date.fromisoformat(approval.body["business_date"])
    await open_cycle(await change.connection(), day, approval.body["fee_fen"])
    return {"business_date": str(day)}


async def change_account(
    database: Database,
    ledger: Pool,
    approvals: Approvals,
    login: str,
    agency_id: AgencyId,
    account: BankAccount,
    cooling_h: int,
) -> Approval | None:
    """The request for approval of a bank account; None when the account is that already.

    It is used ``cooling_h`` hours after its approval at the earliest, so that the agency can object: whoever learns of
    a new account in its name has that long, and payments go to the account before meanwhile. Raises Problem NOT_FOUND.
    """
    async with database() as db:
        if agency_id != CENTRE:
            await find_agency(db, agency_id)
    before = await latest_account(ledger, agency_id)
    if before == account:
        return None
    body = {
        "agency_id": agency_id, "account": to_builtins(account), "replaces": to_builtins(before),
        "cooling_h": cooling_h,
    }  # fmt: skip
    wanted = Wanted("bank_account", None, f"agency/{agency_id}", body)
    return await approvals.ask(login, wanted, Rule("clearing.account_changes", {"hours": cooling_h}))


async def _account_approved(change: Change, approval: Approval) -> dict[str, Any]:
    """Store the account; the audit entry has the old one and the new one."""
    connection = await change.connection()
    agency_id, account = approval.body["agency_id"], convert(approval.body["account"], BankAccount)
    valid_from = datetime.now(UTC) + timedelta(hours=approval.body["cooling_h"])
    before = await latest_account(connection, agency_id)
    await add_account(connection, agency_id, account, valid_from)
    change.note.detail |= {"old": to_builtins(before), "new": to_builtins(account)}
    return {"valid_from": valid_from.isoformat(timespec="seconds")}


async def release_file(
    database: Database, ledger: Pool, approvals: Approvals, login: str, business_date: date
) -> bytes | Approval:
    """The payment file of a cycle if exactly this file was released, or the request for its release.

    Raises Problem as ``bank_file``.
    """
    content = await bank_file(ledger, business_date)
    sha256 = hashlib.sha256(content).hexdigest()
    payments = payments_in(content)
    # What the second person sees is what stands in the file.
    body = {
        "business_date": str(business_date),
        "sha256": sha256,
        "payments": [
            {"reference": one.reference, "amount_fen": one.amount_fen, **to_builtins(one.to)} for one in payments
        ],
    }
    subject = f"cycle/{business_date}"
    wanted = Wanted("bank_file", None, subject, body, sum(one.amount_fen for one in payments), len(payments))
    if not await approvals.is_approved(wanted):
        return await approvals.ask(login, wanted, Rule("clearing.file_needs_release", {"payments": len(payments)}))
    async with audit.change(database, login, "bank_file", subject, {"sha256": sha256}):
        return content


async def _file_released(_: Change, approval: Approval) -> dict[str, Any]:
    """Nothing to carry out: from now on the file with this hash can be downloaded."""
    return {"sha256": approval.body["sha256"]}


KINDS: dict[str, Execute] = {
    "close_day": _close_approved,
    "bank_account": _account_approved,
    "bank_file": _file_released,
}
"""What the clearing carries out when it is approved."""
