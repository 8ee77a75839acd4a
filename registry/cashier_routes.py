"""HTTP: cashiers, and which canteens' tills need one."""

from typing import Any

from litestar import Controller, Request, get, post

from foundation.aside import Aside
from foundation.keys import KeyRing
from foundation.messages import NumberInPath
from foundation.request_log import address_of
from registry import access, audit, cashiers
from registry.access import Permission, Person
from registry.canteens import canteen_of
from registry.models import Cashier, Database
from registry.passwords import hash_password
from registry.pins import new_pin
from registry.schemas import CashierChange, CashierName, CashierSlip, CashiersRequired, NewCashier, Reasoned
from registry.sign_ins import Caller

ByPerson = Request[Person, Any, Any]

MANAGES = [access.allows(Permission.MANAGE_CASHIERS)]


class CashierController(Controller):
    """Who works at the tills. He signs on there with number and PIN, and cannot sign in at the console."""

    path = "/console/cashiers"
    tags = ["console"]  # noqa: RUF012

    @post("/", guards=MANAGES, summary="Register a cashier")
    async def register(
        self, request: ByPerson, data: NewCashier, database: Database, keys: KeyRing, passwords: Aside
    ) -> CashierSlip:
        """For some canteens of an agency, or all. The answer has his first PIN, shown this once."""
        pin, pin_hash = await _first_pin(request, passwords, data.number)
        detail = {"number": data.number, "canteen_ids": data.canteen_ids, "may_void": data.may_void}
        async with audit.change(database, request.user.login, "register_cashier", detail=detail) as change:
            cashier = await cashiers.add(change, keys, request.user, data, pin_hash)
        return _slip(cashier, pin)

    @post("/{cashier_id:int}/changes", guards=MANAGES, summary="Change a cashier", status_code=204)
    async def change(
        self, request: ByPerson, cashier_id: NumberInPath, data: CashierChange, database: Database, keys: KeyRing
    ) -> None:
        """Name, language, canteens, and whether he may void. He is signed off, and signs on again."""
        detail = {"canteen_ids": data.canteen_ids, "may_void": data.may_void, "language": data.language}
        async with audit.change(database, request.user.login, "change_cashier", detail=detail) as change:
            await cashiers.change_details(change, keys, request.user, cashier_id, data)

    @post("/{cashier_id:int}/suspension", guards=MANAGES, summary="Suspend a cashier", status_code=204)
    async def suspend(self, request: ByPerson, cashier_id: NumberInPath, data: Reasoned, database: Database) -> None:
        """He is signed off at once, and cannot sign on; again changes nothing."""
        await _step(request, cashier_id, data, database, "suspend")

    @post("/{cashier_id:int}/resumption", guards=MANAGES, summary="End a cashier's suspension", status_code=204)
    async def resume(self, request: ByPerson, cashier_id: NumberInPath, data: Reasoned, database: Database) -> None:
        """He may sign on again."""
        await _step(request, cashier_id, data, database, "resume")

    @post("/{cashier_id:int}/end", guards=MANAGES, summary="End a cashier's work", status_code=204)
    async def end(self, request: ByPerson, cashier_id: NumberInPath, data: Reasoned, database: Database) -> None:
        """For good. His number may be given to another; what he took stays his."""
        await _step(request, cashier_id, data, database, "end")

    @post("/{cashier_id:int}/pin", guards=MANAGES, summary="Reset a cashier's PIN")
    async def reset_pin(
        self, request: ByPerson, cashier_id: NumberInPath, database: Database, keys: KeyRing, passwords: Aside
    ) -> CashierSlip:
        """A new slip: he is signed off, chooses another PIN at his next sign-on, and is no longer locked."""
        async with database() as db:
            number = (await cashiers.find(db, request.user, cashier_id)).number
        pin, pin_hash = await _first_pin(request, passwords, number)
        async with audit.change(database, request.user.login, "reset_cashier_pin") as change:
            cashier = await cashiers.reset_pin(change, keys, request.user, cashier_id, pin_hash)
        return _slip(cashier, pin)

    @post("/{cashier_id:int}/unlocking", guards=MANAGES, summary="Unlock a cashier", status_code=204)
    async def unlock(self, request: ByPerson, cashier_id: NumberInPath, database: Database) -> None:
        """After too many wrong PINs he need not wait."""
        async with audit.change(database, request.user.login, "unlock_cashier") as change:
            await cashiers.unlock(change, request.user, cashier_id)

    @get("/{cashier_id:int}/name", guards=[access.allows(Permission.SEE_CASHIERS)], summary="See a cashier's name")
    async def name(self, request: ByPerson, cashier_id: NumberInPath, database: Database, keys: KeyRing) -> CashierName:
        """For people of his agency and auditors; every look has an entry in the audit log."""
        return CashierName(cashier_id, await cashiers.see_name(database, keys, request.user, cashier_id))


@post(
    "/registry/canteens/{canteen_id:int}/cashiers-required",
    guards=MANAGES,
    summary="Say whether tills need a cashier",
    status_code=204,
    tags=["registry"],
)
async def require_cashiers(
    request: ByPerson, canteen_id: NumberInPath, data: CashiersRequired, database: Database
) -> None:
    """From now on the tills of the canteen charge only while a cashier is signed on, or need none again."""
    subject, detail = f"canteen/{canteen_id}", {"required": data.required}
    async with audit.change(database, request.user.login, "require_cashiers", subject, detail) as change:
        canteen = await canteen_of(change.db, request.user, canteen_id)
        await cashiers.require_at(change, canteen, data.required)


async def _step(request: ByPerson, cashier_id: int, data: Reasoned, database: Database, step: str) -> None:
    async with audit.change(database, request.user.login, f"{step}_cashier", detail={"reason": data.reason}) as change:
        await cashiers.take_step(change, request.user, cashier_id, step)


async def _first_pin(request: ByPerson, passwords: Aside, number: str) -> tuple[str, str]:
    """A fresh PIN and its hash."""
    pin = new_pin(number)
    return pin, await passwords.run(hash_password, pin, caller=Caller(address_of(request)).network)


def _slip(cashier: Cashier, pin: str) -> CashierSlip:
    return CashierSlip(cashier.cashier_id, cashier.number, pin)
