"""HTTP: console users and their roles."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State

from foundation import catalogue
from foundation.aside import Aside
from foundation.catalogue import Language
from foundation.messages import NumberInPath
from foundation.request_log import address_of
from registry import access, audit, console_users
from registry.access import MAY, Permission, Person
from registry.console_schemas import (
    AcceptedInvitation,
    Invited,
    NewUser,
    PermissionShown,
    RoleShown,
    SeenRights,
    SeparationShown,
    Suspending,
    UserRole,
)
from registry.console_users import Rights
from registry.duties import SEPARATIONS
from registry.models import Database
from registry.passwords import check_new_password, hash_password
from registry.roles import CHANGES_NOTHING, NEEDS_AGENCY, Role
from registry.sign_ins import Caller
from registry.sign_on.providers import Providers

BODY_BYTES_MAX = 4_096

ByPerson = Request[Person, Any, Any]

MANAGES = [access.allows(Permission.MANAGE_USERS)]


class UserController(Controller):
    """Who may use the console, and as what. Rights are given by one person and confirmed by another."""

    path = "/console/users"
    tags = ["console"]  # noqa: RUF012

    @post("/", guards=MANAGES, summary="Invite a user")
    async def invite(self, request: ByPerson, data: NewUser, database: Database) -> Invited:
        """The answer has a code, shown this once, with which the person sets a password within 72 hours.

        Then somebody else confirms the user. An agency's people invite for their agency.
        """
        async with audit.change(database, request.user.login, "invite_user") as change:
            made = await console_users.invite(change, request.user, data.login, data.role, data.agency_id)
        return Invited(made.user_id, made.code, made.expires_at)

    @post("/{user_id:int}/invitation", guards=MANAGES, summary="Invite a user again")
    async def invite_again(
        self, request: ByPerson, user_id: NumberInPath, database: Database, sign_on: Providers
    ) -> Invited:
        """For a code that expired, or a forgotten password: the old password counts no more."""
        async with audit.change(database, request.user.login, "invite_user_again") as change:
            made = await console_users.invite_again(change, request.user, user_id, sign_on.names)
        return Invited(made.user_id, made.code, made.expires_at)

    @post("/{user_id:int}/confirmation", guards=MANAGES, summary="Confirm a user", status_code=204)
    async def confirm(
        self, request: ByPerson, user_id: NumberInPath, data: SeenRights, database: Database, sign_on: Providers
    ) -> None:
        """By somebody else than all who invited him or gave him something since: he may sign in from now on.

        The message says what is confirmed, as the list of users or of machines shows it: 409 when it is not so any
        more. A machine's scopes are permissions of who confirms it, or of one who gave it something since.
        """
        scopes = None if data.scopes is None else " ".join(sorted(set(data.scopes)))
        seen = Rights(data.role, data.agency_id, scopes)
        async with audit.change(database, request.user.login, "confirm_user") as change:
            await console_users.confirm(change, request.user, user_id, seen, sign_on.names)

    @post("/{user_id:int}/role", guards=MANAGES, summary="Change role and agency", status_code=204)
    async def change_role(
        self, request: ByPerson, user_id: NumberInPath, data: UserRole, database: Database, sign_on: Providers
    ) -> None:
        """Ends his sessions; somebody else must confirm it before he signs in again, and confirm his identities."""
        async with audit.change(database, request.user.login, "change_role") as change:
            await console_users.change_role(
                change, request.user, user_id, data.role, data.agency_id, sign_on.names
            )  # fmt: skip

    @post("/{user_id:int}/suspension", guards=MANAGES, summary="Suspend a user", status_code=204)
    async def suspend(
        self, request: ByPerson, user_id: NumberInPath, data: Suspending, database: Database, sign_on: Providers
    ) -> None:
        """Ends his sessions at once; his identities must be confirmed anew.

        The last operator and the last approver of the centre who can sign in cannot be suspended.
        """
        async with audit.change(database, request.user.login, "suspend_user") as change:
            await console_users.suspend(change, request.user, user_id, data.reason, sign_on.names)

    @post("/{user_id:int}/resumption", guards=MANAGES, summary="End a suspension", status_code=204)
    async def resume(self, request: ByPerson, user_id: NumberInPath, data: Suspending, database: Database) -> None:
        """He may sign in again, as what he was."""
        async with audit.change(database, request.user.login, "resume_user") as change:
            await console_users.resume(change, request.user, user_id)
            change.note.detail = {"reason": data.reason}

    @post("/{user_id:int}/second-factor-reset", guards=MANAGES, summary="Reset a second factor", status_code=204)
    async def reset_second_factor(
        self, request: ByPerson, user_id: NumberInPath, data: Suspending, database: Database, sign_on: Providers
    ) -> None:
        """For somebody else who lost device and recovery codes. Ends his sessions."""
        async with audit.change(database, request.user.login, "reset_second_factor") as change:
            await console_users.take_second_factor(change, request.user, user_id, sign_on.names)
            change.note.detail = {"reason": data.reason}


@post(
    "/console/invitations",
    summary="Accept an invitation",
    status_code=204,
    tags=["console"],
    request_max_body_size=BODY_BYTES_MAX,
)
async def accept_invitation(
    request: Request[Any, Any, Any], data: AcceptedInvitation, database: Database, passwords: Aside, state: State
) -> None:
    """Set the first password, with the code of the invitation. Then somebody else confirms the user."""
    async with database.begin() as db:
        await console_users.invited(db, data.login, data.code)
    check_new_password(data.login, data.password, state.settings.breached_passwords)
    async with passwords.turn(Caller(address_of(request)).network):
        password_hash = await passwords.compute(hash_password, data.password)
    async with audit.change(database, data.login, "accept_invitation") as change:
        user = await console_users.invited(change.db, data.login, data.code)
        console_users.accept(user, password_hash)
        change.note.subject = f"console_user/{user.user_id}"


@get("/console/roles", guards=[access.signed_in], summary="List roles and permissions", tags=["console"])
async def list_roles() -> Response[list[RoleShown]]:
    """What each role may do, and what it approves of others' making alone, in Chinese and English."""
    return Response([_role(role) for role in Role])


def _role(role: Role) -> RoleShown:
    name_zh, name_en = _words(f"role.{role}")
    permissions = [PermissionShown(str(one), *_words(f"permission.{one}")) for one in Permission if one in MAY[role]]
    separations = [
        SeparationShown(duty, *_words(f"duty.{duty}"), [str(made) for made in one.made_by], one.approved_by)
        for duty, one in SEPARATIONS.items()
        if one.approved_by in MAY[role]
    ]
    return RoleShown(role, name_zh, name_en, role in NEEDS_AGENCY, role in CHANGES_NOTHING, permissions, separations)


def _words(message_id: str) -> tuple[str, str]:
    return catalogue.text(message_id, Language.CHINESE), catalogue.text(message_id, Language.ENGLISH)
